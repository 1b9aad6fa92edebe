/**
 * `npm run test:packages`: a service installs the client's package with each package manager, with the lowest and the newest
 * `@temporalio/client`, is bundled, runs on each line of Node.js, and verifies an address each time.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeOf } from '../replay/node-releases.js';
import { type Rig, startRig } from '../rig.js';
import {
  CLIENT,
  type Consumer,
  install,
  LAMBDA,
  LOWEST,
  MANAGERS,
  type Manager,
  newFolder,
  SERVICE,
  SUPPORTED,
  TESTED,
  TESTING,
} from './consumer.js';
import { served } from './next-service.js';

/** The package managers besides npm, each with the folder and the file of its program, and the bundlers, as of writing. */
const YARN_4 = ['yarn-4', 'bin/yarn.js', 'npm:@yarnpkg/cli-dist@4.18.1'] as const;
const TOOLS: Record<Exclude<Manager, 'npm'>, readonly [folder: string, file: string, version: string]> = {
  pnpm: ['pnpm', 'pnpm', '12.21.0'],
  yarn: ['yarn', 'bin/yarn.js', '1.22.22'],
  'yarn 4': YARN_4,
  "yarn 4 with Plug'n'Play": YARN_4,
};
const BUNDLERS = ['esbuild@0.28.2', 'webpack@5.113.0'];
const NEXT = ['next@16.4.6', 'react@19', 'react-dom@19'];
/** The lowest of each line that `engines` admits. */
const NODE_RELEASES = ['20.19.0', '22.12.0', '24.0.0'];

let rig: Rig;
let tools: Consumer;
beforeAll(async () => {
  rig = await startRig('local');
  tools = await newFolder();
  await install(
    tools,
    Object.values(TOOLS).map(([folder, , version]) => `${folder}@${version}`),
  );
});
afterAll(async () => await rig?.close());

/** The settings of a service whose user is new, so that each run sends a message of its own. */
async function settings(): Promise<Record<string, string>> {
  const { accessToken, username } = await rig.user();
  return {
    ...rig.settings,
    TEMPORAL_ADDRESS: rig.env.address,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    VERIFICATION_TASK_QUEUE: rig.taskQueue,
    COGNITO_ACCESS_TOKEN: accessToken,
    COGNITO_USERNAME: username,
  };
}

/** The program of a package manager. */
function programOf(manager: Manager): string {
  if (manager === 'npm') return manager;
  const [folder, file] = TOOLS[manager];
  return join(tools.folder, 'node_modules', folder, file);
}

async function newService(version: string, manager: Manager = 'npm'): Promise<Consumer> {
  const service = await newFolder();
  const packages = ['client', 'common'].map((name) => `@temporalio/${name}@${version}`);
  // The testing kit does without older ones.
  if (version === SUPPORTED) packages.push(TESTING);
  await install(service, [CLIENT, ...packages], manager, programOf(manager));
  await service.write({ ...SERVICE, ...TESTED });
  return service;
}

describe.each(Object.keys(MANAGERS) as Manager[])('installed by %s', (manager) => {
  it.each([LOWEST, SUPPORTED])(
    'with Temporal %s it verifies, imported and required',
    async (version) => {
      const service = await newService(version, manager);
      // With Plug'n'Play there is no folder of packages, and its Node.js finds them.
      const node = manager.endsWith('Play') ? [programOf(manager), 'node'] : [process.execPath];
      await service.write({ 'version.cjs': "console.log(require('@temporalio/client/package.json').version);" });
      const installed = await service.run('version.cjs', {}, ...node);
      console.log(`${manager}: @temporalio/client ${installed}`);
      if (version === LOWEST) expect(installed).toBe(LOWEST);
      for (const file of ['service.mjs', 'service.cjs']) {
        expect(await service.run(file, await settings(), ...node), file).toBe('verified');
      }
      if (version === LOWEST) return;
      expect(await service.run('with-fake.test.mjs', {}, ...node)).toContain('# pass 5');
      expect(await service.run('with-sandbox.test.mjs', {}, ...node)).toContain('# pass 1');
    },
    600_000,
  );
});

