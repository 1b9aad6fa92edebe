/** The pages of Temporal's Web UI, in the layout of 2.54. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import type { Run } from './rig.js';

/** The list. */
export interface ListPage {
  /** Cell by cell. */
  readonly rows: readonly (readonly string[])[];
  readonly text: string;
}

/** The tab "User Metadata" of one verification. */
export interface CardPage {
  readonly summary: string;
  readonly details: string;
  /** The current details. */
  readonly card: string;
  /** The whole page. */
  readonly text: string;
}

/** Where the Web UI remembers the columns, by namespace; "Configure Columns" under the list writes it. */
const COLUMNS_KEY = 'namespace-workflow-table-columns';
const COLUMNS = [
  'Status',
  'VerificationState',
  'VerificationAttribute',
  'VerificationUserPool',
  'Workflow ID',
  'Start',
  'End',
];

const LIST_SIZE = { width: 1720, height: 720 };
const PAGE_SIZE = { width: 1440, height: 1000 };
/** A busy machine may take this long for a page. */
const WAIT_MS = 60_000;
const LOOK_AGAIN_MS = 250;
const OPEN_AGAIN_MS = 10_000;

/** Opens pages, waits for their essential parts, and takes their pictures. `Shown` names the verifications. */
export class WebUi<Shown extends string> {
  /** By the codec server that they use. The Web UI's scripts take seconds to load, so a page stays and follows links. */
  private readonly pages = new Map<string | undefined, Promise<Page>>();

  constructor(
    private readonly browser: Browser,
    private readonly rig: {
      readonly uiUrl: string;
      readonly namespace: string;
      readonly verifications: Readonly<Record<Shown, Run>>;
    },
    /** The folder for the pictures. */
    private readonly pictures: string,
  ) {}

  /** The list of workflows. */
  async list(picture: string): Promise<ListPage> {
    return await this.on(`workflows`, LIST_SIZE, async (page) => {
      const rows = page.locator('tbody tr').filter({ hasText: 'verify/' });
      // The visibility store is updated a moment later.
      await rows.nth(Object.keys(this.rig.verifications).length - 1).waitFor();
      await this.take(page, picture);
      const cells = await rows.evaluateAll((found) =>
        found.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText.trim())),
      );
      return { rows: cells, text: await textOf(page) };
    });
  }

  /** The tab "User Metadata". Each part of it is a document. */
  async card(shown: Shown, picture: string): Promise<CardPage> {
    return await this.on(`${this.pathOf(shown)}/user-metadata`, PAGE_SIZE, async (page) => {
      const part = async (id: string): Promise<string> => {
        const body = page.frameLocator(`iframe#${id}`).locator('body');
        // Empty until the worker has answered.
        await body.filter({ hasText: /\S/ }).waitFor();
        return oneLine(await body.innerText());
      };
      const summary = await part('user-metadata-summary');
      const details = await part('user-metadata-details');
      const card = await part('user-metadata-current-details');
      await this.take(page, picture);
      return { summary, details, card, text: await textOf(page) };
    });
  }

  /**
   * The names on the timeline, without the workflow's own input and result above it.
   * @param expected what to wait for: the Web UI decodes each name by a request of its own, and for an open workflow again and again.
   *   It has been seen to leave the name of a local activity out for a minute, so the page is opened again meanwhile
   */
  async timeline(shown: Shown, expected: readonly string[]): Promise<string> {
    const isWhole = (timeline: string) => expected.every((name) => timeline.includes(name));
    for (const untilMs = Date.now() + WAIT_MS; ; ) {
      const timeline = await this.on(`${this.pathOf(shown)}/timeline`, PAGE_SIZE, async (page) => {
        for (const openUntilMs = Date.now() + OPEN_AGAIN_MS; ; await sleep(LOOK_AGAIN_MS)) {
          const text = await textOf(page);
          const found = text.slice(text.lastIndexOf('Auto Refresh'));
          if (isWhole(found) || Date.now() > openUntilMs) return found;
        }
      });
      if (isWhole(timeline) || Date.now() > untilMs) return timeline;
    }
  }

  /**
   * The page of one verification: input and result, and its events.
   * @param expected what to wait for: the Web UI decodes each payload by a request of its own
   * @param codecServer one other than that of the Web UI
   */
  async history(shown: Shown, expected: readonly RegExp[], picture?: string, codecServer?: string): Promise<string> {
    return await this.on(
      `${this.pathOf(shown)}/history`,
      PAGE_SIZE,
      async (page) => {
        for (const text of expected) await page.getByText(text).filter({ visible: true }).first().waitFor();
        if (picture !== undefined) await this.take(page, picture);
        return await textOf(page);
      },
      codecServer,
    );
  }

  private pathOf(shown: Shown): string {
    const { workflowId, runId } = this.rig.verifications[shown];
    return `workflows/${encodeURIComponent(workflowId)}/${runId}`;
  }

  private async on<T>(
    path: string,
    viewport: typeof LIST_SIZE,
    look: (page: Page) => Promise<T>,
    codecServer?: string,
  ): Promise<T> {
    const opening = this.pages.get(codecServer) ?? this.open(codecServer);
    this.pages.set(codecServer, opening);
    const page = await opening;
    await page.setViewportSize(viewport);
    // Nothing of the page before may be taken for a part of this one.
    await this.follow(page, 'schedules');
    await page.locator('iframe, tbody tr').first().waitFor({ state: 'detached' });
    await this.follow(page, path);
    return await look(page);
  }

  /** Follows a link as a click does: the Web UI changes its page and loads nothing again. */
  private async follow(page: Page, path: string): Promise<void> {
    const url = this.urlOf(path);
    const link = 'document.body.appendChild(document.createElement("a"))';
    await page.evaluate(`{ const a = ${link}; a.href = ${JSON.stringify(url)}; a.click(); a.remove(); }`);
    await page.waitForURL((at) => at.href.startsWith(url));
  }

  private urlOf(path: string): string {
    const { uiUrl, namespace } = this.rig;
    return `${uiUrl}/namespaces/${namespace}/${path}`;
  }

  private async open(codecServer: string | undefined): Promise<Page> {
    const context = await this.browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', colorScheme: 'light' });
    context.setDefaultTimeout(WAIT_MS);
    const columns = { [this.rig.namespace]: COLUMNS.map((label) => ({ label })) };
    const stored: Record<string, unknown> = { [COLUMNS_KEY]: columns };
    if (codecServer !== undefined) {
      // "Use my browser setting" of the Web UI's codec settings.
      stored['endpoint'] = codecServer;
      stored['overrideRemoteCodecConfiguration'] = true;
    }
    for (const [key, value] of Object.entries(stored)) {
      const item = `${JSON.stringify(key)}, ${JSON.stringify(JSON.stringify(value))}`;
      await context.addInitScript(`localStorage.setItem(${item})`);
    }
    const page = await context.newPage();
    await page.goto(this.urlOf('schedules'), { waitUntil: 'networkidle' });
    return page;
  }

  private async take(page: Page, name: string): Promise<void> {
    await mkdir(this.pictures, { recursive: true });
    const content = page.locator('#content');
    // The Web UI puts the focus there when it follows a link, and Chromium draws a frame around it.
    await content.blur();
    await content.screenshot({ path: join(this.pictures, `${name}.png`), animations: 'disabled' });
  }
}

/** The page with all its frames. */
async function textOf(page: Page): Promise<string> {
  const texts = await Promise.all(page.frames().map(async (frame) => await frame.locator('body').innerText()));
  return texts.join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
