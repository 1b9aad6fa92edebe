/** What can be wrong with keys and with the settings that name user pools, and what its finding has its reader do. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type BrokenSurroundings, corrects, type Follow, typeLine, typesIt } from './following.js';
import { type DoctorRig, otherKey } from './server-rig.js';

/** A file of keys that all may read. */
async function openFile(keys: string) {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'keys');
  await writeFile(path, keys);
  await chmod(path, 0o644);
  return { env: { VERIFICATION_ENCRYPTION_KEYS: '', VERIFICATION_ENCRYPTION_KEYS_FILE: path } };
}

/** What the text allows begins with a line for the shell. */
const closesFile: Follow = async ({ found }, env) => {
  const [line = ''] = /chmod 600 [^\s,;]+/.exec(found) ?? [];
  expect(line).not.toBe('');
  await typeLine(line, env);
  return {};
};

export function brokenKeys({ rig, well }: DoctorRig): readonly BrokenSurroundings[] {
  const sameKeys = corrects(() => ({ VERIFICATION_ENCRYPTION_KEYS: rig.keys }));
  const usual = { make: (env: Record<string, string>) => () => ({ env }), follow: sameKeys };
  return [
    {
      what: 'a key of the same id with other bytes',
      make: usual.make({ VERIFICATION_ENCRYPTION_KEYS: otherKey() }),
      finding: 'failure worker-keys',
      says: /worker and caller have sealed with a key "test"/,
      follow: sameKeys,
    },
    {
      what: 'a key with another id',
      make: usual.make({ VERIFICATION_ENCRYPTION_KEYS: otherKey('other') }),
      finding: 'failure worker-keys',
      says: /worker and caller have sealed with a key "test"/,
      follow: sameKeys,
    },
    {
      what: 'no keys',
      make: usual.make({ VERIFICATION_ENCRYPTION_KEYS: '' }),
      finding: 'failure key-ring',
      says: /found nothing/,
      follow: sameKeys,
    },
    {
      what: 'a key that is too short',
      make: usual.make({ VERIFICATION_ENCRYPTION_KEYS: 'test:abcd' }),
      finding: 'failure key-ring',
      says: /with 3 bytes/,
      follow: sameKeys,
    },
    {
      what: 'a file of keys that all may read',
      make: async () => await openFile(rig.keys),
      finding: 'failure key-ring',
      says: /mode 0644/,
      follow: closesFile,
    },
    {
      what: 'no user pools',
      make: usual.make({ VERIFICATION_USER_POOLS: '' }),
      finding: 'failure user-pool-settings',
      says: /found nothing/,
      follow: corrects(() => ({ VERIFICATION_USER_POOLS: well['VERIFICATION_USER_POOLS'] ?? '' })),
    },
    {
      what: 'a pool that is asked about and not served',
      make: () => ({ question: { userPoolIds: ['us-east-1_Other'] } }),
      finding: 'warning user-pool-settings',
      says: /not among those of VERIFICATION_USER_POOLS/,
      follow: async (finding, env) => {
        const change = await typesIt(finding, env);
        expect(change.env?.['VERIFICATION_USER_POOLS']).toBe(`${env['VERIFICATION_USER_POOLS']},us-east-1_Other`);
        return change;
      },
    },
  ];
}
