/** Builds the workflow bundle: workers then start without webpack, and every worker of a build runs the same code. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows, WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js';

await writeFile(WORKFLOW_BUNDLE_PATH, await bundleWorkflows(fileURLToPath(new URL('../workflows', import.meta.url))));
