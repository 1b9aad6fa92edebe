/** A Chromium for viewing pages: an installed one, or Debian's, installed on the spot if that is allowed. */
import { type Browser, chromium } from 'playwright-core';
import { aptGet, installedProgram } from '../debian-programs.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

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
  return await installedProgram('CHROMIUM_PATH', NAMES);
}

async function installChromium(): Promise<string> {
  const help =
    'There is no Chromium for the screenshots of the Web UI. Set CHROMIUM_PATH to one, put one on the PATH, or install it: apt-get install chromium';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error(help);
  try {
    // Another installation may hold the lock at the moment.
    const wait = ['-o', 'DPkg::Lock::Timeout=120'];
    const packages = ['chromium', 'fonts-dejavu-core'];
    await aptGet([...wait, 'install', '--yes', '--no-install-recommends', ...packages]);
  } catch (cause) {
    throw new Error(`${help} (which was tried here and failed)`, { cause });
  }
  const found = await findChromium();
  if (found === undefined) throw new Error(help);
  return found;
}
