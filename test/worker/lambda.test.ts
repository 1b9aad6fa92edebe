/**
 * The function of AWS Lambda, invoked as the service does: each invocation a process of its own with an event and a context, and one that
 * has ended is followed by another. AWS itself has not run it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { VerificationClient } from '@cognito-verification/client';
import { expect, it, onTestFinished } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';

const FUNCTION = fileURLToPath(new URL('../../dist/bundled/lambda.cjs', import.meta.url));
const SEND = 'GetUserAttributeVerificationCode';
const SECONDS = 1_000;
const GRACE = { VERIFICATION_SHUTDOWN_GRACE_TIME: '8 seconds' };
/** The function's time-out: with 13 s to end, an invocation works for 6 s. */
const TIME_OUT_MS = 19 * SECONDS;
const WORKS_MS = 6 * SECONDS;
/** Longer than what is left to the first invocation after its start, and shorter than that and its grace time. */
const HELD_MS = 9 * SECONDS;

const rig = useRig('local');

interface Invocation {
  readonly child: ChildProcess;
  readonly startedAt: number;
  /** Milliseconds from its start to its first poll. */
  readonly polls: Promise<number>;
  /** Milliseconds from its start to its end, and how it ended. */
  readonly ended: Promise<{ afterMs: number; code: number | null; output: string }>;
}

function invoke(env: NodeJS.ProcessEnv, timeOutMs = TIME_OUT_MS): Invocation {
  const code = `const until = Date.now() + ${timeOutMs};
    require(${JSON.stringify(FUNCTION)}).handler({}, { awsRequestId: '${randomUUID()}',
      invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:verification:1',
      getRemainingTimeInMillis: () => until - Date.now() });`;
  const child = spawn(process.execPath, ['-e', code], {
    env: { PATH: process.env['PATH'], AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, with the worker.
    detached: true,
  });
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([status]: (number | null)[]) => ({
    afterMs: since(),
    code: status ?? null,
    output,
  }));
  const polls = new Promise<number>((resolve, reject) => {
    child.stdout.once('data', () => resolve(since()));
    void ended.then(({ code: status }) => reject(new Error(`ended with ${status} before it polled: ${output}`)));
  });
  polls.catch(() => undefined);
  return { child, startedAt, polls, ended };
}

/** For an invocation that a failed test has left. */
function endWithChildren({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}

it('200 verifications over several invocations, one of which ends in the middle of a send', {
  timeout: 180_000,
}, async () => {
  const taskQueue = `lambda-${randomUUID()}`;
  const env = {
    TEMPORAL_ADDRESS: rig.env.address,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    VERIFICATION_TASK_QUEUE: taskQueue,
    VERIFICATION_DESTINATION_PER_HOUR: '1000',
    VERIFICATION_DESTINATION_PER_DAY: '1000',
    ...GRACE,
    ...rig.settings,
  };
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const users = await Promise.all(Array.from({ length: 200 }, async () => await rig.user()));
  const [held, ...others] = users;
  if (held === undefined) throw new Error('no user');
  let askedAgain = 0;
  const verify = async (user: SandboxUser) => {
    const attributeName = 'email';
    const { workflowId, status } = await client.start(
      { accessToken: user.accessToken, attributeName, policy: { resendCooldown: '1 second' } },
      { timeout: '1 minute' },
    );
    // Temporal may give a task to a poll that a worker gives up as it ends: nobody makes that call, it counts as uncertain after its
    // time, and its user asks again. The busier the machine, the more often.
    if (status.deliveryUncertain && rig.sandbox.inbox(user).length === 0) {
      askedAgain += 1;
      await sleep(Math.max(0, Date.parse(status.resendAllowedAt ?? '') - Date.now()));
      await client.resendCode(workflowId, {}, { timeout: '1 minute' });
    }
    const code = rig.sandbox.codeFor(user, attributeName);
    return (await client.submitCode(workflowId, { code }, { timeout: '1 minute' })).result;
  };

  const invocations = [invoke(env)];
  const done = new AbortController();
  onTestFinished(() => {
    done.abort();
    for (const { child } of invocations) endWithChildren(child);
  });
  // As the service: an invocation that ends is followed by another as long as there is work.
  const serving = (async () => {
    for (
      let last = invocations[0];
      last && !done.signal.aborted && invocations.length < 20;
      last = invocations.at(-1)
    ) {
      await last.ended;
      if (!done.signal.aborted) invocations.push(invoke(env));
    }
  })();
  await invocations[0]?.polls;
  rig.sandbox.setFault({ operation: SEND, username: held.username, latencyMs: HELD_MS, times: 1, afterEffect: true });
  const heldStartedAt = performance.now();
  const heldResult = verify(held);

  // Few people at a time, so that they come over several invocations.
  const queue = [...others];
  const results: string[] = [];
  const lanes = Array.from({ length: 4 }, async () => {
    for (let user = queue.shift(); user !== undefined; user = queue.shift()) results.push(await verify(user));
  });
  await Promise.all(lanes);
  expect(await heldResult).toBe('verified');
  done.abort();
  await serving;
  const [first] = invocations;
  const ends = await Promise.all(invocations.map(async ({ ended }) => await ended));

  expect(results).toEqual(others.map(() => 'verified'));
  expect(users.filter((user) => rig.sandbox.inbox(user).length !== 1)).toEqual([]);
  // The first one was told to end while the send was under way, and ended after it.
  const heldUntil = heldStartedAt + HELD_MS - (first?.startedAt ?? 0);
  const [end] = ends;
  expect(heldStartedAt - (first?.startedAt ?? 0)).toBeLessThan(WORKS_MS);
  expect(end?.afterMs).toBeGreaterThan(heldUntil);
  expect(heldUntil).toBeGreaterThan(WORKS_MS + SECONDS);
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
  expect(end?.afterMs).toBeLessThan(TIME_OUT_MS);
  expect(invocations.length).toBeGreaterThan(2);
  expect(askedAgain).toBeLessThan(10);
  const cold = await Promise.all(invocations.map(async ({ polls }) => Math.round(await polls)));
  console.info(
    `${invocations.length} invocations; ${askedAgain} users asked again; from the start of the process to the first poll: ${cold.join(', ')} ms`,
  );
});

it('a time-out that leaves no time is refused before anything starts', async () => {
  const { code, output } = await invoke(GRACE, 17 * SECONDS).ended;
  expect(code).toBe(1);
  expect(output).toContain('it must be 18 s at least');
});

it('a worker that cannot start fails the invocation, so that Lambda tries again and an alarm sees it', async () => {
  const { code, output } = await invoke({ VERIFICATION_ENCRYPTION_KEYS: '' }, 60 * SECONDS).ended;
  expect(code).toBe(1);
  expect(output).toContain('VERIFICATION_USER_POOLS');
  expect(output).toContain('The worker ended with exit code 2; its log says why.');
});
