/** Tests the gate itself: a tampered history and a changed workflow do not pass. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORKFLOW_BUNDLE_PATH, withTracing } from '../../worker/workflow-bundle.js';
import { CORPUS_FOLDER, MANIFEST, type Manifest, readManifest, sha256 } from './corpus.js';
import { judge } from './gate.js';
import { bundleOf, MUTATIONS } from './mutants.js';

let code: string;
let folder: string;

beforeAll(async () => {
  code = await readFile(WORKFLOW_BUNDLE_PATH, 'utf8');
  folder = await mkdtemp(join(tmpdir(), 'corpus-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Has a code, a mismatch and a re-send: enough of everything to tamper with. */
const FILE = 'a-re-send-with-client-metadata.json';

interface Document {
  workflowId: string;
  history: { events: { eventId: string; eventType: string; [attributes: string]: unknown }[] };
}

interface Tampering {
  text?: (text: string) => string;
  history?: (document: Document) => void;
  /** The manifest is changed to match, as by an attacker who wants the gate to pass. */
  covered?: true;
  /** Makes the event numbers consecutive again. */
  renumbered?: true;
}

/** Untouched histories, which replay. */
const BESIDE = ['attempt-success.json', 'attempt-http-503.json'];

/** Three histories, for speed. The gate reports missing edges each time; the tests ignore that. */
async function smallCorpus(): Promise<void> {
  const files = [FILE, ...BESIDE];
  for (const file of files) await cp(join(CORPUS_FOLDER, file), join(folder, file), { force: true });
  const manifest = await readManifest(CORPUS_FOLDER);
  await writeManifest({ ...manifest, histories: manifest.histories.filter(({ file }) => files.includes(file)) });
}

/** What the gate reports after one history of the corpus was tampered with. */
async function problemsAfter({ text, history, covered, renumbered }: Tampering): Promise<string[]> {
  await smallCorpus();
  const path = join(folder, FILE);
  const original = await readFile(path, 'utf8');
  const document = JSON.parse(original) as Document;
  history?.(document);
  if (renumbered) for (const [index, event] of document.history.events.entries()) event.eventId = String(index + 1);
  const tampered = text ? text(original) : JSON.stringify(document);
  expect(tampered).not.toBe(original);
  await writeFile(path, tampered);
  if (covered) await cover(document, tampered);
  return (await judge({ folder, code })).problems;
}

async function cover(document: Document, tampered: string): Promise<void> {
  const manifest = await readManifest(folder);
  const entry = manifest.histories.find(({ file }) => file === FILE);
  if (!entry) throw new Error(`${FILE} is not in the manifest`);
  Object.assign(entry, { sha256: sha256(tampered), events: document.history.events.length });
  await writeManifest(manifest);
}

async function writeManifest(manifest: Manifest): Promise<void> {
  await writeFile(join(folder, MANIFEST), JSON.stringify(manifest));
}

const eventOf = ({ history }: Document, type: string) =>
  history.events.findIndex(({ eventType }) => eventType === `EVENT_TYPE_${type}`);

/** Renames the type of the scheduled activity in place. */
function rename({ history }: Document): void {
  const event = history.events.find(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled);
  const attributes = event?.['activityTaskScheduledEventAttributes'] as { activityType: { name: string } };
  attributes.activityType.name = 'verifyCode';
}

function swap({ history: { events } }: Document, one: number, other: number): void {
  const [first, second] = [events[one], events[other]];
  if (first && second) [events[one], events[other]] = [second, first];
}

it('passes with the whole corpus where the worker traces', { retry: 0 }, async () => {
  expect((await judge({ code: withTracing(code) })).problems).toEqual([]);
});

