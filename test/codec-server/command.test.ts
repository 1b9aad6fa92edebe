import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { workflowIdFor } from '@cognito-verification/client';
import { encryptionKey } from '@cognito-verification/codec';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { killRunning, runCli, runJson, startCli } from '../cli/run-cli.js';
import { type Rig, startRig } from '../rig.js';
import { SUBJECT, startIdentityProvider } from './identity-provider.js';
import { asWebUi, contentOf, json, sealed } from './running-codec-server.js';

const bytes = randomBytes(32);
const KEYS = { VERIFICATION_ENCRYPTION_KEYS: `key-1:${bytes.toString('base64')}` };
const KEY = encryptionKey('key-1', bytes);

afterAll(killRunning);

describe('cognito-verification codec-server', () => {
  test('prints its address, decodes, and ends on SIGTERM', async () => {
    const server = startCli(['codec-server', '--port', '0', '--json'], { env: KEYS });
    const { url } = JSON.parse(await server.firstLine) as { url: string };
    const answer = await asWebUi(url, [sealed(json({ code: '123456' }), KEY)]);
    expect(await contentOf(answer)).toEqual([{ code: '••••••' }]);
    server.child.kill('SIGTERM');
    const { code, stdout, stderr } = await server.ended;
    expect({ code, lines: stdout.split('\n').length, stderr }).toEqual({ code: 0, lines: 2, stderr: '' });
  });

  test('says where to enter its address, and ends on Ctrl-C', async () => {
    const server = startCli(['codec-server', '--port', '0'], { env: KEYS });
    expect(await server.firstLine).toMatch(/^The codec server listens on http:\/\/127\.0\.0\.1:\d+$/);
    server.child.kill('SIGINT');
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('http://localhost:8233, http://127.0.0.1:8233');
    expect(stdout).toContain('everyone on this machine');
  });

  test('logs each reveal with its caller and size on standard error', async () => {
    const provider = await startIdentityProvider();
    const { jwksUrl, issuer, audience } = provider.authorization;
    const settings = {
      VERIFICATION_CODEC_JWKS_URL: jwksUrl.href,
      VERIFICATION_CODEC_ISSUER: issuer,
      VERIFICATION_CODEC_AUDIENCE: audience,
      VERIFICATION_CODEC_PERMISSION: 'scope:codec.read',
      VERIFICATION_CODEC_REVEAL_PERMISSION: 'group:codec-reveal',
    };
    const server = startCli(['codec-server', '--port', '0', '--json'], { env: { ...KEYS, ...settings } });
    const { url } = JSON.parse(await server.firstLine) as { url: string };
    const headers = { Authorization: `Bearer ${await provider.token({ groups: ['codec-reveal'] })}` };
    const answer = await asWebUi(url, [sealed(json({ code: '123456' }), KEY)], { path: '/reveal/decode', headers });
    expect(await contentOf(answer)).toEqual([{ code: '123456' }]);
    server.child.kill('SIGTERM');
    const { stderr } = await server.ended;
    await provider.close();
    expect(JSON.parse(stderr)).toEqual({
      level: 'info',
      time: expect.any(String),
      message: 'Payloads revealed',
      subject: SUBJECT,
      namespace: 'default',
      remoteAddress: '127.0.0.1',
      payloads: 1,
      keyId: 'key-1',
      revealed: true,
    });
  });

  test('logs an uncaught error without its contents, and ends', async () => {
    // After it has printed its address.
    const crash = `const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (...line) => {
      setTimeout(() => {
        throw Object.assign(new Error(process.env.OPENED + '@example.com, code 739164'), { opened: process.env.OPENED });
      }, 100);
      return write(...line);
    };`;
    const server = startCli(['codec-server', '--port', '0', '--json'], {
      env: {
        ...KEYS,
        OPENED: 'canary-opened',
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}`,
      },
    });
    await server.firstLine;
    const { code, stdout, stderr } = await server.ended;
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 1, lines: 2 });
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', error: { message: '[email], code [digits]' } });
    expect(stderr).not.toContain('canary');
  });

  test('refuses to start without keys, without authorization and with a wrong level, and reports all three at once', async () => {
    const { code, document } = await runJson(['codec-server', '--host', '0.0.0.0', '--port', '0'], {
      env: { VERIFICATION_LOG_LEVEL: 'loud' },
    });
    expect(code).toBe(2);
    expect(document).toMatchObject({ error: { code: 'Configuration' } });
    const { problems } = (document as { error: { problems: { name: string }[] } }).error;
    expect(problems.map(({ name }) => name)).toEqual([
      'VERIFICATION_LOG_LEVEL',
      'VERIFICATION_ENCRYPTION_KEYS',
      'VERIFICATION_CODEC_JWKS_URL',
      'VERIFICATION_CODEC_ISSUER',
      'VERIFICATION_CODEC_AUDIENCE',
      'VERIFICATION_CODEC_PERMISSION',
    ]);
  });

  test('reports a port that is taken, and an invalid one, as wrong usage', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const result = await runCli(['codec-server', '--port', String(port)], { env: KEYS });
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(`--port: ${port} is taken`)]);
    occupant.close();
    expect((await runCli(['codec-server', '--port', '70000'], { env: KEYS })).code).toBe(2);
  });
});

describe('the temporal command', () => {
  let rig: Rig;
  let server: ReturnType<typeof startCli>;
  let url = '';
  beforeAll(async () => {
    rig = await startRig('local');
    server = startCli(['codec-server', '--port', '0', '--json'], { env: { VERIFICATION_ENCRYPTION_KEYS: rig.keys } });
    ({ url } = JSON.parse(await server.firstLine) as { url: string });
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.ended;
    await rig.close();
  });

  /** The server, and everything that it prints. */
  const temporal = async (...args: string[]) => {
    const all = [...args, '--address', rig.env.address, '--codec-endpoint', url, '--output', 'json'];
    const { stdout, stderr } = await promisify(execFile)(await temporalCli(), all, { maxBuffer: 16 * 1024 * 1024 });
    return stdout + stderr;
  };
  /** The last event, with the contents of its payloads. */
  const lastEvent = (shown: string) => {
    const { events } = JSON.parse(shown) as { events: Record<string, unknown>[] };
    return JSON.stringify(events.at(-1), (_name, value: unknown) =>
      typeof value === 'object' && value !== null && 'metadata' in value && 'data' in value
        ? (JSON.parse(Buffer.from(String(value.data), 'base64').toString()) as unknown)
        : value,
    );
  };

  test('shows the course and the outcome of a verification, without the token and the code', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const code = rig.sandbox.codeFor(user, 'email');
    await rig.client.submitCode(workflowId, { code });
    await rig.client.wait(workflowId);
    const output = await temporal('workflow', 'show', '--workflow-id', workflowId);
    const event = JSON.parse(lastEvent(output)) as Record<string, unknown>;
    expect(event).toMatchObject({
      workflowExecutionCompletedEventAttributes: {
        result: {
          payloads: [
            {
              outcome: 'verified',
              proof: 'accepted',
              status: { state: 'verified', attempts: [{ outcome: 'accepted' }] },
            },
          ],
        },
      },
    });
    const texts = payloadsIn(JSON.parse(output));
    expect(texts.length).toBeGreaterThan(8);
    expect(texts.filter((text) => text.includes('access token '))).not.toEqual([]);
    for (const text of [output, ...texts]) {
      expect(text).not.toContain(code);
      for (const part of user.accessToken.split('.')) expect(text).not.toContain(part);
    }
  });

  test('shows why a verification failed', async () => {
    const user = await rig.user();
    const words = `no such pool for ${user.accessToken} and zoe@example.com`;
    rig.sandbox.setFault({
      operation: 'GetUserAttributeVerificationCode',
      username: user.username,
      exception: { name: 'ResourceNotFoundException', message: words },
    });
    await expect(rig.start(user)).rejects.toMatchObject({ failure: { type: 'ResourceNotFoundException' } });
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    const output = await temporal('workflow', 'show', '--workflow-id', workflowId);
    expect(JSON.parse(lastEvent(output))).toMatchObject({
      workflowExecutionFailedEventAttributes: {
        failure: {
          encodedAttributes: { message: expect.stringMatching(/^no such pool for .* and \[email\]\./) },
          applicationFailureInfo: {
            type: 'ResourceNotFoundException',
            details: { payloads: [{ state: 'failed', failure: { type: 'ResourceNotFoundException' } }] },
          },
        },
      },
    });
  });

  test('shows sealed values through it, and seals through it', async () => {
    const input = JSON.stringify({ attributeName: 'email', code: '739164', policy: { maxSends: 3 } });
    const type = ['--type', 'attributeVerification', '--task-queue', 'nobody'];
    await temporal('workflow', 'start', '--workflow-id', 'sealed', ...type, '--input', input);

    const connection = await Connection.connect({ address: rig.env.address });
    const { events } = await new Client({ connection }).workflow.getHandle('sealed').fetchHistory();
    await connection.close();
    const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    expect(Buffer.from(payload?.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');

    const { input: shown } = (
      JSON.parse(await temporal('workflow', 'show', '--workflow-id', 'sealed')) as {
        events: { workflowExecutionStartedEventAttributes: { input: unknown } }[];
      }
    ).events[0]?.workflowExecutionStartedEventAttributes ?? { input: undefined };
    expect(await contentOf(Response.json(shown))).toEqual([
      { attributeName: 'email', code: '••••••', policy: { maxSends: 3 } },
    ]);
  });
});

/** The contents of each payload of a history, as text. */
function payloadsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('metadata' in value && 'data' in value) return [Buffer.from(String(value.data), 'base64').toString()];
  return Object.values(value).flatMap(payloadsIn);
}
