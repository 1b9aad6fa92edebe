/**
 * The local stack: starts everything that a verification needs, shows one verification, and stops everything in the
 * opposite order. It uses an existing Temporal Service or Cognito endpoint, and never stops or changes it.
 */
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_SETTINGS, type KeyRing } from '@cognito-verification/codec';
import type { Client } from '@temporalio/client';
import { connectClient } from '../temporal/connect-client.js';
import { registerSearchAttributes, SearchAttributesError } from '../temporal/search-attributes.js';
import { type DemoRun, prepareDemo, runDemo } from './demo-run.js';
import { freePort } from './free-port.js';
import { originsOf, startStackCodecServer } from './stack-codec-server.js';
import { accountSettings, type CognitoChoice, needsOwnSandbox, provideCognito } from './stack-cognito.js';
import { writeEnvironment } from './stack-environment.js';
import { type StackFolder, type StackInfo, WORKER_LOG } from './stack-folder.js';
import { provideKeys } from './stack-keys.js';
import { provideTemporal, type StackTemporal } from './stack-temporal.js';
import { chooseUserPools } from './stack-user-pools.js';
import { startStackWorker } from './stack-worker.js';
import { createTeardown, type Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** Wanted ports. A free one replaces a port that is taken; 0 means any. */
interface StackPorts {
  readonly temporal: number;
  readonly webUi: number;
  readonly sandbox: number;
  readonly codecServer: number;
}

/** Options of `startLocalStack`. */
export interface LocalStackOptions {
  readonly folder: StackFolder;
  /** The absolute path of the folder. */
  readonly stateDir: string;
  readonly ports: StackPorts;
  /** The server's database. Default: a file in the folder. */
  readonly dbFilename: string | undefined;
  readonly cognito: CognitoChoice;
  readonly timeline: Timeline;
  /** Aborts a start that is under way. */
  readonly signal: AbortSignal;
}

/** A stack that is up. */
export interface LocalStack {
  readonly info: StackInfo;
  /** Resolves with a sentence when a part of the stack ends by itself; otherwise never settles. */
  readonly lost: Promise<string>;
  /** Stops what the stack has started, and nothing else. */
  close(): Promise<void>;
}

/** Starts the stack and runs one verification. When that fails or is aborted, it stops what it has started. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const teardown = createTeardown((line) => options.timeline.tell(line));
  const aborted = new Promise<never>((_resolve, reject) => {
    options.signal.addEventListener('abort', () => reject(new Error('stopped while starting')), { once: true });
  });
  try {
    const parts = await Promise.race([startParts(options, teardown), aborted]);
    return { ...parts, close: async () => await teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  } finally {
    // From here on the caller reacts to an abort.
    aborted.catch(() => undefined);
  }
}

/** Starts the parts in the opposite order of their end: the sandbox outlives the worker, the server outlives both. */
async function startParts(options: LocalStackOptions, teardown: Teardown): Promise<Omit<LocalStack, 'close'>> {
  const { folder, stateDir, timeline } = options;
  const keys = await provideKeys(folder);
  const { temporal, codecServer, cognito } = await startServices(options, keys.ring, teardown);
  const { config } = temporal;
  const temporalClient = await connectClient(config, { dataConverter: clientDataConverter(keys.ring) });
  teardown.addQuietly('the client', async () => await temporalClient.close());
  await setUpSearchAttributes(temporalClient.connection, temporal, timeline);
  const { sandbox } = cognito;
  const prepared = sandbox && (await prepareDemo({ sandbox, folder, timeline }));
  const { userPools, settings } = chooseUserPools(cognito, prepared?.pool);
  const worker = await startStackWorker({
    config,
    keys: keys.ring,
    userPools,
    endpoint: cognito.endpoint,
    logFile: folder.path(WORKER_LOG),
    timeline,
    teardown,
  });
  timeline.tell(`the worker polls task queue ${config.taskQueue}`);

  const client = new VerificationClient({ client: temporalClient.client, userPools, taskQueue: config.taskQueue });
  const demo = sandbox && prepared && (await runDemo({ client, sandbox, prepared, folder, timeline, teardown }));
  if (demo === undefined) timeline.tell('there is no sandbox, so there is no user to verify');
  const info: StackInfo = {
    pid: process.pid,
    temporal: config.address,
    namespace: config.namespace,
    taskQueue: config.taskQueue,
    webUi: temporal.webUi,
    codecServer,
    cognito: cognito.endpoint,
    sandbox: cognito.own ? cognito.endpoint : undefined,
    inbox: sandbox?.inboxUrl,
    ...(await describeDemo(demo, temporal, temporalClient.client)),
    stateDir,
    environmentFile: await writeEnvironment(folder, temporal, {
      TEMPORAL_CODEC_ENDPOINT: codecServer,
      VERIFICATION_CODEC_ORIGINS: temporal.webUi && originsOf(temporal.webUi).join(','),
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: cognito.endpoint,
      ...(cognito.own && cognito.endpoint ? accountSettings(cognito.endpoint) : {}),
      [KEY_SETTINGS.file]: keys.file,
      ...settings,
    }),
  };
  await folder.publish(info);
  return { info, lost: Promise.race([temporal.lost, worker.lost]) };
}

/** The services that the worker and the demonstration call. */
async function startServices(options: LocalStackOptions, keys: KeyRing, teardown: Teardown) {
  const { folder, ports, stateDir, timeline } = options;
  const codecPort = await freePort(ports.codecServer);
  const temporal = await provideTemporal({
    port: ports.temporal,
    uiPort: ports.webUi,
    uiCodecEndpoint: `http://127.0.0.1:${codecPort}`,
    dbFilename: options.dbFilename ?? folder.path('temporal.db'),
    logFile: folder.path('temporal-server.log'),
    folder,
    privateCognito: needsOwnSandbox(options.cognito),
    stateDir,
    timeline,
    teardown,
  });
  const codecServer = await startStackCodecServer({
    keys,
    port: codecPort,
    webUi: temporal.webUi,
    logFile: folder.path('codec-server.log'),
    timeline,
    teardown,
  });
  const cognito = await provideCognito({
    choice: options.cognito,
    port: ports.sandbox,
    stateFile: folder.path('sandbox-state'),
    timeline,
    teardown,
  });
  return { temporal, codecServer, cognito };
}

async function setUpSearchAttributes(
  connection: Parameters<typeof registerSearchAttributes>[0],
  { config, own }: StackTemporal,
  timeline: Timeline,
): Promise<void> {
  try {
    const added = await registerSearchAttributes(connection, config.namespace);
    if (!own && added.length > 0) timeline.tell(`registered the search attributes ${added.join(', ')} there`);
  } catch (error) {
    // They may exist even so. If they do not, the verification that follows fails and says so.
    if (own || !(error instanceof SearchAttributesError)) throw error;
    timeline.tell(error.message);
  }
}

async function describeDemo(
  demo: DemoRun | undefined,
  { config, webUi }: StackTemporal,
  client: Client,
): Promise<Partial<StackInfo>> {
  if (demo === undefined) return {};
  const { result, user } = demo;
  const { workflowId, outcome } = result;
  // The user of an earlier start has earlier verifications under the same id.
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const path = `namespaces/${config.namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;
  return {
    workflowId,
    workflowUrl: webUi && `${webUi}/${path}`,
    outcome,
    userPoolId: user.userPoolId,
    clientId: user.clientId,
    username: user.username,
  };
}
