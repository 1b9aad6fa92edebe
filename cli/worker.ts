import { Command } from 'commander';
import { GUARD_KEY_SETTINGS } from '../guard/guard-key.js';
import { GUARD_SETTINGS, type GuardSetting } from '../guard/guard-settings.js';
import { WORKER_SETTINGS, type WorkerSetting } from '../worker/worker-settings.js';
import { jsonOption, type OutputOptions } from './print.js';

/** `worker`: the native worker is loaded only when this runs. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('Runs a worker until it is told to stop (SIGTERM, Ctrl-C), and says so when it polls.')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Keys: VERIFICATION_ENCRYPTION_KEYS, VERIFICATION_ENCRYPTION_KEYS_FILE or VERIFICATION_ENCRYPTION_KMS_KEYS.
User pools that it serves: VERIFICATION_USER_POOLS, such as eu-west-1_AbC123xyz,eu-west-1_DeF456uvw:CLIENT_ID.
Without them it does not start.

Settings:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, TEMPORAL_TLS_…
                                             where Temporal is, as the Temporal tools read it
  VERIFICATION_TASK_QUEUE                    (default: attribute-verification)
  AWS_REGION                                 for pools whose id names no region
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER
                                             another endpoint than Amazon Cognito, such as the Cognito sandbox
  VERIFICATION_ACCESS_TOKEN_SOURCE_URL       where it finds access tokens by reference
  VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE
                                             a file with the secret that it shows there
  VERIFICATION_LOG_LEVEL                     trace, debug, info, warn, error (default: info)
  VERIFICATION_METRICS_ADDRESS               host:port on which it serves metrics to Prometheus (default: nowhere)
  VERIFICATION_HEALTH_ADDRESS                host:port on which it answers /healthz and /readyz (default: nowhere)
  OTEL_EXPORTER_OTLP_ENDPOINT                a collector for traces, such as http://localhost:4318 (default: no traces)
  OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_…
                                             the rest of its traces, as OpenTelemetry reads it
${settingLines()}
  ${GUARD_KEY_SETTINGS.key.padEnd(42)} 32 bytes in base64, with ${GUARD_SETTINGS.guardStore.variable}; or a file of it in
  ${' '.repeat(42)} ${GUARD_KEY_SETTINGS.file}

Example:
  export VERIFICATION_ENCRYPTION_KEYS_FILE=/run/secrets/verification-keys
  export VERIFICATION_USER_POOLS=eu-west-1_AbC123xyz
  TEMPORAL_ADDRESS=localhost:7233 cognito-verification worker`,
    )
    .action(async ({ json = false }: OutputOptions) => {
      const { runWorker } = await import('../worker/main.js');
      await runWorker({ json });
    });
}

function settingLines(): string {
  return Object.values<WorkerSetting | GuardSetting>({ ...WORKER_SETTINGS, ...GUARD_SETTINGS })
    .map((setting) => {
      const fallback = 'default' in setting ? setting.default : setting.without;
      return `  ${setting.variable.padEnd(42)} ${setting.help} (default: ${fallback})`;
    })
    .join('\n');
}
