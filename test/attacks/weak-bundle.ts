/** The bundle of the workflow with all weaknesses. It is made once for each run; a worker gets it with one of them on. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** Vitest calls it once, before the attacks on the weaknesses. */
export default function makeWeakBundle(): void {
  execFileSync(process.execPath, [join(DIST, 'test/attacks/make-weak-bundle.js')], { stdio: 'inherit' });
}

/** Keeps the bundle with this weakness on in a file while it is used. */
export async function withWeakBundle(weakness: string, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'weak-bundle-'));
  try {
    const path = join(folder, 'bundle.js');
    const bundle = await readFile(join(DIST, 'weak-bundle.js'), 'utf8');
    await writeFile(path, `globalThis.weakness = ${JSON.stringify(weakness)};${bundle}`);
    await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
