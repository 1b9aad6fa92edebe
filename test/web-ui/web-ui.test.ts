/**
 * The Web UI as an operator on call sees it, in a real Chromium. `UPDATE_SCREENSHOTS=1` saves the pictures for the
 * documentation; otherwise they go to test/web-ui/out.
 */
import { fileURLToPath } from 'node:url';
import { WHY_HELD } from '@cognito-verification/contract';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.js';
import { SHOWN, type Shown, startWebUiRig, type WebUiRig } from './rig.js';
import { WebUi } from './web-ui.js';

const PICTURES = fileURLToPath(
  new URL(process.env['UPDATE_SCREENSHOTS'] ? '../../docs/images/' : './out/', import.meta.url),
);
/** The shortest deadline is a minute, and an installation of Chromium may come first. */
const SET_UP_LIMIT_MS = 600_000;
const PAGE_LIMIT_MS = 120_000;

/** What a newcomer must find on the page of this verification: what happened, and what comes next. */
const CARDS: Record<Shown, readonly (string | RegExp)[]> = {
  sending: [
    'Asking Cognito to send a code',
    'No code for email has been sent yet',
    /Next: .* tries again by itself/,
    '5 sends and 10 attempts left',
  ],
  awaitingCode: [
    'Waiting for the code',
    'was sent to e***@e*** by e-mail',
    /Next: the user types the code .* submitCode/,
    /resendCode is allowed from/,
    '4 sends and 9 attempts left',
    /UTC: a code was sent to .* UTC: a wrong code/,
  ],
  rateLimited: [
    'No more sends for this user for now',
    /Next: it sends by itself at/,
    '5 sends and 10 attempts left',
    'LimitExceededException',
  ],
  awaitingToken: [
    'Waiting for a fresh access token',
    /Next: the user signs in again .* renewAccessToken/,
    '5 sends and 10 attempts left',
    'Cognito refused the access token',
  ],
  verified: [
    'Verified',
    'was sent to f***@e*** by e-mail',
    'nothing is left to do',
    /UTC: a wrong code .*\d{4}-\d\d-\d\d \S+ UTC: the right code/,
  ],
  alreadyVerified: ['Verified already: no code was sent', 'nothing is left to do'],
  expired: ['Expired', 'was sent to a***@e***', /Next: .* start it again/],
  failed: [
    'Failed: someone must look',
    'No code for phone_number was sent',
    'InvalidSmsRoleAccessPolicyException',
    'see its IAM policy',
    /Next: .* start it again/,
  ],
  cancelled: ['Cancelled', 'was sent to h***@e***', /Next: .* start it again/],
  held: [
    'The guard holds the next code back for now',
    'No code for phone_number has been sent yet',
    `Why: ${WHY_HELD.UnprovenMessages}.`,
    /Next: it asks the guard again by itself at \d{4}-\d\d-\d\d \S+ UTC/,
    '5 sends and 10 attempts left',
    'Cognito was not asked (UnprovenMessages)',
  ],
};

/** The names of the events on the timeline. */
const TIMELINES: Record<Shown, readonly string[]> = {
  sending: ['Send 1 of at most 5: email', 'The verification expires'],
  awaitingCode: ['Send 1 of at most 5: email', 'Check a code for email', 'The verification expires'],
  rateLimited: ['Send 1 of at most 5: email', 'Cognito may take another send by then'],
  awaitingToken: ['Send 1 of at most 5: email', 'The verification expires'],
  verified: ['Send 1 of at most 5: email', 'Check a code for email'],
  alreadyVerified: ['Send 1 of at most 5: email'],
  expired: ['Send 1 of at most 5: email', 'The verification expires', 'Look for a late confirmation'],
  failed: ['Send 1 of at most 5: phone_number'],
  cancelled: ['Send 1 of at most 5: email'],
  held: ['Send 1 of at most 5: phone_number', 'The guard may let another send through by then'],
};

/** What the list says, where that is another word. */
const LISTED: Partial<Record<Shown, string>> = { awaitingCode: 'codePending', held: 'rateLimited' };

function attributeOf(shown: Shown): string {
  return shown === 'failed' || shown === 'held' ? 'phone_number' : 'email';
}

describe('the Web UI', () => {
  let browser: Browser;
  let rig: WebUiRig;
  let ui: WebUi<Shown>;

  beforeAll(async () => {
    browser = await launchChromium();
    rig = await startWebUiRig();
    ui = new WebUi(browser, rig, PICTURES);
  }, SET_UP_LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    await rig?.close();
  });

  const expectNoSecret = (text: string) => {
    for (const secret of rig.secrets) expect(text.includes(secret), 'a token or a code is on the page').toBe(false);
  };

  it(
    'lists the verifications with our columns',
    async () => {
      const { rows, text } = await ui.list('web-ui-list');
      expect(rows).toHaveLength(SHOWN.length);
      for (const shown of SHOWN) {
        const { workflowId } = rig.verifications[shown];
        const row = rows.find((cells) => cells.includes(workflowId)) ?? expect.unreachable(`no row is of ${shown}`);
        expect(row).toContain(LISTED[shown] ?? shown);
        expect(row).toContain(attributeOf(shown));
        expect(row).toContain(rig.userPoolId);
      }
      expectNoSecret(text);
    },
    PAGE_LIMIT_MS,
  );

  it.each(SHOWN)(
    'says what happened and what comes next: %s',
    async (shown) => {
      const { summary, details, card, text } = await ui.card(shown, `web-ui-${shown}`);
      const timeline = await ui.timeline(shown, TIMELINES[shown]);
      expect(summary).toBe(`Verify ${attributeOf(shown)} in ${rig.userPoolId}`);
      expect(details).toContain('Current details say where it stands');
      for (const part of CARDS[shown]) expect(card).toMatch(part);
      for (const part of TIMELINES[shown]) expect(timeline).toContain(part);
      expectNoSecret(text);
      expectNoSecret(timeline);
    },
    PAGE_LIMIT_MS,
  );

  it(
    'shows input, result and failure through the codec server, without tokens and codes',
    async () => {
      const fingerprint = /access token [\da-f]{8}… of [\da-f-]{36}, expires 20/;
      const waiting = await ui.history('awaitingCode', [fingerprint], 'web-ui-input');
      expect(waiting).toMatch(/"attributeName": "email"/);
      const verified = await ui.history('verified', [fingerprint, /"proof"/]);
      expect(verified).toMatch(/"outcome": "verified"/);
      expect(verified).toMatch(/"destination": "f\*\*\*@e\*\*\*"/);
      const failed = await ui.history('failed', [fingerprint, /InvalidSmsRoleAccessPolicyException/]);
      expect(failed).toMatch(/see its IAM policy/);
      for (const text of [waiting, verified, failed]) {
        expect(text).toMatch(fingerprint);
        expectNoSecret(text);
      }
    },
    PAGE_LIMIT_MS,
  );

  it(
    'shows only ciphertext to a user whom the codec server refuses',
    async () => {
      const ciphertext = await rig.sealedRequest('verified');
      expect(ciphertext.length).toBeGreaterThan(1000);
      const refused = /Codec Server could not connect/;
      const text = await ui.history('verified', [refused], 'web-ui-sealed', rig.guardedCodecServer);
      expect(text.replaceAll(/\s/g, '')).toContain(ciphertext);
      expect(text).not.toMatch(/attributeName|access token [\da-f]{8}|"verified"|f\*\*\*@e\*\*\*/);
      expectNoSecret(text);
    },
    PAGE_LIMIT_MS,
  );
});
