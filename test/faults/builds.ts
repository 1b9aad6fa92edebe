/** Builds of the worker: copies of the compiled program in a folder of their own, with a modified workflow bundle. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A text of the bundle, and its replacement. */
export type Change = readonly [from: string, to: string];

/** A difference that two builds may have at the same time: all commands are equal, and only the text for people differs. */
export const NEXT_RELEASE: readonly Change[] = [["'The verification expires'", "'The verification ends'"]];

/** A defect: unfinished work is repeated, as Temporal does by default with every other activity. */
export const REPEATS_UNCERTAIN_SENDS: readonly Change[] = [
  ["'TemporalTimeout:StartToClose'", "'Planted1'"],
  ["'TemporalTimeout:Heartbeat'", "'Planted2'"],
  // The direct send is made once, whatever becomes of it.
  ['HEARTBEAT_TIMEOUT,\n    retry: { maximumAttempts: 1 }', 'HEARTBEAT_TIMEOUT'],
];

/** A defect: an attempt counts only once Cognito has answered, so attempts whose answer is lost are free. */
export const FORGETS_LOST_ATTEMPTS: readonly Change[] = [
  ["outcome !== 'notMade'", "outcome !== 'notMade' && outcome !== 'uncertain' && outcome !== 'checking'"],
];

/** A defect: any answer to an attempt accepts the code, and the flag of the attribute is not looked at. */
export const BELIEVES_ANYTHING: readonly Change[] = [
  ["if (answer.verdict === 'accepted')", "if (answer.verdict === 'accepted' || answer.verdict === 'uncertain')"],
  ['if (!now.verified)', 'if (now.verified === null)'],
];

/** Copies the program into `folder`, so that later builds of the tree do not affect the workers. */
export async function makeBuild(folder: string, changes: readonly Change[] = []): Promise<string> {
  await mkdir(folder, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !/dist\/test/.test(path) });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const path = join(folder, 'dist/workflow-bundle.js');
  let bundle = await readFile(path, 'utf8');
  for (const [from, to] of changes) {
    // A change that matches nothing would make a test that cannot fail.
    if (!bundle.includes(from)) throw new Error(`The workflow bundle has no ${from} any more`);
    bundle = bundle.replaceAll(from, to);
  }
  await writeFile(path, bundle);
  return folder;
}
