/** A whole deployment with canaries in it, and everything that it leaves behind. */
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient, VerificationFailedError, workflowIdFor } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES, type VerificationState } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import type { AccessTokenSource } from '../../activities/access-token-source.js';
import { accessTokenSourceFromSettings } from '../../activities/access-token-source-settings.js';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startCodecServer } from '../../codec-server/codec-server.js';
import { freePort } from '../../dev/free-port.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { createLogger } from '../../log/logger.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';
import { historyToJSON } from '../../temporal/proto-json.js';
import { createWorker } from '../../worker/worker.js';
import { startCli } from '../cli/run-cli.js';
import { EveryState } from '../every-state.js';
import { startTokenSource, type TokenSource } from '../lifecycle/token-source.js';
import { poolSettings, poolsOf } from '../served-pools.js';
import { startCollector } from '../tracing/collector.js';
import { tracedInterceptors } from '../tracing/service.js';
import { type Canary, type Sighting, sightings } from './canaries.js';

/** Whether payloads are sealed, as in production, or in plain text. */
export type Sealing = 'sealed' | 'plain';

/** The verifications, and everything that they leave behind. */
export interface CanaryRig {
  readonly uiUrl: string;
  readonly namespace: string;
  readonly verifications: Readonly<Record<VerificationState, { workflowId: string; runId: string }>>;
  readonly canaries: readonly Canary[];
  /** Searches everything on disk, printed and exported, and the answers of the codec server and the metrics endpoint. */
  search(): Promise<Sighting[]>;
  /** The searched places: their sizes in bytes, and the values found there that are not secret. */
  readonly searched: Map<string, { bytes: number; landmarks: string[] }>;
  /** What a worker prints when it dies while it holds canaries. */
  crash(): Promise<{ output: string; canaries: readonly Canary[] }>;
  close(): Promise<void>;
}

const TASK_QUEUE = 'canary-queue';
/** Longer than Cognito's codes, so that no other number is mistaken for one. */
const newCode = () => `code-${randomBytes(9).toString('hex')}`;

