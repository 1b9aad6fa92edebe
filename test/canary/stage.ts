/** A whole deployment with canaries in it, and everything that it leaves behind. */
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES, type VerificationState } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { freePort } from '../../dev/free-port.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { startSandbox } from '../../sandbox/index.js';
import { startCodecServer } from '../../temporal/codec-server.js';
import { createLogger } from '../../worker/logger.js';
import { createWorker } from '../../worker/worker.js';
import { Cast } from '../cast.js';
import { startCli } from '../cli/run-cli.js';
import { type Canary, type Sighting, sightings } from './canaries.js';

/** How a deployment is run: as always, or with every payload in plain text. */
export type Sealing = 'sealed' | 'plain';

/** What was played, and what is left of it. */
export interface Stage {
  readonly uiUrl: string;
  readonly namespace: string;
  readonly verifications: Readonly<Record<VerificationState, { workflowId: string; runId: string }>>;
  readonly canaries: readonly Canary[];
  /** Searches everything that lies on disk or was printed, and what the codec server and the metrics answer. */
  search(): Promise<Sighting[]>;
  /** Where it was searched, with how many bytes. */
  readonly searched: Map<string, number>;
  /** What a worker prints that dies with canaries in its hands. */
  crash(): Promise<{ output: string; canaries: readonly Canary[] }>;
  close(): Promise<void>;
}

const TASK_QUEUE = 'canary';
/** Longer than Cognito's, so that no number that happens to be somewhere is taken for one. */
const newCode = () => `code-${randomBytes(9).toString('hex')}`;

/** Starts everything and takes one verification into each state. */
export async function setStage(sealing: Sealing): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  const closing: (() => Promise<unknown> | void)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    const keys = `canary:${randomBytes(KEY_BYTES).toString('base64')}`;
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

    const metricsPort = await freePort();
    const env = {
      TEMPORAL_ADDRESS: address,
      VERIFICATION_TASK_QUEUE: TASK_QUEUE,
      VERIFICATION_ENCRYPTION_KEYS: keys,
      VERIFICATION_LOG_LEVEL: 'debug',
      VERIFICATION_METRICS_ADDRESS: `127.0.0.1:${metricsPort}`,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
    };
    const printed: string[] = [];
    closing.push(sealing === 'sealed' ? await deployedWorker(env, printed) : await plainWorker(address, sandbox.url));
    const connection = await Connection.connect({ address });
    closing.push(() => connection.close());
    const temporal = new Client({
      connection,
      ...(sealing === 'sealed' ? { dataConverter: clientDataConverter(ring) } : {}),
    });
    const client = new VerificationClient({
      client: temporal,
      taskQueue: TASK_QUEUE,
      sealedElsewhere: true,
      // The throttled one never comes to an answer.
      waitForDelivery: '10 seconds',
    });

    const mark = randomBytes(4).toString('hex');
    const planted = {
      domain: `canary-${mark}.example`,
      phoneNumber: `+1202555${randomInt(1_000, 9_999)}`,
      clientMetadata: { campaign: `metadata-${mark}` },
      wrongCode: newCode(),
    };
    const cast = new Cast(sandbox, client, { ...planted, policy: { codeFormat: 'nonSpace' } });
    const quoted = await cast.quoted();
    const { workflowIds } = await cast.bringOn();
    const ids = [...Object.values(workflowIds), quoted];
    const canaries: Canary[] = [
      ...cast.tokens.flatMap((token, index) => {
        const [, claims = '', signature = ''] = token.split('.');
        return [
          { name: `claims of token ${index}`, value: claims },
          { name: `signature of token ${index}`, value: signature },
        ];
      }),
      { name: 'wrong code', value: planted.wrongCode },
      { name: 'right code', value: sandbox.inbox().find(({ username }) => username === 'finn')?.code ?? '' },
      { name: 'e-mail address', value: planted.domain },
      { name: 'phone number', value: planted.phoneNumber },
      { name: 'client metadata', value: planted.clientMetadata.campaign },
    ];

    const searched = new Map<string, number>();
    const searchIn = (place: string, bytes: Uint8Array | string): Sighting[] => {
      searched.set(place, Buffer.byteLength(bytes));
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
      verifications: verifications as Stage['verifications'],
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
          const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
          found.push(...searchIn('metrics', metrics), ...searchIn('worker log', printed.join('')));
        }
        for (const file of await readdir(folder)) found.push(...searchIn(file, await readFile(join(folder, file))));
        return found;
      },
      crash: async () => {
        const request = {
          accessToken: cast.tokens[0] ?? '',
          // As Cognito's are: in free text that is all by which one can be told.
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
        const told = Object.entries(request).map(([name, value]) => ({ name, value }));
        return { output: stdout + stderr, canaries: [...canaries, ...told] };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A bug, three seconds after the start: an error that carries everything, and a request in its message and its cause's. */
const CRASH = `data:text/javascript,${encodeURIComponent(`
  const { request, hidden } = JSON.parse(process.env.CANARIES ?? '{}');
  delete process.env.CANARIES;
  setTimeout(() => {
    const cause = Object.assign(new Error('Refused: ' + Object.values(request).join(' ')), { $response: { hidden } });
    throw Object.assign(new TypeError('Cannot send ' + JSON.stringify(request), { cause }), { request, hidden });
  }, 3000).unref();
`)}`;

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

/** There is no setting by which the command could be run so. */
async function plainWorker(address: string, endpoint: string): Promise<() => Promise<void>> {
  Runtime.install({ logger: createLogger('error') });
  const connection = await NativeConnection.connect({ address });
  const cognito = createCognitoClients({ endpoint });
  const keys: KeyRing | undefined = undefined;
  const worker = await createWorker({ connection, namespace: 'default', taskQueue: TASK_QUEUE, keys, cognito });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    cognito.destroy();
    await connection.close();
  };
}

/** Every payload in a history, as JSON has it. */
function collectPayloads(value: unknown, into: Set<unknown>): void {
  if (typeof value !== 'object' || value === null) return;
  if ('metadata' in value && 'data' in value) into.add(value);
  else for (const inner of Object.values(value)) collectPayloads(inner, into);
}

/** What the codec server makes of them, in text. */
async function decodedBy(url: string, payloads: readonly unknown[]): Promise<string> {
  const response = await fetch(`${url}/decode?preserveStorageRefs=true`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Namespace': 'default' },
    body: JSON.stringify({ payloads }),
  });
  return await response.text();
}
