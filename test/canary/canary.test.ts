/**
 * Nothing secret leaves the process. A deployment with planted secrets takes a verification into every state; then the test
 * searches every byte that it has written, printed, served or shown. A second deployment, without sealing, shows that the
 * search works.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VERIFICATION_STATES } from '@cognito-verification/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../web-ui/chromium.js';
import { WebUi } from '../web-ui/web-ui.js';
import { sightings } from './canaries.js';
import { type CanaryRig, startCanaryRig } from './rig.js';

let sealed: CanaryRig;
let plain: CanaryRig;

beforeAll(async () => {
  [sealed, plain] = await Promise.all([startCanaryRig('sealed'), startCanaryRig('plain')]);
}, 300_000);

afterAll(async () => {
  await Promise.all([sealed?.close(), plain?.close()]);
});

it('without sealing, each canary is found: in the histories, in the database, by the codec server', async () => {
  const found = await plain.search();
  for (const { name, kept } of plain.canaries) {
    const places = found.filter(({ canary }) => canary === name).map(({ place }) => place);
    if (kept) expect(places, name).toEqual([]);
    else
      expect(places, name).toEqual(
        expect.arrayContaining([expect.stringMatching(/^history/), 'temporal.db', 'codec server']),
      );
  }
});

it('the pages of the Web UI show no canary', async () => {
  const browser = await launchChromium();
  try {
    const ui = new WebUi(browser, sealed, join(tmpdir(), 'canary-pictures'));
    for (const state of VERIFICATION_STATES) {
      const text = await ui.history(state, [/access token [\da-f]{8}…/]);
      expect(sightings(sealed.canaries, state, text)).toEqual([]);
    }
  } finally {
    await browser.close();
  }
}, 300_000);

it('with sealing, no canary is found: histories, database, debug logs, metrics, spans, codec server', async () => {
  expect(await sealed.search()).toEqual([]);
  for (const place of [
    'temporal.db',
    'server.log',
    'codec-server.log',
    'worker log',
    'metrics',
    'spans',
    'codec server',
  ]) {
    expect(sealed.searched.get(place)?.bytes, place).toBeGreaterThan(100);
  }
  // The same search finds values that are not secret, so it searched the right places.
  for (const place of ['temporal.db', 'worker log', 'spans', 'codec server', 'metrics']) {
    expect(sealed.searched.get(place)?.landmarks, place).toContain('user pool');
  }
  for (const place of ['metrics', 'worker log', 'server.log']) {
    expect(sealed.searched.get(place)?.landmarks, place).toContain('task queue');
  }
});

it('a worker that crashes while it holds every canary prints none', async () => {
  const { output, canaries } = await sealed.crash();
  expect(output).toContain('Cannot send');
  expect(output).toContain('Refused');
  expect(sightings(canaries, 'crash output', output)).toEqual([]);
});
