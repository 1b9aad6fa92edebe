/** A server with the Web UI, and one verification in each state. */
import { randomBytes, randomInt } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, encryptionKey, KEY_BYTES, keyRingOf } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES, Secret, VERIFICATION_STATES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startCodecServer } from '../../codec-server/codec-server.js';
import { freePort } from '../../dev/free-port.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { createMessageGuard } from '../../guard/create-message-guard.js';
import { startSandbox } from '../../sandbox/index.js';
import { createWorker } from '../../worker/worker.js';
import { startIdentityProvider } from '../codec-server/identity-provider.js';
import { EveryState } from '../every-state.js';
import { poolsOf } from '../served-pools.js';

/** One execution, as the Web UI's addresses name it. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

/** One verification for each state, and one in state `rateLimited` that the guard holds. */
export const SHOWN = [...VERIFICATION_STATES, 'held'] as const;
export type Shown = (typeof SHOWN)[number];

/** The servers, and the verifications that the pages show. */
export interface WebUiRig {
  /** Its codec server shows the lifecycle to everybody. */
  readonly uiUrl: string;
  /** A codec server that requires authorization. */
  readonly guardedCodecServer: string;
  readonly namespace: string;
  readonly userPoolId: string;
  readonly verifications: Readonly<Record<Shown, Run>>;
  /** Every token and code: none of them may be on a page. */
  readonly secrets: readonly string[];
  /** The sealed request of a verification, in base64. */
  sealedRequest(shown: Shown): Promise<string>;
  close(): Promise<void>;
}

const TASK_QUEUE = 'web-ui';

/** So many messages to numbers that begin alike may be without a right code. */
const BRAKED_AFTER = 2;
const BRAKED_PREFIX = '+994401';

/** Starts everything and brings each verification into its state; takes a little over a minute. */
export async function startWebUiRig(): Promise<WebUiRig> {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    // Refused sends are part of the test.
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const keys = keyRingOf(encryptionKey('rig', randomBytes(KEY_BYTES)));
    const codecPort = await freePort();
    const server = await startTemporalServer({
      cli: await temporalCli(),
      uiCodecEndpoint: `http://127.0.0.1:${codecPort}`,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    closing.push(() => server.close());
    const { address, namespace, uiUrl } = server;
    if (uiUrl === undefined) throw new Error('the server was started without the Web UI');
    const codec = { keys, origins: [uiUrl], log: new DefaultLogger('ERROR') };
    const codecServer = await startCodecServer({ ...codec, port: codecPort });
    closing.push(() => codecServer.close());
    const identityProvider = await startIdentityProvider();
    closing.push(() => identityProvider.close());
    const guarded = await startCodecServer({ ...codec, port: 0, authorization: identityProvider.authorization });
    closing.push(() => guarded.close());
    const sandbox = await startSandbox({ generateCode: () => String(randomInt(100_000, 900_000)) });
    closing.push(() => sandbox.close());
    const native = await NativeConnection.connect({ address });
    closing.push(() => native.close());
    const userPools = poolsOf(sandbox);
    const cognito = createCognitoClients({ endpoint: sandbox.url });
    closing.push(() => cognito.destroy());
    const log = new DefaultLogger('ERROR');
    const messageGuard = createMessageGuard({ smsBrake: 'on', smsBrakePrefixPerHour: BRAKED_AFTER }, { log });
    const worker = await createWorker({
      connection: native,
      namespace,
      keys,
      userPools,
      cognito,
      messageGuard,
      taskQueue: TASK_QUEUE,
    });
    const running = worker.run();
    closing.push(async () => {
      worker.shutdown();
      await running;
    });
    const connection = await Connection.connect({ address });
    closing.push(() => connection.close());
    const temporal = new Client({ connection, namespace, dataConverter: clientDataConverter(keys) });
    const client = new VerificationClient({
      client: temporal,
      userPools,
      taskQueue: TASK_QUEUE,
      // The throttled verification never gets an answer.
      timeout: '20 seconds',
    });
    const everyState = new EveryState(sandbox, client);
    const { userPoolId, workflowIds } = await everyState.reach();
    const numberOf = (index: number) => `${BRAKED_PREFIX}${234_000 + index}`;
    for (let robot = 1; robot <= BRAKED_AFTER; robot++)
      await messageGuard.admit({ userPoolId, attributeName: 'phone_number', destination: new Secret(numberOf(robot)) });
    const person = await sandbox.createUser({ poolId: userPoolId, attributes: { phone_number: numberOf(0) } });
    const held = await client.start({ accessToken: person.accessToken, attributeName: 'phone_number' });
    const runOf = async (workflowId: string): Promise<Run> => {
      const { runId } = await temporal.workflow.getHandle(workflowId).describe();
      return { workflowId, runId };
    };
    const { expired, sending, rateLimited, awaitingToken, awaitingCode, verified, failed, cancelled } = workflowIds;
    const { alreadyVerified } = workflowIds;
    const verifications = {
      sending: await runOf(sending),
      awaitingCode: await runOf(awaitingCode),
      rateLimited: await runOf(rateLimited),
      awaitingToken: await runOf(awaitingToken),
      verified: await runOf(verified),
      alreadyVerified: await runOf(alreadyVerified),
      expired: await runOf(expired),
      failed: await runOf(failed),
      cancelled: await runOf(cancelled),
      held: await runOf(held.workflowId),
    };
    const secrets = [
      ...everyState.tokens,
      person.accessToken,
      ...sandbox.inbox().map(({ code }) => code),
      everyState.wrongCode,
    ];
    const sealedRequest = async (shown: Shown): Promise<string> => {
      const { events } = await temporal.workflow.getHandle(verifications[shown].workflowId).fetchHistory();
      const request = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
      return Buffer.from(request ?? []).toString('base64');
    };
    const guardedCodecServer = guarded.url;
    return { uiUrl, guardedCodecServer, namespace, userPoolId, verifications, secrets, sealedRequest, close };
  } catch (error) {
    await close();
    throw error;
  }
}
