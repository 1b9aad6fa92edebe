/** The process entry: configuration, connection, checks, workers, and a clean end on Ctrl-C or SIGTERM. */
import { keyRingFromSettings } from '@cognito-verification/codec';
import { accessTokenSourceFromSettings } from '../activities/access-token-source-settings.js';
import { cognitoEndpoint, cognitoInWords, createCognitoClients } from '../activities/cognito-clients.js';
import { logUncaught } from '../log/log-uncaught.js';
import { loadConfig } from '../temporal/config.js';
import { connectWorker } from '../temporal/connect-worker.js';
import { missingSearchAttributes, SearchAttributesError } from '../temporal/search-attributes.js';
import { plainTransports } from './plain-transport.js';
import { installRuntime } from './telemetry.js';
import { createWorker } from './worker.js';

/**
 * Runs a worker until the process is told to end (SIGINT, SIGTERM); what is under way gets 35 seconds to finish. Writes
 * one line to standard output once it polls.
 * @param options `json`: that line is a JSON document
 * @throws ConfigError, KeySettingsError, AwsSettingError or AccessTokenSourceSettingError for a wrong setting;
 *   TemporalConnectError; SearchAttributesError where the namespace is not set up: a workflow that sets a search attribute
 *   which nobody registered would be stuck.
 */
export async function runWorker({ json }: { json: boolean }): Promise<void> {
  const config = loadConfig();
  const { address, namespace, taskQueue } = config;
  const accessTokenSource = accessTokenSourceFromSettings();
  const log = await installRuntime(config);
  logUncaught(log);
  const keys = keyRingFromSettings(process.env, (problem) => log.logger.error(problem));
  // Whether a payload can be sealed shows here, and not in the first verification.
  await keys.current();
  const cognito = createCognitoClients();
  for (const warning of plainTransports(config, cognitoEndpoint())) log.logger.warn(warning);
  const connection = await connectWorker(config);
  try {
    const missing = await missingSearchAttributes(connection, namespace);
    if (missing.length > 0) {
      throw new SearchAttributesError(
        `Namespace "${namespace}" lacks the search attributes ${missing.join(', ')}. Register them with: cognito-verification setup`,
      );
    }
    const worker = await createWorker({ connection, namespace, taskQueue, keys, cognito, accessTokenSource });
    const running = worker.run();
    process.stdout.write(
      json
        ? `${JSON.stringify({ polling: { address, namespace, taskQueue, cognito: cognitoInWords() } })}\n`
        : `Polling task queue ${taskQueue} in namespace ${namespace} at ${address}, and calling ${cognitoInWords()}. Ctrl-C stops it.\n`,
    );
    await running;
  } finally {
    cognito.destroy();
    // A worker that failed may hold it still, and its error is the one to tell.
    await connection.close().catch(() => undefined);
  }
}
