import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { errorCode } from '../log/error-code.js';
import { shortDigest } from '../temporal/build-id.js';

/** The workflow code of one build. */
export interface ReplayBundle {
  path: string;
  code: string;
  /** Identifies the build. It is the end of the build id of its workers, unless they are given another build id. */
  build: string;
}

/** The file is no workflow bundle, or one of another SDK. */
class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly code = 'Configuration';
}

/**
 * Reads what `npm run build` leaves in `dist/workflow-bundle.js`.
 * @throws BundleError
 */
export async function readBundle(path: string): Promise<ReplayBundle> {
  const code = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = errorCode(error) ?? 'unknown';
    throw new BundleError(`The workflow bundle ${path}, which npm run build writes, cannot be read (${reason}).`);
  });
  if (!code.includes('__TEMPORAL__') || !code.includes('sourceMappingURL=')) {
    throw new BundleError(`${path} is no workflow bundle. npm run build writes one to dist/workflow-bundle.js.`);
  }
  const [, builtWith] = SDK_IN_BUNDLE.exec(code) ?? [];
  if (builtWith !== undefined && builtWith !== sdkVersion()) {
    throw new BundleError(
      `${path} was built with SDK ${builtWith}, and this command has ${sdkVersion()}: replay with the command of that build.`,
    );
  }
  return { path, code, build: shortDigest(code) };
}

const SDK_IN_BUNDLE = /"name":"@temporalio\/workflow","version":"([^"]+)"/;

function sdkVersion(): string {
  const manifest: { version?: unknown } = createRequire(import.meta.url)('@temporalio/worker/package.json');
  return String(manifest.version);
}