describe('bundled', () => {
  let service: Consumer;
  beforeAll(async () => {
    service = await newFolder();
    await install(service, [CLIENT, `@temporalio/client@${SUPPORTED}`, ...BUNDLERS]);
    await service.write({ ...SERVICE, ...LAMBDA });
  });

  // What Temporal's client requires of Node.js needs a `require`, which an ES module does not have by itself.
  const banner =
    "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const AS = { cjs: [], mjs: ['--format=esm', banner] };

  describe.each(Object.keys(AS) as (keyof typeof AS)[])('by esbuild as .%s', (ending) => {
    const options = ['--bundle', '--platform=node', ...AS[ending]];

    it('a program', async () => {
      await service.bin('esbuild', `service.${ending}`, ...options, `--outfile=esbuild.${ending}`);
      expect(await service.run(`esbuild.${ending}`, await settings())).toBe('verified');
    });

    it('a function of AWS Lambda, which is called with a recorded event', async () => {
      await service.bin('esbuild', 'lambda.ts', ...options, `--outfile=lambda.${ending}`);
      expect(await service.run('invoke.mjs', { ...(await settings()), BUNDLE: `./lambda.${ending}` })).toBe('verified');
    });
  });

  it('by webpack', async () => {
    await service.write({
      'webpack.cjs': `
        require('webpack')(
          { mode: 'production', target: 'node', entry: './service.mjs', output: { path: __dirname, filename: 'webpacked.cjs' } },
          (error, stats) => {
            if (error || stats.hasErrors()) throw error ?? new Error(stats.toString({ all: false, errors: true }));
          },
        );`,
    });
    await service.run('webpack.cjs');
    expect(await service.run('webpacked.cjs', await settings())).toBe('verified');
  });
});

it('built and served by Next.js', async () => {
  const service = await newFolder();
  await install(service, [CLIENT, `@temporalio/client@${SUPPORTED}`, ...NEXT]);
  expect(await served(service, await settings())).toBe('verified');
});

describe('on Node.js', () => {
  let service: Consumer;
  beforeAll(async () => {
    service = await newFolder();
    await install(service, [CLIENT, `@temporalio/client@${SUPPORTED}`]);
    await service.write(SERVICE);
  });

  it.each(NODE_RELEASES)('%s', async (release) => {
    const node = await nodeOf(release);
    for (const file of ['service.mjs', 'service.cjs']) {
      expect(await service.run(file, await settings(), node), file).toBe('verified');
    }
  });
});

it.each([LOWEST, SUPPORTED])(
  'a Client of a second copy (%s) is refused in words, and nothing is sent',
  async (version) => {
    const [service, other] = [await newService(SUPPORTED), await newFolder()];
    await install(other, [`@temporalio/client@${version}`]);
    const copy = createRequire(join(other.folder, 'any.js')).resolve('@temporalio/client');
    await service.write({
      'second.cjs': `
      const { Client, Connection } = require(${JSON.stringify(copy)});
      const { VerificationClient } = require('@cognito-verification/client');
      const { clientDataConverter, keyRingFromSettings, userPoolsFromSettings } = require('@cognito-verification/client/codec');
      const connection = Connection.lazy({ address: process.env.TEMPORAL_ADDRESS });
      const client = new Client({ connection, dataConverter: clientDataConverter(keyRingFromSettings()) });
      try {
        new VerificationClient({ client, userPools: userPoolsFromSettings() });
      } catch (error) {
        console.log(error.code + ': ' + error.message);
      }
      connection.close();
    `,
    });
    const { COGNITO_USERNAME: username, ...rest } = await settings();
    const said = await service.run('second.cjs', rest);
    expect(said).toMatch(/^InvalidRequest: .*two copies of @temporalio\/client are installed/);
    expect(rig.sandbox.inbox().filter((message) => message.username === username)).toEqual([]);
  },
);
