import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { shortBuild } from './history-facts.js';

/** The workflow code of one build. */
export interface ReplayBundle {
  path: string;
  code: string;
  /** What tells it from other builds; the end of the build id that its workers have, unless they were given another. */
  build: string;
}

/** It is no workflow bundle. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly code = 'Configuration';
}

/**
 * Reads what `npm run build` leaves in `dist/workflow-bundle.js`.
 * @throws BundleError
 */
export async function readBundle(path: string): Promise<ReplayBundle> {
  const code = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new BundleError(`The workflow bundle ${path} cannot be read (${reason}). Build it: npm run build`);
  });
  if (!code.includes('__TEMPORAL__') || !code.includes('sourceMappingURL=')) {
    throw new BundleError(`${path} is no workflow bundle, which npm run build writes to dist/workflow-bundle.js.`);
  }
  return { path, code, build: shortBuild(`+${createHash('sha256').update(code).digest('hex')}`).slice(1) };
}
