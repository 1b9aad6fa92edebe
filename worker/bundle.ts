/** Builds the workflow bundle, so that a worker starts without webpack and every worker of a build runs the same code. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CONVERTER_PATHS } from '@cognito-verification/codec';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js';

const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
  workflowInterceptorModules: [fileURLToPath(new URL('../workflows/leftover-commands.js', import.meta.url))],
  ...CONVERTER_PATHS,
  // Its progress is of no interest; why a bundle fails stands only in its errors.
  logger: new DefaultLogger('ERROR'),
});
await writeFile(WORKFLOW_BUNDLE_PATH, code);
