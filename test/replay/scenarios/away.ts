/** Cognito unreachable, workers that are away, die or lack a key, and forged answers. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cognitoTaskQueue } from '@cognito-verification/contract';
import { freePort } from '../../../dev/free-port.js';
import type { SandboxUser } from '../../../sandbox/index.js';
import { ATTEMPT, type Opened, SEND } from '../../lifecycle/time-travel.js';
import { type Apart, type CorpusRig, IDENTITY, lackingKeyRing, tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';

const SOON_MS = 5_000;
const CALLED_WITHIN_MS = 60_000;

/** A port without a listener until it is opened; then it leads to the sandbox. */
async function closedPort(rig: CorpusRig) {
  const port = await freePort();
  const target = new URL(rig.base.sandbox.url);
  const server = createServer((socket) => {
    const onward = connect(Number(target.port), target.hostname);
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    open: async () => {
      await once(server.listen(port, '127.0.0.1').unref(), 'listening');
    },
  };
}

const unreachable: Scenario[] = [
  {
    name: 'send-connection-refused',
    edges: ['a send: connection-refused'],
    play: async (rig) => {
      const port = await closedPort(rig);
      const apart = await rig.apart({ endpoint: port.endpoint });
      const opened = await rig.openApart(apart, await rig.user());
      await sleep(2_000);
      await port.open();
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      return opened.id;
    },
  },
  {
    name: 'attempt-connection-refused',
    edges: ['an attempt: connection-refused', 'submitCode: refused, CognitoUnavailable'],
    slow: true,
    play: async (rig) => {
      const [closed, apart] = [await closedPort(rig), await rig.apart()];
      const opened = await rig.openApart(apart, await rig.user());
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await apart.leave();
      const cutOff = await rig.apart({ endpoint: closed.endpoint, taskQueue: apart.taskQueue });
      await tolerated(cutOff.client.submitCode(opened.id, { code: rig.code(opened) }));
      return opened.id;
    },
  },
];

/** A worker in a process of its own that will be killed. */
async function doomedWorker(
  rig: CorpusRig,
  { userPoolId }: SandboxUser,
): Promise<{ apart: Apart; child: ChildProcess }> {
  const apart = await rig.apart({ away: true });
  const program = fileURLToPath(new URL('../doomed-worker.js', import.meta.url));
  const child = fork(program, [rig.base.env.address, apart.taskQueue, rig.base.sandbox.url, userPoolId]);
  // A scenario that fails before the kill leaves it behind, and the recording would wait for it.
  child.unref();
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child, 'message');
  child.channel?.unref();
  return { apart, child };
}

const killed: Scenario[] = [
  {
    name: 'send-worker-killed',
    edges: ['a send: worker-killed'],
    slow: true,
    play: async (rig) => {
      const user = await rig.user();
      const { apart, child } = await doomedWorker(rig, user);
      rig.fault(user, SEND, { latencyMs: 30_000, afterEffect: true });
      const opened = await rig.openApart(apart, user);
      await untilCalled(rig, opened, 'sends', 1);
      await killAndReplace(apart, child);
      await rig.until(opened, ({ state }) => state === 'awaitingCode').catch(() => undefined);
      await rig.until(opened, ({ deliveryUncertain }) => deliveryUncertain);
      return opened.id;
    },
  },
  {
    name: 'attempt-worker-killed',
    edges: ['an attempt: worker-killed'],
    slow: true,
    play: async (rig) => {
      // A local attempt would leave nothing of the worker that was killed.
      const user = await rig.user({ emailVerified: true });
      const { apart, child } = await doomedWorker(rig, user);
      const opened = await rig.openApart(apart, user, { reverify: true });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      rig.fault(user, ATTEMPT, { latencyMs: 30_000, afterEffect: true, times: 1 });
      const answer = tolerated(apart.client.submitCode(opened.id, { code: rig.code(opened) }));
      await untilCalled(rig, opened, 'attempts', 1);
      await killAndReplace(apart, child);
      await answer;
      return opened.id;
    },
  },
];

async function untilCalled(rig: CorpusRig, opened: Opened, kind: 'sends' | 'attempts', times: number): Promise<void> {
  for (const endMs = Date.now() + CALLED_WITHIN_MS; rig.calls(opened)[kind] < times; await sleep(100)) {
    if (Date.now() > endMs) throw new Error(`Cognito has seen fewer than ${times} ${kind}`);
  }
}

async function killAndReplace(apart: Apart, child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await apart.comeBack();
}

const nobody: Scenario[] = [
  {
    name: 'no-worker-for-an-attempt',
    edges: ['no worker for a call'],
    slow: true,
    play: async (rig) => {
      const apart = await rig.apart();
      const opened = await rig.openApart(apart, await rig.user());
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await apart.leave();
      const lame = await rig.apart({ taskQueue: apart.taskQueue, workflowsOnly: true });
      await tolerated(lame.client.submitCode(opened.id, { code: rig.code(opened) }));
      return opened.id;
    },
  },
  {
    name: 'an-answer-that-nothing-opens',
    edges: ['an answer to a call that nothing opens'],
    play: async (rig) => {
      const bytes = (text: string) => new TextEncoder().encode(text);
      return await answeredBySomebodyElse(rig, () =>
        Promise.resolve([{ metadata: { encoding: bytes('json/plain') }, data: bytes('{}') }]),
      );
    },
  },
  {
    name: 'an-answer-of-an-earlier-run',
    edges: ['an answer to a call of an earlier run'],
    play: async (rig) => {
      const answer = { delivery: { destination: 'z***@e***', deliveryMedium: 'EMAIL' }, runId: 'an earlier one' };
      return await answeredBySomebodyElse(rig, (place) => rig.sealed(answer, place));
    },
  },
  {
    name: 'a-call-by-a-worker-without-the-key',
    edges: ['a call whose input its worker could not open'],
    raced: true,
    play: async (rig) => {
      const workflows = await rig.apart({ workflowsOnly: true });
      const { taskQueue } = workflows;
      const keyless = await rig.apart({ taskQueue, callsWith: lackingKeyRing() });
      const opened = await rig.openApart(workflows, await rig.user());
      await sleep(SOON_MS);
      await keyless.leave();
      await rig.apart({ taskQueue, callsWith: rig.base.keyRing });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      return opened.id;
    },
  },
];

type Payloads = Awaited<ReturnType<CorpusRig['sealed']>>;

/** A send that is answered by an attacker who may write to the namespace. */
async function answeredBySomebodyElse(
  rig: CorpusRig,
  answer: (place: { workflowId: string; activityId: string }) => Promise<Payloads>,
): Promise<string> {
  const lame = await rig.apart({ workflowsOnly: true });
  const opened = await rig.openApart(lame, await rig.user());
  const service = rig.base.env.client.workflowService;
  const common = { namespace: 'default', identity: IDENTITY };
  const taskQueue = { name: cognitoTaskQueue(lame.taskQueue) };
  const poll = () => service.pollActivityTaskQueue({ ...common, taskQueue });
  const { taskToken, activityId } = await rig.base.env.connection.withDeadline(Date.now() + 30_000, poll);
  const payloads = await answer({ workflowId: opened.id, activityId });
  await service.respondActivityTaskCompleted({ ...common, taskToken, result: { payloads } });
  await rig.until(opened, ({ deliveryUncertain }) => deliveryUncertain);
  return opened.id;
}

export const AWAY: readonly Scenario[] = [...unreachable, ...killed, ...nobody];
