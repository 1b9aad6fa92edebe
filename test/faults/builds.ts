/** Builds of the worker: copies of the compiled program in a folder of their own, with another workflow bundle. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Text of the bundle that is replaced by another. */
export type Change = readonly [from: string, to: string];

/** A difference that workers of two builds may have at the same time: no command is another, only what people read. */
export const NEXT_RELEASE: readonly Change[] = [["'The verification expires'", "'The verification ends'"]];

/** A defect: what a worker did not finish is done again, as Temporal does by itself with every other activity. */
export const REPEATS_UNCERTAIN_SENDS: readonly Change[] = [
  ["'TemporalTimeout:StartToClose'", "'Planted1'"],
  ["'TemporalTimeout:Heartbeat'", "'Planted2'"],
];

/** A defect: an attempt counts once Cognito has answered, so that those whose answer is lost are free. */
export const FORGETS_LOST_ATTEMPTS: readonly Change[] = [
  ["outcome !== 'notMade'", "outcome !== 'notMade' && outcome !== 'uncertain' && outcome !== 'checking'"],
];

/** Copies the program into `folder`; whatever is built in the tree meanwhile does not reach the workers then. */
export async function makeBuild(folder: string, changes: readonly Change[] = []): Promise<string> {
  await mkdir(folder, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !/dist\/test/.test(path) });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const path = join(folder, 'dist/workflow-bundle.js');
  let bundle = await readFile(path, 'utf8');
  for (const [from, to] of changes) {
    // A change that finds nothing would make a test that cannot fail.
    if (!bundle.includes(from)) throw new Error(`The workflow bundle has no ${from} any more`);
    bundle = bundle.replaceAll(from, to);
  }
  await writeFile(path, bundle);
  return folder;
}
