/**
 * The local stack: everything one needs to see a verification happen, started in order, shown at work, and stopped in
 * the opposite order. What is there already (a Temporal Service, a Cognito endpoint) is used and left alone.
 */
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_SETTINGS } from '@cognito-verification/codec';
import type { Client } from '@temporalio/client';
import { connectClient } from '../temporal/connect-client.js';
import { registerSearchAttributes, SearchAttributesError } from '../temporal/search-attributes.js';
import { type DemoRun, runDemo } from './demo-run.js';
import { freePort } from './free-port.js';
import { startStackCodecServer } from './stack-codec-server.js';
import { type CognitoChoice, needsOwnSandbox, provideCognito } from './stack-cognito.js';
import { writeEnvironment } from './stack-environment.js';
import type { StackFolder, StackInfo } from './stack-folder.js';
import { provideKeys } from './stack-keys.js';
import { provideTemporal, type StackTemporal } from './stack-temporal.js';
import { startStackWorker } from './stack-worker.js';
import { createTeardown, type Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** Wanted ports: taken ones are replaced, 0 means any. */
interface StackPorts {
  readonly temporal: number;
  readonly webUi: number;
  readonly sandbox: number;
  readonly codecServer: number;
}

/** How to start a local stack. */
export interface LocalStackOptions {
  readonly folder: StackFolder;
  /** Absolute. */
  readonly stateDir: string;
  readonly ports: StackPorts;
  /** The server's database; in the folder unless given. */
  readonly dbFilename: string | undefined;
  readonly cognito: CognitoChoice;
  readonly timeline: Timeline;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

/** A stack that is up. */
export interface LocalStack {
  readonly info: StackInfo;
  /** Tells in words that a part of it ended by itself; otherwise never settles. */
  readonly lost: Promise<string>;
  /** Stops what was started, and nothing else. */
  close(): Promise<void>;
}

/** Starts it and takes a verification through. When that fails or is aborted, nothing it started is left. */
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
    // From here on an abort is for the caller to act upon.
    aborted.catch(() => undefined);
  }
}

/** Started last, stopped first: the sandbox outlives the worker that calls it, the server outlives both. */
async function startParts(options: LocalStackOptions, teardown: Teardown): Promise<Omit<LocalStack, 'close'>> {
  const { folder, ports, stateDir, timeline } = options;
  const keys = await provideKeys(folder);
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
  const { config } = temporal;
  const codecServer = await startStackCodecServer({
    keys: keys.ring,
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
  const temporalClient = await connectClient(config, { dataConverter: clientDataConverter(keys.ring) });
  teardown.addQuietly('the client', async () => await temporalClient.close());
  await setUpSearchAttributes(temporalClient.connection, temporal, timeline);
  const worker = await startStackWorker({
    config,
    keys: keys.ring,
    endpoint: cognito.endpoint,
    logFile: folder.path('worker.log'),
    timeline,
    teardown,
  });
  timeline.tell(`the worker polls task queue ${config.taskQueue}`);

  const client = new VerificationClient({ client: temporalClient.client, taskQueue: config.taskQueue });
  const demo = cognito.sandbox && (await runDemo({ client, sandbox: cognito.sandbox, folder, timeline, teardown }));
  if (demo === undefined) timeline.tell('no sandbox, so there is no user to show a verification with');
  const info: StackInfo = {
    pid: process.pid,
    temporal: config.address,
    namespace: config.namespace,
    taskQueue: config.taskQueue,
    ...(temporal.webUi === undefined ? {} : { webUi: temporal.webUi }),
    codecServer,
    ...(cognito.endpoint === undefined ? {} : { cognito: cognito.endpoint }),
    ...(cognito.own && cognito.endpoint !== undefined ? { sandbox: cognito.endpoint } : {}),
    ...(cognito.sandbox === undefined ? {} : { inbox: cognito.sandbox.inboxUrl }),
    ...(demo === undefined ? {} : await describeDemo(demo, temporal, temporalClient.client)),
    stateDir,
    environmentFile: await writeEnvironment(folder, temporal, {
      TEMPORAL_CODEC_ENDPOINT: codecServer,
      ...(cognito.endpoint === undefined ? {} : { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: cognito.endpoint }),
      ...(keys.file === undefined ? {} : { [KEY_SETTINGS.file]: keys.file }),
    }),
  };
  await folder.publish(info);
  return { info, lost: Promise.race([temporal.lost, worker.lost]) };
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
    // They may be there all the same: then the verification below works, and if not it says so itself.
    if (own || !(error instanceof SearchAttributesError)) throw error;
    timeline.tell(error.message);
  }
}

async function describeDemo(
  { result, user }: DemoRun,
  { config, webUi }: StackTemporal,
  client: Client,
): Promise<Partial<StackInfo>> {
  const { workflowId, outcome } = result;
  // The user of an earlier start has earlier verifications under the same id.
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const path = `namespaces/${config.namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;
  return {
    workflowId,
    ...(webUi === undefined ? {} : { workflowUrl: `${webUi}/${path}` }),
    outcome,
    userPoolId: user.userPoolId,
    clientId: user.clientId,
    username: user.username,
  };
}