describe('a history that was tampered with', { retry: 0 }, () => {
  it('truncated in the middle of a line', async () => {
    const problems = await problemsAfter({ text: (text) => text.slice(0, text.length / 2) });
    expect(problems.join('\n')).toMatch(new RegExp(`^${FILE}: SyntaxError`, 'm'));
    expect(problems).toContain('replayed 2 of 3 histories');
  });

  it('one byte changed', async () => {
    const problems = await problemsAfter({ text: (text) => text.replace('recorder', 'recorded') });
    expect(problems).toEqual(expect.arrayContaining([`${FILE}: was changed since it was recorded`]));
  });

  const TAMPERED: [string, Tampering, RegExp][] = [
    ['its last events removed', { history: ({ history: { events } }) => events.splice(-9) }, /does not show any more/],
    [
      'an event removed',
      { history: (document) => document.history.events.splice(eventOf(document, 'TIMER_STARTED'), 1) },
      /lacks events, or has them out of order/,
    ],
    [
      'an event removed, and the others renumbered',
      {
        history: (document) => document.history.events.splice(eventOf(document, 'TIMER_STARTED'), 1),
        renumbered: true,
      },
      /does not replay/,
    ],
    ['the type of an activity changed', { history: rename }, /does not replay/],
    [
      'two events swapped',
      {
        history: (document) => {
          swap(document, eventOf(document, 'TIMER_STARTED'), eventOf(document, 'ACTIVITY_TASK_SCHEDULED'));
        },
        renumbered: true,
      },
      /does not replay/,
    ],
    [
      'its workflow id changed',
      {
        history: (document) => {
          document.workflowId = 'verify/of-somebody-else';
        },
      },
      /another workflow id/,
    ],
  ];

  it.each(TAMPERED)('%s: found by its checksum', async (_name, tampering) => {
    const problems = await problemsAfter(tampering);
    expect(problems).toEqual(expect.arrayContaining([`${FILE}: was changed since it was recorded`]));
  });

  it.each(TAMPERED)('%s, and the manifest changed to match: still found', async (_name, tampering, found) => {
    const problems = await problemsAfter({ ...tampering, covered: true });
    expect(problems.join('\n')).toMatch(found);
  });
});

describe('an incomplete corpus', { retry: 0 }, () => {
  const withManifest = async (change: (manifest: Manifest) => void) => {
    await smallCorpus();
    const manifest = await readManifest(folder);
    change(manifest);
    await writeManifest(manifest);
    return (await judge({ folder, code })).problems;
  };

  it('empty', async () => {
    const problems = await withManifest((manifest) => manifest.histories.splice(0));
    expect(problems).toContain('the corpus is empty');
  });

  it('without its manifest', async () => {
    const { problems } = await judge({ folder: join(folder, 'nowhere'), code });
    expect(problems.join()).toContain('manifest.json cannot be read');
  });

  it('a file that no manifest lists, and an edge that is no longer covered', async () => {
    const only = 'client metadata of a re-send';
    const problems = await withManifest((manifest) => {
      manifest.histories = manifest.histories.filter(({ edges }) => !edges.includes(only));
    });
    expect(problems).toContain(`no history covers the edge "${only}"`);
    expect(problems).toContain(`${FILE} is in no manifest`);
  });

  it('a file that is missing', async () => {
    const problems = await withManifest((manifest) => {
      const [first] = manifest.histories;
      if (first) manifest.histories.push({ ...first, file: 'one-that-is-gone.json' });
    });
    expect(problems.join('\n')).toMatch(/^one-that-is-gone\.json: .*ENOENT/m);
  });
});

/** What one history shows for each change. A bundle that is broken in another way would show something else. */
const SHOWN: Record<keyof typeof MUTATIONS, string> = {
  'an added timer':
    'a-code-at-the-deadline: does not replay: At event 7 the history has a call of the activity sendCode; this build sets a timer there.',
  'a swapped order: the timer of an automatic re-send before the state':
    'a-code-sent-by-itself-while-rate-limited: does not replay: At event 37 the history has a change of search attributes; this build sets a timer there.',
  'a renamed activity':
    'a-code-at-the-deadline: does not replay: At event 19 the history has activity type verifyCode; this build has activity type checkCode there.',
  'a call left out':
    'an-attempt-whose-answer-is-lost-and-the-attribute-unread: does not replay: At event 36 the history has a change of search attributes; this build answers an update there.',
  'a state that is written once more':
    'a-code-at-the-deadline: does not replay: At event 7 the history has a call of the activity sendCode; this build sets search attributes there.',
  'a wait that is shorter: a re-send that is due at once':
    'a-send-that-is-tried-again-after-a-while: does not replay: At event 13 the history has the start of timer 2 (30 s); this build sets search attributes there.',
  'a look more: a sixth token that nobody has checked is tried at once':
    'forged-tokens-that-wait-after-five-were-refused: does not replay: At event 73 the history has an update submitCode, answered; this build calls an activity there.',
  'an answer that comes later: a second place for unproven messages':
    'a-start-that-finds-the-one-place-for-unproven-messages-taken: does not replay: At event 23 the history has an update awaitDelivery, answered; this build does nothing there.',
};

// Each test makes a bundle and replays the whole corpus.
describe('workflow code with a nondeterministic change', { timeout: 180_000, retry: 0 }, () => {
  it.each(Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[])('%s', async (name) => {
    const { problems, replayed } = await judge({ code: await bundleOf(MUTATIONS[name]) });
    expect(problems).toContain(SHOWN[name]);
    const { histories } = await readManifest(CORPUS_FOLDER);
    expect(replayed).toBe(histories.length);
  });

  it('without a change, the same bundling passes', async () => {
    expect((await judge({ code: await bundleOf() })).problems).toEqual([]);
  });
});
