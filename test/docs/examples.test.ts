/** The TypeScript in the documentation and in the JSDoc of client and testing kit compiles, and the README's example does what the README says. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import * as clientPackage from '@cognito-verification/client';
import { TASK_QUEUE } from '@cognito-verification/contract';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { freePort } from '../../dev/free-port.js';
import { type Rig, startRig, startWorker } from '../rig.js';
import { blocks, PAGES, ROOT, read } from './pages.js';

/** What the examples in the client's JSDoc use without declaring it. */
const DECLARED = new Map([
  ['verifications', 'import("@cognito-verification/client").VerificationClient'],
  ['workflowId', 'string'],
  ['accessToken', 'string'],
  ['code', 'string'],
]);

/** The examples in the JSDoc of a source file, each as a module. */
async function examples(path: string): Promise<string[]> {
  return [...(await read(path)).matchAll(/@example\n\s*\* ```ts\n(.*?)\s*\* ```\n/gs)].map(([, lines = '']) => {
    const example = lines.replaceAll(/^\s*\* ?/gm, '');
    const needed = [...DECLARED].filter(([name]) => !new RegExp(`const (\\{[^}]*)?\\b${name}\\b`).test(example));
    return [...needed.map(([name, type]) => `declare const ${name}: ${type};`), example, 'export {};', ''].join('\n');
  });
}

/** The sources of the packages that a service imports. */
const SOURCES: string[] = [];
for (const folder of ['client', 'testing']) {
  for (const name of await readdir(join(ROOT, folder))) if (name.endsWith('.ts')) SOURCES.push(`${folder}/${name}`);
}

describe('the JSDoc of the client', () => {
  it('has an example of the client and of each of its methods', async () => {
    const documented = `${await read('client/verifications.ts')}${await read('client/verification-client.ts')}`;
    const methods = Object.getOwnPropertyNames(clientPackage.VerificationClient.prototype).filter(
      (name) => !['constructor', 'within', 'untilClosed'].includes(name),
    );
    for (const name of [...methods, 'static fromSettings']) {
      expect(documented, name).toMatch(new RegExp(`\\* \`\`\`\\n +\\*/\\n +${name}\\(`));
    }
  });
});

/** In dist, so that relative imports in a page's blocks find the compiled project, and no tool takes the blocks for sources. */
const COMPILED = join(ROOT, 'dist', 'documentation');

describe('the TypeScript of the pages and of the JSDoc', () => {
  beforeAll(async () => {
    await rm(COMPILED, { recursive: true, force: true });
    await mkdir(COMPILED, { recursive: true });
    const tsconfig = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { rootDir: '.', noUnusedLocals: false, composite: false, declaration: false, sourceMap: false },
      include: ['*.ts'],
    };
    await writeFile(join(COMPILED, 'tsconfig.json'), JSON.stringify(tsconfig));
    for (const path of PAGES.keys()) {
      const name = path
        .replace(/^docs\//, '')
        .replace(/\.md$/, '')
        .toLowerCase();
      for (const [index, block] of blocks(path, 'ts').entries()) {
        await writeFile(join(COMPILED, `${name}-${index + 1}.ts`), block);
      }
    }
    for (const path of SOURCES) {
      for (const [index, example] of (await examples(path)).entries()) {
        await writeFile(join(COMPILED, `jsdoc-${index + 1}-${path.replace('/', '-')}`), example);
      }
    }
  });

  it('compiles', { timeout: 120_000 }, async () => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--project', COMPILED]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  describe('the client of the pages', () => {
    let rig: Rig;
    let worker: Awaited<ReturnType<typeof startWorker>>;
    beforeAll(async () => {
      rig = await startRig('local');
      // The example names no task queue, so it uses the default one.
      worker = await startWorker(rig, createCognitoClients({ endpoint: rig.sandbox.url }), TASK_QUEUE);
      process.env['TEMPORAL_ADDRESS'] = rig.env.address;
      process.env['VERIFICATION_ENCRYPTION_KEYS'] = rig.keys;
      Object.assign(process.env, rig.settings);
    });
    afterAll(async () => {
      delete process.env['TEMPORAL_ADDRESS'];
      delete process.env['VERIFICATION_ENCRYPTION_KEYS'];
      for (const name of Object.keys(rig.settings)) delete process.env[name];
      await worker?.stop();
      await rig?.close();
    });

    it('sends a code, refuses a wrong one and verifies', async () => {
      const example = (await import(pathToFileURL(join(COMPILED, 'readme-1.js')).href)) as {
        verifications: clientPackage.VerificationClient;
        sendCode(accessToken: string, requestId: string): Promise<string | undefined>;
        checkCode(accessToken: string, code: string): Promise<string>;
      };
      onTestFinished(() => example.verifications.close());
      const user = await rig.user();
      const { accessToken } = user;
      expect(await example.sendCode(accessToken, 'request-1')).toBe('z***@e***');
      expect(await example.sendCode(accessToken, 'request-1')).toBe('z***@e***');
      const code = rig.sandbox.codeFor(user, 'email');
      expect(await example.checkCode(accessToken, code === '000000' ? '000001' : '000000')).toMatch(/^mismatch: 9 /);
      expect(await example.checkCode(accessToken, code)).toBe('Thank you.');
      expect(rig.sandbox.inbox(user)).toHaveLength(1);
    });

    it('is a whole service, which ends on SIGTERM', async () => {
      const [service = ''] = blocks('docs/onboarding-service.md', 'js');
      const file = join(COMPILED, 'sign-up.mjs');
      // On loopback only.
      await writeFile(file, service.replace('port:', "hostname: '127.0.0.1', port:"));
      const port = String(await freePort());
      const child = spawn(process.execPath, [file], {
        env: { ...process.env, PORT: port },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
      const user = await rig.user();
      const ask = async (method: string, path = '', body: string | null = null, token = user.accessToken) => {
        const url = `http://127.0.0.1:${port}/verifications/email${path}`;
        const response = await fetch(url, { method, body, headers: { authorization: `Bearer ${token}` } });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      };
      const started = { state: 'awaitingCode', delivery: { destination: 'z***@e***' } };
      await vi.waitFor(async () => expect(await ask('POST')).toMatchObject({ status: 200, body: started }), 20_000);
      expect(await ask('POST', '/resend')).toMatchObject({ status: 429, body: { code: 'ResendNotAllowed' } });
      const code = rig.sandbox.codeFor(user, 'email');
      const typed = (text?: string) => JSON.stringify({ code: text });
      for (const wrong of [`"${code}`, 'null', typed()])
        expect(await ask('POST', '/code', wrong)).toMatchObject({ status: 400, body: { code: 'InvalidRequest' } });
      expect(await ask('POST', '/code', typed(code))).toMatchObject({ status: 200, body: { result: 'verified' } });
      expect(await ask('GET')).toMatchObject({ status: 200, body: { state: 'verified' } });
      expect(await ask('GET', '', null, 'none')).toMatchObject({ status: 401, body: { code: 'AccessTokenRefused' } });
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(log).toContain('AccessTokenRefused');
      for (const secret of [code, user.accessToken]) expect(log).not.toContain(secret);
    });
  });
});
