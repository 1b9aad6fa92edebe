/** Services that install the packages from their files, each in a folder of its own outside of the clone. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';

const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(ROOT, 'client/package.json'), 'utf8'));
/** What `npm run package` makes. */
export const TARBALLS = Object.fromEntries(
  ['client', 'testing'].map((name) => [name, join(ROOT, `dist/cognito-verification-${name}-${manifest.version}.tgz`)]),
) as { client: string; testing: string };
for (const file of Object.values(TARBALLS)) {
  if (!existsSync(file)) throw new Error(`There is no ${file}: npm run package makes it.`);
}
/** As each package manager takes them. */
export const CLIENT = `@cognito-verification/client@file:${TARBALLS.client}`;
export const TESTING = `@cognito-verification/testing@file:${TARBALLS.testing}`;

/** The range of `@temporalio/client` that the package takes, and the lowest version in it. */
export const SUPPORTED: string = manifest.peerDependencies['@temporalio/client'];
export const LOWEST = SUPPORTED.replace('^', '');

/** For a registry that is slow. */
const INSTALL_LIMIT_MS = 5 * 60_000;

/** The folder of a service. */
export interface Consumer {
  readonly folder: string;
  /** Writes files into the folder. */
  write(files: Record<string, string>): Promise<void>;
  /** Runs a file with a program and its arguments, by default this Node.js, and returns what it prints. */
  run(file: string, settings?: Record<string, string>, ...program: readonly string[]): Promise<string>;
  /** Runs a command of an installed package. */
  bin(name: string, ...args: readonly string[]): Promise<string>;
  /** The version of an installed package. */
  version(name: string): Promise<string>;
}

/** How each package manager installs packages without asking anything. */
export const MANAGERS = {
  npm: ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'],
  pnpm: ['add', '--ignore-scripts', '--reporter', 'append-only'],
  yarn: ['add', '--ignore-scripts', '--non-interactive', '--no-progress'],
  'yarn 4': ['add'],
  "yarn 4 with Plug'n'Play": ['add'],
} as const;
export type Manager = keyof typeof MANAGERS;

/** Nobody answers there: an installation that asks for a name of ours fails. */
const NOWHERE = 'http://127.0.0.1:1/';
const SETTINGS = {
  '.npmrc': `@cognito-verification:registry=${NOWHERE}\nfetch-retry-mintimeout=100\nfetch-retry-maxtimeout=1000\n`,
  '.yarnrc.yml': `enableScripts: false
enableTelemetry: false
unsafeHttpWhitelist: [127.0.0.1]
npmScopes: { cognito-verification: { npmRegistryServer: '${NOWHERE}' } }
`,
};

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A folder that ends with the test file. */
export async function newFolder(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'consumer-'));
  folders.push(folder);
  const consumer: Consumer = {
    folder,
    write: async (files) => {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
    },
    run: async (file, settings = {}, program = process.execPath, ...args) => {
      const { stdout } = await run(program, [...args, file], {
        cwd: folder,
        env: { ...SYSTEM, NODE_OPTIONS: '--enable-source-maps', ...settings },
      });
      return stdout.trim();
    },
    bin: async (name, ...args) => {
      const { stdout, stderr } = await run(join(folder, 'node_modules/.bin', name), args, {
        cwd: folder,
        env: { ...SYSTEM, NEXT_TELEMETRY_DISABLED: '1', CI: '1' },
        timeout: INSTALL_LIMIT_MS,
      });
      return stdout + stderr;
    },
    version: async (name) =>
      JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version,
  };
  await consumer.write({ ...SETTINGS, 'package.json': JSON.stringify({ name: 'service', private: true }) });
  return consumer;
}

/** What a program needs of this process's environment. */
export const SYSTEM = Object.fromEntries(
  ['PATH', 'HOME', 'NODE_EXTRA_CA_CERTS'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

/**
 * Installs packages.
 * @param program of the package manager; default: the one on the `PATH`
 */
export async function install(
  { folder }: Consumer,
  packages: readonly string[],
  manager: Manager = 'npm',
  program: string = manager,
): Promise<void> {
  const registry = process.env['npm_config_registry'];
  await run(program, [...MANAGERS[manager], ...packages], {
    cwd: folder,
    timeout: INSTALL_LIMIT_MS,
    env: {
      ...SYSTEM,
      CI: '1',
      ...(registry !== undefined && { npm_config_registry: registry, YARN_NPM_REGISTRY_SERVER: registry }),
      YARN_NODE_LINKER: manager === 'yarn 4' ? 'node-modules' : 'pnp',
    },
  });
}

/** The code in the newest message to the user. */
const INBOX = `
async function codeInTheInbox() {
  const sandbox = process.env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER;
  const inbox = await fetch(sandbox + '/_sandbox/inbox?username=' + process.env.COGNITO_USERNAME);
  return (await inbox.json()).at(-1).code;
}
`;

/** What a service does with the client, from the start to the verdict. It prints the verdict. */
const VERIFY = `
export async function verify() {
  const verifications = VerificationClient.fromSettings();
  const mine = verifications.forUser({ accessToken: process.env.COGNITO_ACCESS_TOKEN });
  await mine.start('email', { requestId: 'first' });
  const { result } = await mine.submitCode('email', await codeInTheInbox());
  await verifications.close();
  return result;
}
${INBOX}`;

/** The same service for each module system. */
export const SERVICE = {
  'verify.mjs': `import { VerificationClient } from '@cognito-verification/client';\n${VERIFY}`,
  'service.mjs': `import { verify } from './verify.mjs';\nconsole.log(await verify());\n`,
  'service.cjs': `const { VerificationClient } = require('@cognito-verification/client');\n${VERIFY.replace('export ', '')}
verify().then(console.log);\n`,
};

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** A small service and its tests, for node:test. */
export const TESTED = Object.fromEntries(
  ['sign-up.mjs', 'with-fake.test.mjs', 'with-sandbox.test.mjs'].map((name) => [
    name,
    text(`test/testing/service/${name}`),
  ]),
);

/** The example for AWS Lambda, and what calls its handler as API Gateway does: with the recorded event. It prints the verdict. */
export const LAMBDA = {
  'lambda.ts': text('examples/lambda.ts'),
  'event.json': text('test/examples/api-gateway-event.json'),
  'invoke.mjs': `
    import { readFileSync } from 'node:fs';
    const { handler } = await import(process.env.BUNDLE);
    const recorded = readFileSync('event.json', 'utf8').replace('THE_ACCESS_TOKEN', process.env.COGNITO_ACCESS_TOKEN);
    async function invoke(change) {
      const { statusCode, body } = await handler({ ...JSON.parse(recorded), ...change });
      if (statusCode !== 200) throw new Error(body);
      return JSON.parse(body);
    }
    await invoke({ routeKey: 'POST /verifications/{attribute}' });
    const { result } = await invoke({ body: JSON.stringify({ code: await codeInTheInbox() }), isBase64Encoded: false });
    // As Lambda, which keeps the connection and stops the process.
    console.log(result);
    process.exit();
    ${INBOX}`,
};
