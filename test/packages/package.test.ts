/** The packages that services install: their form, their types, and that they load. `matrix.test.ts` has the rest. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLIENT, type Consumer, install, newFolder, ROOT, SUPPORTED, TARBALLS, TESTING } from './consumer.js';

const run = promisify(execFile);

let service: Consumer;
beforeAll(async () => {
  service = await newFolder();
  const peers = ['client', 'common'].map((name) => `@temporalio/${name}@${SUPPORTED}`);
  await install(service, [CLIENT, TESTING, ...peers, '@types/node@20']);
});

const FORMS = [
  { name: 'client', entries: ['.', './texts', './codec', './contract'], sources: ['client/verification-client.ts'] },
  { name: 'testing', entries: ['.', './sandbox'], sources: ['testing/fake-verifications.ts', 'sandbox/server.ts'] },
] as const;

describe.each(FORMS)('the form of $name', ({ name, entries, sources }) => {
  const tarball = TARBALLS[name];
  const folder = join(ROOT, 'dist/packages', name);

  it('has no fault that publint knows', async () => {
    const { buffer } = new Uint8Array(await readFile(tarball));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has the types of each entry point for each module system', async () => {
    const { types, ...checked } = (await checkPackage(createPackageFromTarballData(await readFile(tarball)))) as {
      types: unknown;
      problems: unknown[];
      entrypoints: object;
    };
    expect(types).toBeTruthy();
    expect(checked.problems).toEqual([]);
    expect(Object.keys(checked.entrypoints)).toEqual(expect.arrayContaining([...entries]));
  });

  it('could be published', async () => {
    const { stdout } = await run('npm', ['publish', '--dry-run', '--offline', '--json', folder], { cwd: ROOT });
    const [published] = Object.values<{ files: { path: string }[] }>(JSON.parse(stdout));
    const files = published?.files.map(({ path }) => path) ?? [];
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'THIRD-PARTY-LICENSES.md', 'index.js.map']),
    );
  });

  it('has source maps that hold the sources', async () => {
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.js.map'));
    const maps = await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))));
    const all = maps.flatMap((map) => map.sources.map((source: string) => source.replace(/^(\.\.\/)+/, '')));
    expect(all).toEqual(expect.arrayContaining([...sources]));
    const contents = maps.flatMap((map) => map.sourcesContent);
    expect(contents.every((content: unknown) => typeof content === 'string' && content !== '')).toBe(true);
  });

  it('is not packed from the folder of its sources', async () => {
    const packed = run('npm', ['pack', '--dry-run', '--workspace', name], { cwd: ROOT });
    await expect(packed).rejects.toThrow(/npm run package/);
  });
});

describe('installed by npm', () => {
  it('compiles with skipLibCheck off, and has durations that are not any', async () => {
    const source = `
      import { errorResponse, VerificationClient, type VerificationPolicy } from '@cognito-verification/client';
      import { clientDataConverter, keyRingFromSettings, kmsKeyRing } from '@cognito-verification/client/codec';
      import { clientOf } from '@cognito-verification/client/connection';
      import { WORKFLOW_TYPE } from '@cognito-verification/client/contract';
      import { TEXTS } from '@cognito-verification/client/texts';
      import { FakeVerifications } from '@cognito-verification/testing';
      import { startSandbox } from '@cognito-verification/testing/sandbox';
      import { Client } from '@temporalio/client';
      export const fake = async () => new FakeVerifications({ sandbox: await startSandbox() });
      const client = new Client({ dataConverter: clientDataConverter(keyRingFromSettings()) });
      export const policy: VerificationPolicy = { deadline: '10 minutes', resendAfter: 60_000 };
      // @ts-expect-error
      export const wrong: VerificationPolicy = { deadline: 'a while' };
      export const answer = (error: unknown, { authorization }: { authorization?: string }, user: VerificationClient) =>
        authorization ? errorResponse(error).body.status?.state : user.forUser({ authorization });
      export const all = [new VerificationClient({ client, userPools: [] }), TEXTS, WORKFLOW_TYPE, kmsKeyRing, clientOf];
    `;
    await service.write({
      'types.mts': source,
      'types.cts': source,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'nodenext', strict: true, skipLibCheck: false, noEmit: true, types: ['node'] },
        files: ['types.mts', 'types.cts'],
      }),
    });
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', service.folder]);
  });

  it('is one copy for import and require', async () => {
    await service.write({
      'both.mjs': `
        import { createRequire } from 'node:module';
        const require = createRequire(import.meta.url);
        const client = ['', '/codec', '/connection', '/contract', '/texts'].map((entry) => 'client' + entry);
        for (const entry of [...client, 'testing', 'testing/sandbox']) {
          const name = '@cognito-verification/' + entry;
          const [imported, required] = [await import(name), require(name)];
          const names = Object.keys(required);
          if (names.length === 0) throw new Error(name + ' is empty');
          const other = names.filter((one) => imported[one] !== required[one]);
          if (other.length > 0) throw new Error(name + ' has twice: ' + other);
        }
        console.log('one copy');
      `,
    });
    expect(await service.run('both.mjs')).toBe('one copy');
  });

  it('reads no setting and no file when it is imported', async () => {
    await service.write({
      'reads.cjs': `
        const fs = require('node:fs');
        const read = [];
        // What Temporal's client reads is not ours: only the caller itself counts.
        const isOurs = () => new Error().stack.split('\\n')[3]?.includes('@cognito-verification');
        process.env = new Proxy(process.env, { get: (env, name) => (isOurs() && read.push(name), env[name]) });
        for (const name of ['readFileSync', 'existsSync', 'statSync', 'accessSync']) {
          const original = fs[name];
          fs[name] = (...args) => (isOurs() && read.push(args[0]), original(...args));
        }
        const { VerificationClient } = require('@cognito-verification/client');
        for (const entry of ['/codec', '/connection', '/contract', '/texts']) require('@cognito-verification/client' + entry);
        console.log(JSON.stringify(read));
        try { VerificationClient.fromSettings(); } catch {}
        console.log(read.length > 0);
      `,
    });
    expect(await service.run('reads.cjs')).toBe('[]\ntrue');
  });

  it("loads a few files of its own beside what Temporal's client loads", async () => {
    await service.write({
      'loads.cjs': `
        require('@temporalio/client');
        const before = new Set(Object.keys(require.cache));
        require('@cognito-verification/client');
        const loaded = Object.keys(require.cache).filter((file) => !before.has(file));
        console.log(JSON.stringify(loaded.map((file) => file.split('node_modules/').at(-1))));
      `,
    });
    const loaded: string[] = JSON.parse(await service.run('loads.cjs'));
    expect(loaded.filter((file) => !file.startsWith('@cognito-verification/client/'))).toEqual([]);
    expect(loaded.filter((file) => file.includes('signature-check'))).toEqual([]);
    expect(loaded.length).toBeLessThanOrEqual(7);
  });
});
