/** The corpus replays alike on each supported Node.js, in any time zone and any language. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { CORPUS_FOLDER, readManifest } from './corpus.js';
import { NODE_RELEASES, nodeOf, registryAnswers } from './node-releases.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../../dist/test/replay/judge-corpus.js', import.meta.url));

/** Distant time zones, and languages that write numbers and dates differently. */
const PLACES = [
  { TZ: 'Pacific/Kiritimati', LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8' },
  { TZ: 'America/St_Johns', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
  { TZ: 'UTC', LANG: 'C', LC_ALL: 'C' },
];

it.for(NODE_RELEASES.map((version, at) => ({ version, place: PLACES[at] })))(
  'on Node.js $version in $place.TZ',
  { timeout: 10 * 60_000, retry: 0 },
  async ({ version, place }, { skip }) => {
    const node = await nodeOf(version).catch(async (error: unknown) => {
      // Without a network the test is skipped; in CI it fails.
      if (process.env['CI'] || (await registryAnswers())) throw error;
      return skip(`Node.js ${version} is not on this machine, and npm reaches no registry: ${String(error)}`);
    });
    const { histories } = await readManifest(CORPUS_FOLDER);
    const { stdout } = await run(node, [PROGRAM], { env: { ...process.env, ...place } });
    console.log(`Node.js ${version}, ${place?.TZ}: ${stdout.trim().split('\n').at(-1)}`);
    expect(stdout).toContain(`${histories.length} histories replayed`);
  },
);
