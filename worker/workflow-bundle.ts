/** The workflow code in one file, for workers to run and for `replay` to check. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CONVERTER_PATHS } from '@cognito-verification/codec/worker-data-converter';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { buildIdOf, bundleDigest } from '../temporal/build-id.js';
import { withoutStackTraces } from '../temporal/untraced.js';

/** The file that `npm run build` writes; the same path from source, from dist and from the bundled program. */
export const WORKFLOW_BUNDLE_PATH = join(
  dirname(createRequire(import.meta.url).resolve('#package.json')),
  'dist/workflow-bundle.js',
);

/**
 * Bundles compiled workflow code with its converters and its interceptors.
 * @param folder the folder of the compiled code; imports are resolved from there
 * @returns the code of the bundle
 * @throws the errors of webpack
 */
export async function bundleWorkflows(folder: string): Promise<string> {
  const workflowsPath = join(folder, 'index.js');
  const workflowInterceptorModules = ['leftover-commands.js', 'local-answers.js', 'queries-ahead.js', 'tracing.js'].map(
    (file) => join(folder, 'interceptors', file),
  );
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules,
    ...CONVERTER_PATHS,
    // Loaded once for each worker, and not for each verification: no module keeps anything (a test holds them to it).
    preloadModules: [workflowsPath, ...workflowInterceptorModules, ...Object.values(CONVERTER_PATHS)],
    // Webpack logs its progress below this level; its errors are the only place that says why a bundle fails.
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}

/**
 * The bundle as a worker runs it, and the build id by which histories and `replay` name it: its digest in the form of the SDK's own.
 * @param path a file that `bundleWorkflows` has made
 * @param stackTraces whether errors and promises of workflows have stack traces
 * @param traced whether workflows tell of their spans: `interceptors/tracing.ts`
 */
export async function runnableBundle(
  path: string,
  { stackTraces, traced }: { stackTraces: boolean; traced: boolean },
): Promise<{ workflowBundle: { codePath: string } | { code: string }; buildId: string }> {
  const code = await readFile(path, 'utf8');
  const { name, version }: { name: string; version: string } = createRequire(import.meta.url)(
    '@temporalio/worker/package.json',
  );
  const runnable = stackTraces ? code : withoutStackTraces(code, path);
  return {
    workflowBundle: stackTraces && !traced ? { codePath: path } : { code: traced ? withTracing(runnable) : runnable },
    buildId: `${name}@${version}+${bundleDigest(code)}`,
  };
}

/** The build id of a file that `bundleWorkflows` has made: see `temporal/build-id.ts`. */
export async function buildIdOfFile(path: string): Promise<string> {
  return buildIdOf(await readFile(path, 'utf8'));
}

/** A bundle whose workflows tell of their spans. On the first line, so that no other line moves. */
export function withTracing(code: string): string {
  return `globalThis.isTraced = true; ${code}`;
}
