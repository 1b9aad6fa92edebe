/**
 * The process that calls: an onboarding service with many users at once. Another revision runs this file too (`revision.ts`), so
 * it imports only what f147f3d has.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetUserAttributeVerificationCodeCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { Client, Connection } from '@temporalio/client';
import { createCognitoClients } from '../activities/cognito-clients.js';
import type { SandboxUser } from '../sandbox/index.js';
import { startBare } from './bare-client.js';
import type { Answer, ProcessOptions, Task } from './processes.js';

/** A verification after its code was sent. */
interface Begun {
  readonly workflowId: string;
  /** Submits the right code; resolves with the verdict. */
  submit(): Promise<void>;
}

/** With 64 in flight a slow machine takes longer than the default. Each revision takes the option that it knows. */
const PATIENT = { timeout: '3 minutes', waitForDelivery: '3 minutes' } as const;

const options: ProcessOptions = JSON.parse(process.argv[2] ?? '{}');
const { address, taskQueue, cognitoUrl, userPoolId, kind, code } = options;
const open: Begun[] = [];
const begin = { product: byProduct, barest: byBarest, direct: byDirectCalls }[kind]();

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
process.on('message', (task: Task) => {
  perform(task).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
const ready = await begin;
process.send?.('ready');

async function perform({
  users = [],
  inFlight = 1,
  everyMs = 0,
  restMs = 0,
  leaveOpen,
  submitOpen = 0,
}: Task): Promise<Answer> {
  const [beginMs, submitMs, workflowIds]: [number[], number[], string[]] = [[], [], []];
  const startedAt = performance.now();
  const failures: string[] = [];
  const keepFailure = (error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    failures.push(`${String(error)}${cause}`);
  };
  const verify = async (user: SandboxUser, i: number) => {
    await sleep(startedAt + i * everyMs - performance.now());
    const begun = await timed(beginMs, () => ready(user));
    workflowIds.push(begun.workflowId);
    if (leaveOpen) {
      open.push(begun);
      return;
    }
    if (restMs > 0) await sleep(restMs);
    await timed(submitMs, () => begun.submit());
  };
  await atOnce(users, inFlight, (user, i) => verify(user, i).catch(keepFailure));
  const due = open.splice(0, submitOpen);
  await atOnce(due, inFlight, (begun) => timed(submitMs, () => begun.submit()).catch(keepFailure));
  const { user, system } = process.cpuUsage();
  const usage = { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss(), cached: 0 };
  return { ...usage, beginMs, submitMs, wallMs: performance.now() - startedAt, workflowIds, failures };
}

async function atOnce<T>(items: readonly T[], most: number, work: (item: T, index: number) => Promise<void>) {
  // All of them take from one iterator.
  const rest = items.entries();
  const takeFrom = async () => {
    for (const [index, item] of rest) await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, takeFrom));
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  into.push(performance.now() - startedAt);
  return result;
}

async function byProduct(): Promise<(user: SandboxUser) => Promise<Begun>> {
  const connection = await Connection.connect({ address });
  const sealing = options.keys
    ? { dataConverter: clientDataConverter(keyRingOf(...parseKeys(options.keys, 'keys'))) }
    : undefined;
  const { tracesUrl } = options;
  const tracing = tracesUrl && {
    interceptors: (await import('./traced-caller.js')).tracedInterceptors(tracesUrl),
  };
  const verifications = new VerificationClient({
    client: new Client({ connection, ...sealing, ...tracing }),
    userPools: [{ userPoolId, endpoint: cognitoUrl }],
    taskQueue,
    sealedElsewhere: true,
    ...PATIENT,
  });
  return async ({ accessToken }) => {
    const { workflowId, status } = await verifications.start({ accessToken, attributeName: 'email' });
    if (status.state !== 'awaitingCode') throw new Error(`no code was sent: the verification is ${status.state}`);
    const submit = async () => {
      const { result } = await verifications.submitCode(workflowId, { code });
      if (result !== 'verified') throw new Error(`the code was answered with ${result}`);
    };
    return { workflowId, submit };
  };
}

async function byBarest(): Promise<(user: SandboxUser) => Promise<Begun>> {
  const client = new Client({ connection: await Connection.connect({ address }) });
  return async (user) => {
    const { handle, submit } = await startBare(client, taskQueue, user);
    return { workflowId: handle.workflowId, submit: () => submit(code) };
  };
}

/** The same two calls by a program that keeps nothing and repeats nothing. */
async function byDirectCalls(): Promise<(user: SandboxUser) => Promise<Begun>> {
  const cognito = createCognitoClients({ endpoint: cognitoUrl }).forUserPool(userPoolId);
  return async ({ accessToken }) => {
    const subject = { AccessToken: accessToken, AttributeName: 'email' };
    await cognito.send(new GetUserAttributeVerificationCodeCommand(subject));
    const submit = async () => {
      await cognito.send(new VerifyUserAttributeCommand({ ...subject, Code: code }));
    };
    return { workflowId: '', submit };
  };
}