/** Starts everything and takes one verification into each state. */
export async function startCanaryRig(sealing: Sealing): Promise<CanaryRig> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  // Holds the operator's secrets, so the search leaves it out.
  const safe = await mkdtemp(join(tmpdir(), 'canary-safe-'));
  const closing: (() => Promise<unknown> | void)[] = [folder, safe].map(
    (path) => () => rm(path, { recursive: true, force: true }),
  );
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    const keyBytes = randomBytes(KEY_BYTES);
    const keys = `canary:${keyBytes.toString('base64')}`;
    const ring = keyRingOf(...parseKeys(keys, 'keys'));
    const codecPort = await freePort();
    const server = await startTemporalServer({
      cli: await temporalCli(),
      dbFilename: join(folder, 'temporal.db'),
      logFile: join(folder, 'server.log'),
      logLevel: 'debug',
      uiCodecEndpoint: `http://127.0.0.1:${codecPort}`,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    closing.push(() => server.close());
    const { address, namespace, uiUrl = '' } = server;
    const log = createLogger('debug', join(folder, 'codec-server.log'));
    const codecServer = await startCodecServer({ keys: ring, origins: [uiUrl], log, port: codecPort });
    closing.push(() => codecServer.close());
    const sandbox = await startSandbox({ generateCode: newCode });
    closing.push(() => sandbox.close());
    // The worker is told of the pool before there is anybody in it.
    await sandbox.createUser();

    const tokenSource = await startTokenSource();
    closing.push(() => tokenSource.close());
    const bearer = `bearer-${randomBytes(12).toString('hex')}`;
    await writeFile(join(safe, 'bearer'), bearer);
    const sourceSettings = {
      VERIFICATION_ACCESS_TOKEN_SOURCE_URL: tokenSource.url,
      VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE: join(safe, 'bearer'),
    };
    const metricsPort = await freePort();
    const collector = await startCollector();
    closing.push(() => collector.close());
    const env = {
      TEMPORAL_ADDRESS: address,
      VERIFICATION_TASK_QUEUE: TASK_QUEUE,
      VERIFICATION_ENCRYPTION_KEYS: keys,
      VERIFICATION_LOG_LEVEL: 'debug',
      VERIFICATION_METRICS_ADDRESS: `127.0.0.1:${metricsPort}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ...poolSettings(sandbox),
      ...sourceSettings,
    };
    const printed: string[] = [];
    closing.push(
      sealing === 'sealed'
        ? await deployedWorker(env, printed)
        : await plainWorker(address, sandbox, accessTokenSourceFromSettings(sourceSettings)),
    );
    const connection = await Connection.connect({ address });
    closing.push(() => connection.close());
    // A process has one SDK of OpenTelemetry.
    const service = sealing === 'sealed' ? tracedInterceptors(collector) : undefined;
    closing.push(() => service?.close());
    const temporal = new Client({
      connection,
      ...(service && { interceptors: service.interceptors }),
      ...(sealing === 'sealed' ? { dataConverter: clientDataConverter(ring) } : {}),
    });
    const client = new VerificationClient({
      client: temporal,
      userPools: poolsOf(sandbox),
      taskQueue: TASK_QUEUE,
      sealedElsewhere: true,
      // The throttled verification never gets an answer.
      timeout: '20 seconds',
    });

    const mark = randomBytes(4).toString('hex');
    const planted = {
      domain: `canary-${mark}.example`,
      phoneNumber: `+1202555${randomInt(1_000, 9_999)}`,
      clientMetadata: { campaign: `metadata-${mark}` },
      wrongCode: newCode(),
    };
    const everyState = new EveryState(sandbox, client, { ...planted, policy: { codeFormat: 'nonSpace' } });
    const quoted = await everyState.quoted();
    const [{ workflowIds, userPoolId }, references] = await Promise.all([
      everyState.reach(),
      byReference(sandbox, client, tokenSource, { domain: planted.domain, bearer }),
    ]);
    const newDomain = `new-${mark}.example`;
    const changed = await changing(sandbox, client, newDomain);
    const ids = [...Object.values(workflowIds), quoted, ...references.workflowIds, changed];
    const landmarks: Canary[] = [
      { name: 'user pool', value: userPoolId },
      { name: 'task queue', value: TASK_QUEUE },
    ];
    const canaries: Canary[] = [
      ...everyState.tokens.flatMap((token, index) => partsOf(token, `token ${index}`)),
      ...references.tokens.flatMap((token, index) =>
        partsOf(token, `token ${index} by reference`).map((part) => ({ ...part, kept: true as const })),
      ),
      { name: 'secret of the token source', value: bearer, kept: true },
      { name: 'encryption key', value: keyBytes.toString('base64'), kept: true },
      { name: 'encryption key in hex', value: keyBytes.toString('hex'), kept: true },
      { name: 'wrong code', value: planted.wrongCode },
      { name: 'right code', value: sandbox.inbox().find(({ username }) => username === 'finn')?.code ?? '' },
      // Activities take them out of Cognito's texts.
      { name: 'e-mail address', value: planted.domain, kept: true },
      { name: 'phone number', value: planted.phoneNumber, kept: true },
      { name: 'new value', value: newDomain },
      { name: 'client metadata', value: planted.clientMetadata.campaign },
    ];

    const searched: CanaryRig['searched'] = new Map();
    const searchIn = (place: string, bytes: Uint8Array | string): Sighting[] => {
      const found = sightings(landmarks, place, bytes).map(({ canary }) => canary);
      searched.set(place, { bytes: Buffer.byteLength(bytes), landmarks: [...new Set(found)] });
      return sightings(canaries, place, bytes);
    };
    const verifications: Record<string, { workflowId: string; runId: string }> = Object.fromEntries(
      await Promise.all(
        Object.entries(workflowIds).map(async ([state, workflowId]) => {
          const { runId } = await temporal.workflow.getHandle(workflowId).describe();
          return [state, { workflowId, runId }];
        }),
      ),
    );
    return {
      uiUrl,
      namespace,
      verifications: verifications as CanaryRig['verifications'],
      canaries,
      searched,
      search: async () => {
        const found: Sighting[] = [];
        const payloads = new Set<unknown>();
        for (const id of ids) {
          const history = await temporal.workflow.getHandle(id).fetchHistory();
          const text = historyToJSON(history);
          found.push(...searchIn(`history of ${id.split('/').at(-2)}`, text));
          collectPayloads(JSON.parse(text), payloads);
        }
        found.push(...searchIn('codec server', await decodedBy(codecServer.url, [...payloads])));
        if (sealing === 'sealed') {
          await service?.flush();
          found.push(...searchIn('spans', Buffer.concat(collector.bytes)));
          const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
          found.push(...searchIn('metrics', metrics), ...searchIn('worker log', printed.join('')));
        }
        for (const file of await readdir(folder)) found.push(...searchIn(file, await readFile(join(folder, file))));
        return found;
      },
      crash: async () => {
        const request = {
          accessToken: everyState.tokens[0] ?? '',
          // Six digits like Cognito's: in free text only the form identifies a code.
          code: String(randomInt(100_000, 999_999)),
          email: `zoe@${planted.domain}`,
          phoneNumber: planted.phoneNumber,
        };
        const { ended } = startCli(['worker'], {
          env: {
            ...env,
            VERIFICATION_METRICS_ADDRESS: '',
            NODE_OPTIONS: `--import=${CRASH}`,
            CANARIES: JSON.stringify({ request, hidden: canaries.map(({ value }) => value) }),
          },
        });
        const { stdout, stderr, code } = await ended;
        if (code !== 1) throw new Error(`it ended with ${code}`);
        const pairs = Object.entries(request).map(([name, value]) => ({ name, value }));
        return { output: stdout + stderr, canaries: [...canaries, ...pairs] };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A bug, three seconds after the start: an error that carries everything, with a request in its message and its cause's. */
const CRASH = `data:text/javascript,${encodeURIComponent(`
  const { request, hidden } = JSON.parse(process.env.CANARIES ?? '{}');
  delete process.env.CANARIES;
  setTimeout(() => {
    const cause = Object.assign(new Error('Refused: ' + Object.values(request).join(' ')), { $response: { hidden } });
    throw Object.assign(new TypeError('Cannot send ' + JSON.stringify(request), { cause }), { request, hidden });
  }, 3000).unref();
`)}`;

function partsOf(token: string, name: string): Canary[] {
  const [, claims = '', signature = ''] = token.split('.');
  return [
    { name: `claims of ${name}`, value: claims },
    { name: `signature of ${name}`, value: signature },
  ];
}

/** Verifications with references to tokens: one succeeds, and in two an error quotes the token. */
async function byReference(
  sandbox: Sandbox,
  client: VerificationClient,
  tokenSource: TokenSource,
  { domain, bearer }: { domain: string; bearer: string },
): Promise<{ tokens: string[]; workflowIds: string[] }> {
  const users = await Promise.all(
    ['jon', 'kim', 'lou'].map(
      async (username) =>
        await sandbox.createUser({
          username,
          attributes: { email: `${username}@${domain}` },
          poolId: sandbox.userPoolIds()[0],
        }),
    ),
  );
  const [jon, kim, lou] = users as [SandboxUser, SandboxUser, SandboxUser];
  tokenSource.answer(jon.sub, { token: jon.accessToken });
  tokenSource.answer(kim.sub, { token: kim.accessToken });
  tokenSource.answer(lou.sub, { status: 500, body: `cannot find ${lou.accessToken} for Bearer ${bearer}` });
  sandbox.setFault({
    operation: 'GetUserAttributeVerificationCode',
    username: 'kim',
    exception: { name: 'UserLambdaValidationException', message: `CustomMessage failed with: ${kim.accessToken}` },
  });
  await Promise.all(
    users.map(async ({ userPoolId, sub }) => {
      const who = { accessTokenReference: sub, userPoolId, sub };
      await client
        .start({ ...who, attributeName: 'email', policy: { codeFormat: 'nonSpace' } })
        .catch((error: unknown) => {
          if (!(error instanceof VerificationFailedError)) throw error;
        });
    }),
  );
  const workflowIds = users.map((user) => workflowIdFor({ ...user, attributeName: 'email' }));
  const { result } = await client.submitCode(workflowIds[0] ?? '', { code: sandbox.codeFor(jon, 'email') });
  if (result !== 'verified') throw new Error(`the token was not found by its reference: ${result}`);
  const authorized = tokenSource.asked.every(({ authorization }) => authorization === `Bearer ${bearer}`);
  if (!authorized) throw new Error('the source was asked without its secret');
  return { tokens: users.map(({ accessToken }) => accessToken), workflowIds };
}

/** A verification that changes the address. */
async function changing(sandbox: Sandbox, client: VerificationClient, domain: string): Promise<string> {
  const [poolId] = sandbox.userPoolIds();
  const { accessToken } = await sandbox.createUser({ attributes: { email: 'mia@old.example' }, poolId });
  const change = { newValue: `mia@${domain}`, replaceAtOnce: true, policy: { codeFormat: 'nonSpace' } } as const;
  const { workflowId } = await client.start({ accessToken, attributeName: 'email', ...change });
  return workflowId;
}

async function deployedWorker(env: Record<string, string>, printed: string[]): Promise<() => Promise<unknown>> {
  const worker = startCli(['worker'], { env });
  for (const stream of [worker.child.stdout, worker.child.stderr]) {
    stream?.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  }
  await worker.firstLine;
  return async () => {
    worker.child.kill('SIGTERM');
    await once(worker.child, 'close');
  };
}

/** A worker without sealing. The command has no setting for that. */
async function plainWorker(
  address: string,
  sandbox: Sandbox,
  accessTokenSource: AccessTokenSource | undefined,
): Promise<() => Promise<void>> {
  Runtime.install({ logger: createLogger('error') });
  const connection = await NativeConnection.connect({ address });
  const cognito = createCognitoClients({ endpoint: sandbox.url });
  const keys: KeyRing | undefined = undefined;
  const options = { connection, namespace: 'default', taskQueue: TASK_QUEUE, keys, cognito, accessTokenSource };
  const worker = await createWorker({ ...options, userPools: poolsOf(sandbox) });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    cognito.destroy();
    await connection.close();
  };
}

/** Collects every payload of a history in its JSON form. */
function collectPayloads(value: unknown, into: Set<unknown>): void {
  if (typeof value !== 'object' || value === null) return;
  if ('metadata' in value && 'data' in value) into.add(value);
  else for (const inner of Object.values(value)) collectPayloads(inner, into);
}

/** The codec server's answer to these payloads, as text. */
async function decodedBy(url: string, payloads: readonly unknown[]): Promise<string> {
  const response = await fetch(`${url}/decode?preserveStorageRefs=true`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Namespace': 'default' },
    body: JSON.stringify({ payloads }),
  });
  return await response.text();
}
