/** The workflow code in one file, for workers to run and for `replay` to check. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONVERTER_PATHS } from '@cognito-verification/codec';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The file that `npm run build` writes (`imports` in package.json); the same path from source and from dist. */
export const WORKFLOW_BUNDLE_PATH = fileURLToPath(import.meta.resolve('#workflow-bundle'));

/**
 * Bundles compiled workflow code with its converters and its interceptors.
 * @param folder the folder of the compiled code; imports are resolved from there
 * @returns the code of the bundle
 * @throws the errors of webpack
 */
export async function bundleWorkflows(folder: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(folder, 'index.js'),
    workflowInterceptorModules: ['leftover-commands.js', 'queries-ahead.js'].map((file) =>
      join(folder, 'interceptors', file),
    ),
    ...CONVERTER_PATHS,
    // Webpack logs its progress below this level; its errors are the only place that says why a bundle fails.
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}
