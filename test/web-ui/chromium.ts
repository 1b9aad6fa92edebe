/** A Chromium for viewing pages: an installed one, or Debian's, installed on the spot if that is allowed. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const run = promisify(execFile);

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const INSTALL_LIMIT_MS = 240_000;

/** No prompts, and no requests to the internet. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A container's shared memory is too small for a page of this size.
  '--disable-dev-shm-usage',
];

/**
 * Starts it headless, with a temporary profile.
 * @throws Error that says how to get a Chromium, if there is none
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = (await findChromium()) ?? (await installChromium());
  return await chromium.launch({ executablePath, headless: true, args: FLAGS, timeout: 60_000 });
}

async function findChromium(): Promise<string | undefined> {
  const named = process.env['CHROMIUM_PATH'];
  if (named) {
    if (await isProgram(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, which is no program that can be executed`);
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) if (folder && (await isProgram(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

async function installChromium(): Promise<string> {
  const help =
    'There is no Chromium for the screenshots of the Web UI. Set CHROMIUM_PATH to one, put one on the PATH, or install it: apt-get install chromium';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error(help);
  try {
    const options = { timeout: INSTALL_LIMIT_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    await run('apt-get', ['update'], options);
    // Another installation may hold the lock at the moment.
    const wait = ['-o', 'DPkg::Lock::Timeout=120'];
    const packages = ['chromium', 'fonts-dejavu-core'];
    await run('apt-get', [...wait, 'install', '--yes', '--no-install-recommends', ...packages], options);
  } catch (cause) {
    throw new Error(`${help} (which was tried here and failed)`, { cause });
  }
  const found = await findChromium();
  if (found === undefined) throw new Error(help);
  return found;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
