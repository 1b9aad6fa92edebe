/** A verification through the command line alone, against a real Temporal server, the worker and the Cognito sandbox. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workflowIdFor } from '@cognito-verification/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Line } from '../faults/line.js';
import { type Rig, type SandboxUser, startRig } from '../rig.js';
import { killRunning, runCli, runJson, startCli } from './run-cli.js';

let rig: Rig;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  rig = await startRig('local');
  folder = await mkdtemp(join(tmpdir(), 'cli-test-'));
  env = {
    TEMPORAL_ADDRESS: rig.env.address,
    VERIFICATION_TASK_QUEUE: rig.taskQueue,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    ...rig.settings,
  };
});
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true });
  await rig.close();
});

const START = ['start', '--attribute', 'email'];

async function started(...options: string[]): Promise<{ user: SandboxUser; id: string; code: string }> {
  const user = await rig.user();
  const { code } = await runCli([...START, ...options], { env, stdin: user.accessToken });
  expect(code).toBe(0);
  return {
    user,
    id: workflowIdFor({ ...user, attributeName: 'email' }),
    code: rig.sandbox.codeFor(user, 'email'),
  };
}

const wrong = (code: string) => (code === '000000' ? '111111' : '000000');

describe('a verification for a program', () => {
  it('is started, receives codes and is waited for', async () => {
    const user = await rig.user();
    const id = workflowIdFor({ ...user, attributeName: 'email' });
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, `${user.accessToken}\n`);

    expect(await runJson([...START, '--access-token-file', tokenFile], { env })).toMatchObject({
      code: 0,
      document: { workflowId: id, status: { state: 'awaitingCode', delivery: { deliveryMedium: 'EMAIL' } } },
      stderr: '',
    });
    expect(await runJson(['status', id], { env })).toMatchObject({ code: 0, document: { workflowId: id } });

    const code = rig.sandbox.codeFor(user, 'email');
    expect(await runJson(['submit', id], { env, stdin: wrong(code) })).toMatchObject({
      code: 1,
      document: { result: 'mismatch', status: { attemptsLeft: 9 } },
    });
    expect(await runJson(['submit', id], { env: { ...env, VERIFICATION_CODE: code } })).toMatchObject({
      code: 0,
      document: { result: 'verified', status: { state: 'verified' } },
    });
    expect(await runJson(['wait', id], { env })).toMatchObject({
      code: 0,
      document: { outcome: 'verified', proof: 'accepted' },
    });
    expect(await runJson(['submit', id], { env, stdin: code })).toMatchObject({
      code: 1,
      document: { error: { code: 'VerificationEnded', outcome: { outcome: 'verified' } } },
    });
  });

  it('takes its policy from the options', async () => {
    const user = await rig.user();
    const policy = ['--deadline', '1h', '--max-sends', '2', '--max-attempts', '3', '--code-lifetime', '5m'];
    const token = { ...env, COGNITO_ACCESS_TOKEN: user.accessToken };
    const { document } = await runJson([...START, ...policy], { env: token });
    expect(document).toMatchObject({ status: { sendsLeft: 1, attemptsLeft: 3 } });
    expect(await runJson([...START, '--max-sends', '21'], { env: token })).toMatchObject({
      code: 2,
      document: { error: { code: 'Usage', message: expect.stringMatching(/--max-sends.*from 1 to 20/) } },
    });
  });

  it('sends nothing if Cognito has already sent a code', async () => {
    const user = await rig.user();
    const { document } = await runJson([...START, '--already-sent', 'z***@e***'], { env, stdin: user.accessToken });
    expect(document).toMatchObject({ status: { state: 'awaitingCode', delivery: { destination: 'z***@e***' } } });
    expect(rig.sandbox.inbox(user)).toEqual([]);
  });

  it('refuses a re-send during the cool-down and says when the next is allowed', async () => {
    const { id } = await started();
    expect(await runJson(['resend', id], { env })).toMatchObject({
      code: 1,
      document: { error: { code: 'ResendNotAllowed', reason: 'cooldown', allowedAt: expect.any(String) } },
    });
  });

  it('accepts a fresh token', async () => {
    const { id, user } = await started();
    const stdin = await rig.sandbox.issueAccessToken(user);
    expect(await runJson(['renew-token', id], { env, stdin })).toMatchObject({ code: 0, document: { workflowId: id } });
  });

  it('is confirmed without a code', async () => {
    const { id } = await started('--confirmation', 'trust');
    expect(await runJson(['confirm', id, '--reference', 'signup-1'], { env })).toMatchObject({ code: 0 });
    expect(await runJson(['wait', id], { env })).toMatchObject({ code: 0, document: { reference: 'signup-1' } });
  });

  it('is cancelled, which is not a success', async () => {
    const { id } = await started();
    expect(await runJson(['cancel', id], { env })).toMatchObject({ code: 0 });
    expect(await runJson(['wait', id], { env })).toMatchObject({ code: 1, document: { outcome: 'cancelled' } });
  });

  it('that was never started is not found', async () => {
    expect(await runJson(['status', `verify/${rig.sandbox.userPoolIds()[0]}/x/email`], { env })).toMatchObject({
      code: 1,
      document: { error: { code: 'VerificationNotFound' } },
    });
  });

  it('that has no such run says so, and that there are others', async () => {
    const { id } = await started();
    for (const call of ['status', 'wait', 'cancel']) {
      expect(await runJson([call, id, '--run', '01a2b3c4-0000-7000-8000-000000000000'], { env }), call).toMatchObject({
        code: 1,
        document: {
          error: {
            code: 'VerificationNotFound',
            message: expect.stringMatching(/has no run 01a2b3c4.*Leave the run out/),
          },
        },
      });
    }
    expect(await runJson(['status', id], { env })).toMatchObject({ document: { status: { state: 'awaitingCode' } } });
  });

  it('that Cognito refuses says why', async () => {
    const user = await rig.user();
    rig.sandbox.deleteUser(user);
    expect(await runJson(START, { env, stdin: user.accessToken })).toMatchObject({
      code: 1,
      document: { error: { code: 'VerificationFailed', failure: { type: 'UserNotFoundException' } } },
    });
  });

  it('appears in the list', async () => {
    const { id, user } = await started();
    const list = async () =>
      (await runJson(['list', '--user-pool', user.userPoolId, '--open', '--limit', '1'], { env })).document;
    await expect
      .poll(list, { timeout: 20_000 })
      .toMatchObject([{ workflowId: id, state: 'codePending', executionStatus: 'RUNNING' }]);
  });
});

describe('a verification for a person', () => {
  it('is a card that says what to type next', async () => {
    const user = await rig.user();
    const id = workflowIdFor({ ...user, attributeName: 'email' });
    const { stdout } = await runCli(START, { env, stdin: user.accessToken });
    expect(stdout).toMatch(/^awaitingCode {2}email/);
    expect(stdout).toMatch(/Sent to +\S+@\S+ \(EMAIL\)/);
    expect(stdout).toContain(`Next              node dist/program/main.cjs submit ${id}`);
    const code = rig.sandbox.codeFor(user, 'email');
    expect((await runCli(['submit', id], { env, stdin: wrong(code) })).stdout).toContain('The code was wrong.');
    // As some messages print it, and as people paste it.
    const pasted = ` ${code.slice(0, 3)} ${code.slice(3)}\n`;
    expect((await runCli(['submit', id], { env, stdin: pasted })).stdout).toContain('The code was right.');
    expect((await runCli(['wait', id], { env })).stdout).toMatch(/^verified {2}email/);
  });
});

describe('waiting', () => {
  it('ends with exit code 4 at the timeout', async () => {
    const { id } = await started();
    expect(await runJson(['wait', id, '--timeout', '1s'], { env })).toMatchObject({
      code: 4,
      document: { error: { code: 'VerificationOpen', status: { state: 'awaitingCode' } } },
    });
  });

  it('ends with exit code 130 on Ctrl-C, and says that the verification continues', async () => {
    const { id } = await started();
    const { child, ended } = startCli(['wait', id], { env });
    // It prints nothing before it has an outcome. By now it is waiting; an earlier interrupt may end it without an exit code.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGINT');
    expect(await ended).toEqual({
      code: 130,
      stdout: '',
      stderr: `Interrupted. The verification goes on: node dist/program/main.cjs wait ${id}\n`,
    });
    expect(await runJson(['status', id], { env })).toMatchObject({ document: { status: { state: 'awaitingCode' } } });
  });

  it('says soon that Temporal has gone away', async () => {
    const { id } = await started();
    const line = await Line.to(Number(rig.env.address.split(':').at(-1)));
    const address = `127.0.0.1:${line.port}`;
    const { ended } = startCli(['wait', id], { env: { ...env, TEMPORAL_ADDRESS: address } });
    // Counts the connection at its first answer. A moment later the command is waiting.
    line.set('slow');
    await expect.poll(() => line.hit).toBe(1);
    line.set(undefined);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await line.close();
    const closedAtMs = Date.now();
    expect(await ended).toEqual({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining(
        `error: Cannot reach the Temporal Service at ${address} without TLS: connect ECONN`,
      ),
    });
    expect(Date.now() - closedAtMs).toBeLessThan(3_000);
  });
});
