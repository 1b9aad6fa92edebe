import { existsSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TLSConfigOption } from '@temporalio/common/lib/internal-non-workflow/tls-config.js';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { describeSecretFile, quoteSetting, SettingError, type SettingProblem } from './setting-error.js';

/** How this process reaches Temporal, and its workers. */
export interface TemporalSettings {
  /** `host:port`. `TEMPORAL_ADDRESS`, or the profile's; default `localhost:7233`. */
  readonly address: string;
  /** `TEMPORAL_NAMESPACE`, or the profile's; default `default`. */
  readonly namespace: string;
  /** `VERIFICATION_TASK_QUEUE`; undefined for that of the contract, `attribute-verification`. */
  readonly taskQueue: string | undefined;
  /** TLS, API key and headers: the other `TEMPORAL_*` variables, or the profile's. */
  readonly security: {
    readonly apiKey?: string;
    readonly tls?: NonNullable<TLSConfigOption> | null;
    readonly metadata?: Record<string, string | Buffer>;
  };
}

/** Where `temporal server start-dev` listens. */
const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';
const ADDRESS_FORM = /^(\[[\da-fA-F:]+\]|[\w.-]+)(:\d{1,5})?$/;

/**
 * How the environment says that Temporal is reached: `TEMPORAL_*` and profiles as every Temporal SDK and tool reads them, and
 * `VERIFICATION_TASK_QUEUE`. An empty variable counts as not set.
 * @throws SettingError with everything that is wrong
 */
export function temporalFromSettings(environment: NodeJS.ProcessEnv = process.env): TemporalSettings {
  const env = withoutEmpty(environment);
  const problems = checkVariables(env);
  const loaded = problems.length === 0 ? loadProfile(env, problems) : undefined;
  // Not loaded where another setting is wrong: these two are then checked as the environment has them.
  const address = loaded?.connectionOptions.address ?? env['TEMPORAL_ADDRESS'] ?? DEFAULT_ADDRESS;
  if (!ADDRESS_FORM.test(address)) {
    problems.push({
      name: 'TEMPORAL_ADDRESS',
      found: quoteSetting(address),
      allowed: 'host or host:port, without a scheme',
    });
  }
  const namespace = loaded?.namespace ?? env['TEMPORAL_NAMESPACE'] ?? DEFAULT_NAMESPACE;
  if (/[\s\p{C}]/u.test(namespace)) {
    problems.push({ name: 'TEMPORAL_NAMESPACE', found: quoteSetting(namespace), allowed: 'a name without spaces' });
  }
  problems.push(...checkClientCertificate(loaded?.connectionOptions.tls));
  problems.push(...checkHeaders(loaded?.connectionOptions ?? { apiKey: env['TEMPORAL_API_KEY'] }));
  if (problems.length > 0) throw new SettingError(problems);
  const { apiKey, tls, metadata } = loaded?.connectionOptions ?? {};
  return Object.freeze({
    address,
    namespace,
    taskQueue: env['VERIFICATION_TASK_QUEUE'],
    security: Object.freeze({
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(tls === undefined ? {} : { tls }),
      ...(metadata === undefined ? {} : { metadata }),
    }),
  });
}

/** A key of another certificate, or what is neither, would otherwise show only when this process connects, without its name. */
function checkClientCertificate(tls: TLSConfigOption): SettingProblem[] {
  const { crt, key } = (typeof tls === 'object' ? tls?.clientCertPair : undefined) ?? {};
  if (!crt || !key) return [];
  try {
    createSecureContext({ cert: Buffer.from(crt), key: Buffer.from(key) });
    return [];
  } catch (error) {
    // OpenSSL's message says what is wrong and quotes nothing.
    const reason = error instanceof Error ? error.message : String(error);
    const allowed = 'the private key of TEMPORAL_TLS_CLIENT_CERT_PATH, both in PEM and without a passphrase';
    return [{ name: 'TEMPORAL_TLS_CLIENT_KEY_PATH', found: `a pair that TLS cannot use (${reason})`, allowed }];
  }
}

/**
 * The API key and the headers, which may hold a secret too. gRPC refuses what a header cannot hold only when it connects, and
 * its error quotes the value.
 */
