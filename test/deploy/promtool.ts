/**
 * Prometheus' own checker of rules: the one that `PROMTOOL_PATH` names, one on the PATH, or Debian's, out of its package and into the
 * user's cache. Package and program are pinned by hash, and nothing is installed.
 */
import { execFile } from 'node:child_process';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, makeOnce, putInPlace } from '../../dev/binary-cache.js';
import { childEnvironment } from '../../dev/child-environment.js';
import { sha256Of } from '../../dev/wheel-download.js';
import { aptGet, installedProgram } from '../debian-programs.js';

const run = promisify(execFile);

/** To change the version: `apt-get download prometheus` on the Debian release that has it, then write both hashes here. */
const PIN = {
  version: '2.42.0+ds-5+deb12u1',
  platform: 'linux-x64',
  packageSha256: '81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55',
  binarySha256: '14d9c8acdc5d1321dc2092400111c586f09ac350f23f2383d1679b2bf256e583',
};

/**
 * Path of a `promtool`.
 * @throws Error that says how to get one, if there is none
 */
export async function promtool(): Promise<string> {
  const installed = await installedProgram('PROMTOOL_PATH', ['promtool']);
  if (installed !== undefined) return installed;
  try {
    return await cached();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `There is no promtool to check the alert rules with, and Debian's ${PIN.version} could not be fetched: ${reason}\nSet PROMTOOL_PATH to one, or put one on the PATH (it is a part of Prometheus, of Debian's package prometheus too).`,
      { cause },
    );
  }
}

async function cached(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== PIN.platform) throw new Error(`none is pinned for ${platform}`);
  const folder = join(cacheFolder(), `promtool-${PIN.version}-${platform}`);
  const binary = join(folder, 'promtool');
  await makeOnce(
    {
      folder,
      doing: 'fetching promtool',
      isDone: async () =>
        (await lstat(binary).catch(() => undefined))?.isFile() === true &&
        (await sha256Of(binary)) === PIN.binarySha256,
      make: (staging) => fetchInto(staging, binary),
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  return binary;
}

async function fetchInto(staging: string, binary: string): Promise<void> {
  // apt would change to a user who may not write here.
  await aptGet(['-o', 'APT::Sandbox::User=root', 'download', `prometheus=${PIN.version}`], staging);
  const name = (await readdir(staging)).find((file) => file.endsWith('.deb'));
  if (name === undefined) throw new Error('apt-get ended well but left no package');
  await checkHash(join(staging, name), PIN.packageSha256);
  await run('dpkg-deb', ['-x', name, 'unpacked'], { cwd: staging, env: childEnvironment() });
  const unpacked = join(staging, 'unpacked', 'usr', 'bin', 'promtool');
  await checkHash(unpacked, PIN.binarySha256);
  await putInPlace(unpacked, binary);
}

async function checkHash(file: string, expected: string): Promise<void> {
  const found = await sha256Of(file);
  if (found !== expected) throw new Error(`${file} has SHA-256 ${found}; ${expected} is expected`);
}
