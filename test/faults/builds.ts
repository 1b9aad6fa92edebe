/** Builds of the worker: copies of the compiled program in a folder of their own, with a text changed here and there. */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BUNDLE = 'dist/workflow-bundle.js';
const PROGRAM = 'dist/bundled';

/** A text of the workflow bundle, or of the bundled program, and its replacement. */
export type Change = readonly [from: string, to: string, place?: 'program'];

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
  // Of a change of address, that the user still has the old one.
  [
    "now.valueDigest === target.keptDigest)\n        return 'notVerified'",
    "now.valueDigest === target.keptDigest)\n        return 'proven'",
  ],
];

/** A defect: after the first send of a change of address, codes are asked for, and Cognito sends them to the value that it holds. */
export const RESENDS_TO_THE_KEPT_ADDRESS: readonly Change[] = [
  ['if (isChanged(attribute))', 'if (isChanged(attribute) || input.salt !== undefined)', 'program'],
];

/** Copies the program into `folder`, so that later builds of the tree do not affect the workers. */
export async function makeBuild(folder: string, changes: readonly Change[] = []): Promise<string> {
  await mkdir(folder, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !/dist\/test/.test(path) });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  for (const change of changes) {
    if (change[2]) await changeProgram(join(folder, PROGRAM), change);
    else await changeFile(join(folder, BUNDLE), change);
  }
  return folder;
}

/** Writes the workflow bundle with these changes into `folder`. */
export async function makeBundle(folder: string, changes: readonly Change[]): Promise<string> {
  const path = join(folder, 'workflow-bundle.js');
  await cp(join(ROOT, BUNDLE), path);
  for (const change of changes) await changeFile(path, change);
  return path;
}

/** Changes the one chunk of the program that has the text, and drops the compiled code, which may look as if it still fitted. */
async function changeProgram(folder: string, change: Change): Promise<void> {
  const files = (await readdir(folder)).map((file) => join(folder, file));
  for (const file of files.filter((name) => name.endsWith('.cache'))) await rm(file);
  const chunks = files.filter((name) => name.endsWith('.cjs'));
  const having = await Promise.all(chunks.map(async (chunk) => (await readFile(chunk, 'utf8')).includes(change[0])));
  const [chunk, ...others] = chunks.filter((_, index) => having[index]);
  if (chunk === undefined || others.length > 0) throw new Error(`Not one chunk of the program has ${change[0]}`);
  await changeFile(chunk, change);
}

async function changeFile(path: string, [from, to]: Change): Promise<void> {
  const code = await readFile(path, 'utf8');
  // A change that matches nothing would make a test that cannot fail.
  if (!code.includes(from)) throw new Error(`${path} has no ${from} any more`);
  await writeFile(path, code.replaceAll(from, to));
}
