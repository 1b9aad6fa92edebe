/** Makes the bundle of the workflow with all weaknesses, from the compiled code. A process of its own: vitest resolves imports otherwise. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorkflows, WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { weaken } from './planting.js';

const DIST = dirname(WORKFLOW_BUNDLE_PATH);

// In the build, so that its imports resolve; and with a contract of its own, whose checks the workflow makes too.
const folder = await mkdtemp(join(DIST, 'weak-'));
try {
  for (const room of ['workflows', 'metrics']) await cp(join(DIST, room), join(folder, room), { recursive: true });
  const contract = join(folder, 'node_modules/@cognito-verification/contract');
  for (const part of ['dist', 'package.json'])
    await cp(join(DIST, '../contract', part), join(contract, part), { recursive: true });
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith('.js')) continue;
    const file = join(folder, path);
    await writeFile(file, weaken(file, await readFile(file, 'utf8')));
  }
  await writeFile(join(DIST, 'weak-bundle.js'), await bundleWorkflows(join(folder, 'workflows')));
} finally {
  await rm(folder, { recursive: true, force: true });
}
