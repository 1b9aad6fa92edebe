/** The output of a worker process: its log, its metrics, and what it prints when it crashes. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { VerificationClient } from '@cognito-verification/client';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from '../../dev/free-port.js';
import { killRunning, runCli } from '../cli/run-cli.js';
import { startWorkerProcess, useRig } from '../rig.js';
import { TOKEN } from '../sample-token.js';

const rig = useRig('local');
afterAll(killRunning);

/** The text in base64 at each alignment, without the characters that it shares with its neighbours. */
function inBase64(text: string): string[] {
  return [0, 1, 2]
    .map((shift) =>
      Buffer.from(' '.repeat(shift) + text)
        .toString('base64')
        .slice(4 * Math.ceil(shift / 3), 4 * Math.floor((shift + text.length) / 3)),
    )
    .filter((encoded) => encoded.length >= 8);
}

describe('a worker that logs everything and serves metrics', () => {
  it('reports verifications, and no token, code or task token', async () => {
    const metricsAddress = `localhost:${await freePort()}`;
    const settings = { VERIFICATION_LOG_LEVEL: 'trace', VERIFICATION_METRICS_ADDRESS: metricsAddress };
    Object.assign(process.env, settings);
    const taskQueue = `${rig.taskQueue}-telemetry`;
    const worker = await startWorkerProcess(rig, taskQueue);
    for (const name of Object.keys(settings)) delete process.env[name];

    const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
    const user = await rig.user();
    const { accessToken, username } = user;
    const wrongCode = '135790';
    const quoting = { message: `Value '${accessToken}' or '${wrongCode}' is wrong` };
    rig.sandbox.setFault({
      operation: 'GetUserAttributeVerificationCode',
      username,
      times: 1,
      exception: { name: 'TooManyRequestsException', ...quoting },
    });
    const { workflowId } = await client.start({ accessToken, attributeName: 'email' });
    rig.sandbox.setFault({
      operation: 'VerifyUserAttribute',
      username,
      times: 1,
      exception: { name: 'NotAuthorizedException', ...quoting },
    });
    await client.submitCode(workflowId, { code: wrongCode });
    // Cognito has refused the first one, so that it is never used again.
    const fresh = await rig.sandbox.issueAccessToken(user);
    await client.renewAccessToken(workflowId, { accessToken: fresh });
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });

    const metrics = await (await fetch(`http://${metricsAddress}/metrics`)).text();
    await worker.end('SIGTERM');
    const log = worker.output.join('');
    const lines = log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ message: 'Workflow started', workflowId, level: 'debug' }));
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'Activity failed',
        workflowId,
        error: expect.objectContaining({ name: 'ApplicationFailure', type: 'NotAuthorizedException' }),
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ sdkComponent: 'core', level: 'debug', workflowId }));
    for (const level of ['trace', 'debug', 'info']) expect(lines.map((line) => line['level'])).toContain(level);
    expect(lines.filter((line) => line['sdkComponent'] === 'core' && line['level'] === 'trace')).toEqual([]);

    expect(metrics).toMatch(/^temporal_workflow_completed_total\{.*workflow_type="attributeVerification".*\} 1$/m);
    expect(metrics).toMatch(/^temporal_activity_execution_latency_seconds_bucket/m);
    expect(metrics).toMatch(/^verification_ended_total\{.*outcome="verified".*\} 1$/m);
    expect(metrics).toMatch(/^verification_calls_total\{.*outcome="accessTokenRejected".*\} 1$/m);
    // Task tokens begin with the ids of the workflow and of its namespace.
    const secrets = [
      accessToken,
      fresh,
      wrongCode,
      code,
      'askToken',
      ...[accessToken, fresh, wrongCode, code, workflowId].flatMap(inBase64),
    ];
    expect(secrets.length).toBeGreaterThan(10);
    for (const secret of secrets)
      expect([log.includes(secret), metrics.includes(secret)], secret).toEqual([false, false]);
    for (const personal of [workflowId, username]) expect(metrics).not.toContain(personal);
  });
});

describe('an address for metrics', () => {
  it.each(['127.0.0.1', 'no.such.host.invalid'])(
    'of %s, where nothing can listen, is a wrong setting',
    async (host) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const { code, stdout, stderr } = await runCli(['worker'], {
        env: {
          TEMPORAL_ADDRESS: rig.env.address,
          ...rig.settings,
          VERIFICATION_ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
          VERIFICATION_METRICS_ADDRESS: `${host}:${port}`,
        },
      });
      server.close();
      expect(stderr).toMatch(new RegExp(`^error: VERIFICATION_METRICS_ADDRESS: found "${host}:${port}".*; allowed: `));
      expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toMatchObject({
        code: 2,
        stdout: '',
        lines: 1,
      });
    },
  );
});

describe('an uncaught error', () => {
  it.each([
    ['uncaughtException', 'setTimeout(() => { throw error; })'],
    ['unhandledRejection', 'void Promise.reject(error)'],
  ])('%s goes to the log, redacted, and ends the process', async (reason, thrown) => {
    const url = (path: string) => JSON.stringify(new URL(`../../dist/log/${path}.js`, import.meta.url).href);
    const script = `
      const { createLogger } = await import(${url('logger')});
      const { logUncaught } = await import(${url('log-uncaught')});
      const logger = createLogger('info');
      logUncaught({ logger, flush: () => logger.info('collected') });
      const error = Object.assign(new Error('${TOKEN} and 135790'), { accessToken: '${TOKEN}', code: '135790x' });
      ${thrown};
      setTimeout(() => {}, 60_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    const [code] = await once(child, 'close');
    const [collected, last, ...more] = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(collected).toMatchObject({ message: 'collected' });
    expect(last).toMatchObject({ level: 'error', reason, error: { message: '[token] and [digits]' } });
    expect({ code, more }).toEqual({ code: 1, more: [] });
    expect(stderr).not.toContain(TOKEN.slice(0, 20));
  });
});

it('a warning of Node.js or of a library is a line of the log', async () => {
  const url = (path: string) => JSON.stringify(new URL(`../../dist/log/${path}.js`, import.meta.url).href);
  const script = `
    const { createLogger } = await import(${url('logger')});
    const { logWarnings } = await import(${url('log-uncaught')});
    logWarnings(createLogger('info'));
    process.emitWarning('Two lines\\nabout ${TOKEN}', 'OldNodeWarning');`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(JSON.parse(stderr)).toMatchObject({
    level: 'warn',
    reason: 'OldNodeWarning',
    message: expect.stringMatching(/^Two lines.about \[token\]$/s),
  });
});
