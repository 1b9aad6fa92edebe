/** The entry of the worker process: settings, connection, checks, workers, and a clean end on Ctrl-C or SIGTERM. */
import { cognitoEndpoint, keyRingFromSettings, readSettings, userPoolsFromSettings } from '@cognito-verification/codec';
import { defined } from '@cognito-verification/contract';
import type { NativeConnection } from '@temporalio/worker';
import { accessTokenSourceFromSettings } from '../activities/access-token-source-settings.js';
import { cognitoInWords, createCognitoClients } from '../activities/cognito-clients.js';
import { probeUserPools } from '../activities/probe-user-pools.js';
import { createMessageGuard } from '../guard/create-message-guard.js';
import { guardSettings } from '../guard/guard-settings.js';
import { logUncaught, logWarnings } from '../log/log-uncaught.js';
import { createLogger } from '../log/logger.js';
import { askAsWorker } from '../temporal/ask-as-worker.js';
import { loadConfig } from '../temporal/config.js';
import { connectWorker } from '../temporal/connect-worker.js';
import { explainMissingNamespace } from '../temporal/missing-namespace.js';
import { missingSearchAttributes, SearchAttributesError } from '../temporal/search-attributes.js';
import { isTracingOn } from '../tracing/settings.js';
import { createHealth } from './health.js';
import { serveHealth } from './health-server.js';
import { growHeapsSlowly } from './memory.js';
import { guardObserver, meterOf } from './metrics.js';
import { plainTransports } from './plain-transport.js';
import { installRuntime } from './telemetry.js';
import { createWorker } from './worker.js';
import { workerSettings } from './worker-settings.js';

/**
 * Runs a worker until the process is told to end (SIGINT, SIGTERM); calls under way then have the grace time to finish. Writes
 * one line to standard output as soon as the worker polls.
 * @param options `json`: that line is a JSON document
 * @throws SettingError with every wrong setting, or with those that lead to something other than Cognito; KeyServiceError if AWS KMS makes no data key; TemporalUnavailableError;
 *   NamespaceMissingError; SearchAttributesError if the namespace lacks some: a workflow that sets one would be stuck
 */
export async function runWorker({ json }: { json: boolean }): Promise<void> {
  const {
    config,
    keys,
    userPools,
    cognito,
    accessTokenSource,
    guard,
    worker: settings,
    isTraced,
  } = readSettings({
    config: () => {
      const loaded = loadConfig();
      // Before any client of the AWS SDK is made, which warns of an old Node.js.
      logWarnings(createLogger(loaded.logLevel));
      return loaded;
    },
    keys: () => keyRingFromSettings(process.env, (problem) => log.logger.error(problem)),
    userPools: () => userPoolsFromSettings(),
    cognito: () => createCognitoClients(),
    accessTokenSource: () => accessTokenSourceFromSettings(),
    guard: () => guardSettings(),
    worker: () => workerSettings(),
    isTraced: () => isTracingOn(),
  });
  const { address, namespace, taskQueue, healthAddress } = config;
  const poolIds = userPools.map(({ userPoolId }) => userPoolId);
  const log = await installRuntime(config);
  logUncaught(log);
  // Before anything that may take a while, so that a process that starts is not taken for one that hangs.
  const health = createHealth(keys);
  const probes = healthAddress === undefined ? undefined : await serveHealth(healthAddress, health, log.logger);
  // Nothing of OpenTelemetry is loaded otherwise: a start is nearly all loading.
  const tracing = isTraced ? (await import('../tracing/worker-tracing.js')).startTracing(log.logger) : undefined;
  // A worker that makes no calls need not reach Cognito.
  const probed = settings.only === 'workflows' ? Promise.resolve([]) : probeUserPools(cognito, userPools);
  // Awaited below, where the connection can be closed.
  probed.catch(() => undefined);
  // Shows whether a payload can be sealed, before the first verification needs it.
  await keys.current();
  for (const warning of plainTransports(config, cognitoEndpoint())) log.logger.warn(warning);
  const connection = await connectWorker(config);
  const messageGuard = createMessageGuard(guard, { log: log.logger, observe: guardObserver(meterOf(config)) });
  try {
    await checkSearchAttributes(connection, namespace);
    await askAsWorker(connection, namespace, START_LIMIT_MS);
    for (const warning of await probed) log.logger.warn(warning);
    const worker = await createWorker({
      connection,
      namespace,
      taskQueue,
      keys,
      userPools,
      cognito,
      accessTokenSource,
      tracing,
      messageGuard,
      ...settings,
    });
    growHeapsSlowly();
    if (settings.only === 'workflows') log.logger.info(DECIDES_ONLY);
    // The SDK takes the first and leaves the next to Node, which would end a send in the middle. A second Ctrl-C still does.
    process.on('SIGTERM', () => undefined);
    const running = worker.run();
    health.watch(worker, () => askAsWorker(connection, namespace, ASK_LIMIT_MS));
    const { version } = worker;
    const polling = { address, namespace, taskQueue, cognito: cognitoInWords(), userPools: poolIds, version };
    const as = version ? ` as build ${version.buildId} of ${version.deploymentName}` : '';
    const where = probes ? ` Probes: http://${probes.address}/healthz and /readyz.` : '';
    process.stdout.write(
      json
        ? `${JSON.stringify({ polling: { ...polling, ...defined({ health: probes?.address }) } })}\n`
        : `Polling task queue ${taskQueue} in namespace ${namespace} at ${address}${as}, and calling ${cognitoInWords()} for ${poolIds.join(', ')}.${where} Ctrl-C stops it.\n`,
    );
    await running;
  } catch (error) {
    throw explainMissingNamespace(error, namespace);
  } finally {
    cognito.destroy();
    await tracing?.close();
    // A worker that failed may still hold the connection; then the worker's own error is the one to report.
    await connection.close().catch(() => undefined);
    await messageGuard.close();
    await probes?.close();
  }
}

async function checkSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return;
  throw new SearchAttributesError(
    `Namespace "${namespace}" lacks the search attributes ${missing.join(', ')}. Register them with: cognito-verification setup`,
  );
}

/** Whoever probes waits no longer. */
const ASK_LIMIT_MS = 3_000;
/** A busy server may take a while, and this is no probe. */
const START_LIMIT_MS = 10_000;

const DECIDES_ONLY =
  'This worker makes no direct calls, so each verification costs more: 33 events and 9 actions for a right code instead of 21 and 7.';
