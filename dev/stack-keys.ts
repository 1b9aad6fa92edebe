/** The keys of a local stack. Its first start makes them and keeps them beside its database, which needs them. */
import { randomBytes } from 'node:crypto';
import { KEY_BYTES, KEY_SETTINGS, type KeyRing, keyRingFromSettings } from '@cognito-verification/codec';
import type { StackFolder } from './stack-folder.js';

const KEYS_FILE = 'encryption-keys';

/** What seals and opens the payloads of a stack. */
export interface StackKeys {
  readonly ring: KeyRing;
  /** The file with the keys. Absent when the environment names the keys, which then stay in the user's shell. */
  readonly file?: string | undefined;
}

/** The keys that the environment names, as a shared service needs them; else those of the folder. */
export async function provideKeys(folder: Pick<StackFolder, 'path' | 'readText' | 'writePrivate'>): Promise<StackKeys> {
  if (Object.values(KEY_SETTINGS).some((name) => process.env[name])) return { ring: keyRingFromSettings() };
  if (!(await folder.readText(KEYS_FILE))?.trim()) {
    await folder.writePrivate(KEYS_FILE, `local:${randomBytes(KEY_BYTES).toString('base64')}\n`);
  }
  const file = folder.path(KEYS_FILE);
  return { ring: keyRingFromSettings({ [KEY_SETTINGS.file]: file }), file };
}