function checkHeaders({ apiKey, metadata }: { apiKey?: unknown; metadata?: object | undefined }): SettingProblem[] {
  const wrong = (name: string, allowed: string): SettingProblem => ({
    name,
    found: 'a value with a line break, or with another character that a header cannot hold; it is not shown',
    allowed,
  });
  const problems: SettingProblem[] = [];
  if (typeof apiKey === 'string' && !/^[\x21-\x7e]+$/.test(apiKey)) {
    problems.push(wrong('TEMPORAL_API_KEY', 'printable ASCII characters without spaces'));
  }
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (/^[\x20-\x7e]*$/.test(String(value))) continue;
    const variable = `TEMPORAL_GRPC_META_${name.toUpperCase().replaceAll(/\W/g, '_')}`;
    problems.push(wrong(variable, 'printable ASCII characters'));
  }
  return problems;
}

/** Finds what the SDK's loader would accept silently and read as something else. */
function checkVariables(env: Record<string, string>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  for (const name of ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION']) {
    // The loader reads every other word as false, `TRUE` and `yes` included.
    const value = env[name];
    if (value !== undefined && !['1', '0', 'true', 'false'].includes(value)) {
      problems.push({ name, found: quoteSetting(value), allowed: 'true, false, 1, 0' });
    }
  }
  // The TypeScript SDK has no such switch: it would verify, against what the setting says.
  const verification = env['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'];
  if (verification === '1' || verification === 'true') {
    problems.push({
      name: 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
      found: quoteSetting(verification),
      allowed: 'false (the TypeScript SDK always verifies; give it the CA with TEMPORAL_TLS_SERVER_CA_CERT_PATH)',
    });
  }
  for (const name of [
    // The loader skips a configuration file that does not exist, even if this setting names it.
    'TEMPORAL_CONFIG_FILE',
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
    'TEMPORAL_TLS_CLIENT_KEY_PATH',
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  ]) {
    const path = env[name];
    if (path !== undefined && !existsSync(path)) {
      const file = name === 'TEMPORAL_TLS_CLIENT_KEY_PATH' ? describeSecretFile(path) : quoteSetting(path);
      problems.push({ name, found: `${file}, which does not exist`, allowed: 'the path of a file' });
    }
  }
  const cert = ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_CERT_DATA'].some((name) => env[name]);
  const key = ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_CLIENT_KEY_DATA'].some((name) => env[name]);
  // The loader ignores either without the other.
  if (cert !== key && env['TEMPORAL_PROFILE'] === undefined && env['TEMPORAL_CONFIG_FILE'] === undefined) {
    problems.push({
      name: cert ? 'TEMPORAL_TLS_CLIENT_KEY_PATH' : 'TEMPORAL_TLS_CLIENT_CERT_PATH',
      found: 'nothing',
      allowed: `the path of a file, since there is a client ${cert ? 'certificate' : 'key'}`,
    });
  }
  const taskQueue = env['VERIFICATION_TASK_QUEUE'];
  if (taskQueue !== undefined && !/^[\w.:/-]{1,200}$/.test(taskQueue)) {
    problems.push({
      name: 'VERIFICATION_TASK_QUEUE',
      found: quoteSetting(taskQueue),
      allowed: '1 to 200 letters, digits and _ . : / -',
    });
  }
  return problems;
}

function loadProfile(env: Record<string, string>, problems: SettingProblem[]): ClientConnectConfig | undefined {
  try {
    return loadClientConnectConfig({ overrideEnvVars: env });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const profile = env['TEMPORAL_PROFILE'];
    const noProfile = profile !== undefined && message.includes(`'${profile}' not found`);
    problems.push(
      noProfile
        ? {
            name: 'TEMPORAL_PROFILE',
            found: quoteSetting(profile),
            allowed: 'the name of a profile in the configuration file of the Temporal tools',
          }
        : // The parser's message quotes the file, which may hold a key; its first line does not, and says enough.
          {
            name: 'TEMPORAL_CONFIG_FILE',
            found: `a configuration that cannot be read (${quoteSetting(message.split('\n')[0] ?? '')})`,
            allowed: 'a TOML file of the Temporal tools; the files that it names must exist',
          },
    );
    return undefined;
  }
}

function withoutEmpty(environment: NodeJS.ProcessEnv): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    // An empty TEMPORAL_GRPC_META_… is not the same as none: it removes a header that the profile sets.
    if (value !== undefined && (value !== '' || name.startsWith('TEMPORAL_GRPC_META_'))) set[name] = value;
  }
  return set;
}
