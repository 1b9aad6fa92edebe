/** Workflow bundles of builds that nobody should deploy. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONVERTER_PATHS } from '@cognito-verification/codec';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Beside the original, so that its imports find the same packages. */
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

/** One place in the compiled workflow. */
export interface Mutation {
  file: string;
  from: string;
  to: string;
}

/** A timer that the histories do not have, before the first send. */
export const ADDED_TIMER: Mutation = {
  file: 'attribute-verification.js',
  from: 'const confirming = new Confirming(verification);',
  to: "new Alarm().set(verification.expiresAtMs - 1000, 'Nobody asked for it'); const confirming = new Confirming(verification);",
};

/** An activity under another name. */
export const RENAMED_ACTIVITY: Mutation = {
  file: 'cognito-calls.js',
  from: 'activities.verifyCode(',
  to: 'activities.checkCode(',
};

/** Code that cannot go on. */
export const THROWING: Mutation = {
  file: 'attempting.js',
  from: 'take() {',
  to: "take() { throw new Error('Cannot read code 918273 of zoe@example.com'); ",
};

/** Bundles the compiled workflow with one place changed; the file is in the folder. */
export async function otherBuild(folder: string, { file, from, to }: Mutation): Promise<string> {
  const copy = await mkdtemp(join(DIST, 'other-build-'));
  try {
    await cp(join(DIST, 'workflows'), copy, { recursive: true });
    const code = await readFile(join(copy, file), 'utf8');
    if (code.split(from).length !== 2) throw new Error(`${file} has ${from} not once`);
    await writeFile(join(copy, file), code.replace(from, to));
    const bundle = await bundleWorkflowCode({
      workflowsPath: join(copy, 'index.js'),
      ...CONVERTER_PATHS,
      logger: new DefaultLogger('ERROR'),
    });
    const path = join(folder, `${file}.bundle.js`);
    await writeFile(path, bundle.code);
    return path;
  } finally {
    await rm(copy, { recursive: true });
  }
}
