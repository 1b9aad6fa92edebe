/** The workflow code in one file, which is what a worker runs and what `replay` tries out. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONVERTER_PATHS } from '@cognito-verification/codec';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The workflow code as `npm run build` leaves it (`imports` in package.json); the same path from source and from dist. */
export const WORKFLOW_BUNDLE_PATH = fileURLToPath(import.meta.resolve('#workflow-bundle'));

/**
 * Bundles compiled workflow code with all that belongs to it: the converters, and the interceptors.
 * @param folder of the compiled code; its imports are looked up from there
 * @returns the code of the bundle
 * @throws what webpack finds wrong
 */
export async function bundleWorkflows(folder: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(folder, 'index.js'),
    workflowInterceptorModules: ['leftover-commands.js', 'queries-ahead.js'].map((file) => join(folder, file)),
    ...CONVERTER_PATHS,
    // Its progress is of no interest; why a bundle fails stands only in its errors.
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}
