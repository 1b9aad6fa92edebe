/**
 * Nothing secret leaves the process. A deployment with secrets planted in it takes a verification into every state; then
 * every byte that it has written, printed, served or shown is searched. The same without sealing shows that the search
 * finds what is there.
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

it('with everything in plain text each canary is found: in the histories, in the database, by the codec server', async () => {
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

it('the pages of the Web UI show none', async () => {
  const browser = await launchChromium();
  try {
    const ui = new WebUi(browser, sealed, join(tmpdir(), 'canary-pictures'));
    for (const state of VERIFICATION_STATES) {
      const text = await ui.history(state, /access token [\da-f]{8}…/);
      expect(sightings(sealed.canaries, state, text)).toEqual([]);
    }
  } finally {
    await browser.close();
  }
}, 300_000);

it('sealed, none is found: histories, database, logs at debug, metrics, codec server', async () => {
  expect(await sealed.search()).toEqual([]);
  for (const place of ['temporal.db', 'server.log', 'codec-server.log', 'worker log', 'metrics', 'codec server']) {
    expect(sealed.searched.get(place)?.bytes, place).toBeGreaterThan(100);
  }
  // The same search finds values that are not secret, so it searched the right places.
  for (const place of ['temporal.db', 'worker log', 'codec server']) {
    expect(sealed.searched.get(place)?.landmarks, place).toContain('user pool');
  }
  for (const place of ['metrics', 'worker log', 'server.log']) {
    expect(sealed.searched.get(place)?.landmarks, place).toContain('task queue');
  }
});

it('a worker that crashes with all of them in its hands prints none', async () => {
  const { output, canaries } = await sealed.crash();
  expect(output).toContain('Cannot send');
  expect(output).toContain('Refused');
  expect(sightings(canaries, 'crash output', output)).toEqual([]);
});
