/** What a build is called: by its workflow code, since that alone decides whether a verification can go on with it. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const MAP = '//# sourceMappingURL=';
/** Enough to tell builds apart, and short enough to be read out. */
const SHORT_DIGEST = 12;

/** The digest of a workflow bundle without its source map, which names the folders of the machine that has built it. */
export function bundleDigest(code: string): string {
  const end = code.lastIndexOf(MAP);
  return createHash('sha256')
    .update(end < 0 ? code : code.slice(0, end))
    .digest('hex');
}

/** The digest as `replay` and build ids show it: 12 characters. */
export function shortDigest(code: string): string {
  return bundleDigest(code).slice(0, SHORT_DIGEST);
}

/**
 * The build id of a workflow bundle, such as `0.1.0-137016fbca1f`: this package's version, and the digest of the code. Builds whose
 * workflow is equal have the same, whatever else differs, so that a mended call to Cognito reaches open verifications too.
 */
export function buildIdOf(code: string): string {
  const { version }: { version: string } = createRequire(import.meta.url)('#package.json');
  return `${version}-${shortDigest(code)}`;
}
