import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { findPython } from './find-python.js';

const rig = useRig('local');
const MINUTES = 60_000;
let python: string | undefined;

beforeAll(async () => {
  python = await findPython();
}, 10 * MINUTES);

/** The Python client as a child process: its output lines, and a way to send it codes. */
class PythonClient {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private errors = '';

  constructor(
    interpreter: string,
    user: SandboxUser,
    keys: NodeJS.ProcessEnv = { VERIFICATION_ENCRYPTION_KEYS: rig.keys },
  ) {
    this.process = spawn(interpreter, [join('test', 'python', 'verification_client.py')], {
      env: {
        PATH: process.env['PATH'],
        PYTHONDONTWRITEBYTECODE: '1',
        TEMPORAL_ADDRESS: rig.env.address,
        VERIFICATION_TASK_QUEUE: rig.taskQueue,
        COGNITO_ACCESS_TOKEN: user.accessToken,
        ...keys,
      },
    });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    this.process.stderr.on('data', (chunk) => {
      this.errors += String(chunk);
    });
  }

  async next(): Promise<Record<string, unknown>> {
    const line = await this.lines.next();
    if (line.done) throw new Error(`The client has ended: ${this.errors}`);
    return JSON.parse(line.value) as Record<string, unknown>;
  }

  submit(code: string): void {
    this.process.stdin.write(`${code}\n`);
  }

  stop(): void {
    this.process.kill();
  }

  async ended(): Promise<{ exitCode: number | null; errors: string }> {
    if (this.process.exitCode === null) await once(this.process, 'exit');
    return { exitCode: this.process.exitCode, errors: this.errors };
  }
}

it('a service in Python verifies an address with the codec of the samples and the same keys', async (context) => {
  if (python === undefined) context.skip('no python3 on this machine');
  const user = await rig.user();
  const client = new PythonClient(python ?? '', user);

  const started = await client.next();
  expect(started).toMatchObject({
    workflowId: expect.stringMatching(/^verify\/.+\/email$/),
    status: {
      state: 'awaitingCode',
      delivery: { destination: 'z***@e***', deliveryMedium: 'EMAIL' },
      attemptsLeft: 10,
    },
  });
  const workflowId = String(started['workflowId']);
  rig.started.add(workflowId);

  // The worker seals the message of a refusal, and Python opens it.
  client.submit('not a code');
  expect(await client.next()).toEqual({
    refused: { type: 'InvalidRequest', message: expect.stringContaining('code') },
  });
  const code = rig.sandbox.codeFor(user, 'email');
  client.submit(code === '000000' ? '000001' : '000000');
  expect(await client.next()).toMatchObject({ answer: { result: 'mismatch', status: { attemptsLeft: 9 } } });
  client.submit(code);
  expect(await client.next()).toMatchObject({ answer: { result: 'verified', status: { state: 'verified' } } });
  expect(await client.next()).toMatchObject({
    outcome: { outcome: 'verified', proof: 'accepted', status: { state: 'verified' } },
    verifiedValues: ['zoe@example.com'],
  });
  expect(await client.ended()).toEqual({ exitCode: 0, errors: '' });

  // Our client reads the verification that Python started, and no payload of it is in plain text.
  expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
  const history = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  const { input } = history.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
  expect(input?.payloads?.map(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString())).toEqual([
    'binary/encrypted',
  ]);
  // Another one counts what this one has used.
  const again = new PythonClient(python ?? '', user);
  expect(await again.next()).toMatchObject({ status: { state: 'alreadyVerified', sendsLeft: 4, attemptsLeft: 8 } });
  expect(await again.next()).toMatchObject({ outcome: { outcome: 'alreadyVerified' }, verifiedValues: [] });
  expect(await again.ended()).toEqual({ exitCode: 0, errors: '' });
  expect(Number(history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowExecutionTimeout?.seconds)).toBe(
    31 * 24 * 3_600,
  );

  const text = JSON.stringify(history, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  );
  for (const hidden of [user.accessToken, `"${code}"`, 'z***@e***', 'codeFormat'])
    expect(text.includes(hidden)).toBe(false);
});

it('a start in Python that meets a verification without attempts left opens the next one', async (context) => {
  if (python === undefined) context.skip('no python3 on this machine');
  const user = await rig.user();
  const { workflowId, run } = await rig.start(user, { maxAttempts: 1 });
  const code = rig.sandbox.codeFor(user, 'email');
  await rig.client.submitCode(workflowId, { code: code === '000000' ? '000001' : '000000' });
  // As on a local stack, whose keys are in a file.
  const file = join(await mkdtemp(join(tmpdir(), 'python-client-')), 'keys');
  await writeFile(file, `# the keys\n${rig.keys}\n`);
  const client = new PythonClient(python ?? '', user, { VERIFICATION_ENCRYPTION_KEYS_FILE: file });
  expect(await client.next()).toMatchObject({
    workflowId,
    status: { state: 'rateLimited', sends: [], attemptsLeft: 9, joined: false },
  });
  client.stop();
  await rm(dirname(file), { recursive: true });
  expect(await rig.client.wait({ workflowId, run })).toMatchObject({ outcome: 'expired', reason: 'AttemptsExhausted' });
});
