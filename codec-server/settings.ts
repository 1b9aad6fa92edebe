import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import {
  describeSecretFile,
  isLoopback,
  LOCAL_WEB_UI_ORIGINS,
  quoteSetting,
  SettingError,
  type SettingProblem,
} from '@cognito-verification/codec';
import type { CodecAuthorization, Permission } from './authorization.js';

/** The settings of the codec server, apart from its keys. */
export interface CodecServerSettings {
  /** `VERIFICATION_CODEC_ORIGINS`; default on loopback: the Web UI of the local stack, else none. */
  readonly origins: readonly string[];
  /** From `VERIFICATION_CODEC_JWKS_URL` and the variables beside it. Without it the server listens on loopback only. */
  readonly authorization?: CodecAuthorization | undefined;
  /** In PEM, from `VERIFICATION_CODEC_TLS_CERT_PATH` and `VERIFICATION_CODEC_TLS_KEY_PATH`. Without it, plain HTTP. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

const NAMES = {
  jwksUrl: 'VERIFICATION_CODEC_JWKS_URL',
  issuer: 'VERIFICATION_CODEC_ISSUER',
  audience: 'VERIFICATION_CODEC_AUDIENCE',
  permission: 'VERIFICATION_CODEC_PERMISSION',
  reveal: 'VERIFICATION_CODEC_REVEAL_PERMISSION',
  encode: 'VERIFICATION_CODEC_ENCODE_PERMISSION',
  origins: 'VERIFICATION_CODEC_ORIGINS',
  cert: 'VERIFICATION_CODEC_TLS_CERT_PATH',
  key: 'VERIFICATION_CODEC_TLS_KEY_PATH',
} as const;

const ALLOWED: Readonly<Record<string, string>> = {
  [NAMES.jwksUrl]: 'the https address at which the identity provider publishes its keys (http on loopback)',
  [NAMES.issuer]: 'the tokens\' "iss", exactly',
  [NAMES.audience]: 'the tokens\' "aud"; for access tokens of Amazon Cognito the id of the app client',
  [NAMES.permission]: 'scope:NAME or group:NAME, what a caller needs',
  [NAMES.reveal]: 'scope:NAME or group:NAME, what a caller needs to see what is hidden; if it is not set, nobody may',
  [NAMES.encode]: 'scope:NAME or group:NAME, what a caller needs to seal; if it is not set, nobody may',
};

/**
 * Reads the settings of the codec server. An empty variable counts as not set.
 * @param host the address that it will listen on. Any but loopback needs authorization
 * @throws SettingError naming everything that is wrong
 */
export function loadCodecServerSettings(environment: NodeJS.ProcessEnv, host: string): CodecServerSettings {
  const problems: SettingProblem[] = [];
  const origins = readOrigins(environment[NAMES.origins], isLoopback(host), problems);
  const authorization = readAuthorization(environment, host, problems);
  const tls = readTls(environment, problems);
  if (problems.length > 0) throw new SettingError(problems);
  return { origins, authorization, tls };
}

function readOrigins(setting: string | undefined, loopback: boolean, problems: SettingProblem[]): readonly string[] {
  if (!setting) return loopback ? LOCAL_WEB_UI_ORIGINS : [];
  const origins = setting
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  for (const origin of origins) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    const exact = url && ['http:', 'https:'].includes(url.protocol) ? url.origin : undefined;
    if (exact === origin) continue;
    problems.push({
      name: NAMES.origins,
      found: quoteSetting(origin),
      allowed: exact
        ? `${exact}: browsers send an origin without a path and without a slash at its end, and compare it exactly`
        : 'exact origins such as https://temporal.example.com, separated by commas; no wildcard, because pages send tokens',
    });
  }
  return origins;
}

function readAuthorization(
  environment: NodeJS.ProcessEnv,
  host: string,
  problems: SettingProblem[],
): CodecAuthorization | undefined {
  const { jwksUrl, issuer, audience, permission, reveal, encode } = NAMES;
  const given = [jwksUrl, issuer, audience, permission, reveal, encode].some((name) => environment[name]);
  if (!given) {
    if (!isLoopback(host)) problems.push(...missingAuthorization(host));
    return undefined;
  }
  const required = (name: string): string => {
    const value = environment[name] ?? '';
    if (!value) problems.push({ name, found: 'nothing', allowed: ALLOWED[name] ?? '' });
    return value;
  };
  const url = readJwksUrl(required(jwksUrl), problems);
  const issuedBy = required(issuer);
  const intendedFor = required(audience);
  const needed = readPermission(permission, required(permission), problems);
  const revealing = readPermission(reveal, environment[reveal] ?? '', problems);
  const encoding = readPermission(encode, environment[encode] ?? '', problems);
  if (!url || !needed) return undefined;
  return {
    jwksUrl: url,
    issuer: issuedBy,
    audience: intendedFor,
    permission: needed,
    revealPermission: revealing,
    encodePermission: encoding,
  };
}

/** The error of a codec server that would listen on `host`, which is not loopback, without authorization. */
export function authorizationNeeded(host: string): SettingError {
  return new SettingError(missingAuthorization(host));
}

function missingAuthorization(host: string): SettingProblem[] {
  return [NAMES.jwksUrl, NAMES.issuer, NAMES.audience, NAMES.permission].map((name) => ({
    name,
    found: 'nothing',
    allowed: `${ALLOWED[name]}; without authorization it listens on loopback only, not on ${host}`,
  }));
}

function readJwksUrl(value: string, problems: SettingProblem[]): URL | undefined {
  if (!value) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // Over plain HTTP anyone on the way could put in keys of their own.
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url && safe && !url.username && !url.password) return url;
  problems.push({
    name: NAMES.jwksUrl,
    found: quoteSetting(value),
    allowed: ALLOWED[NAMES.jwksUrl] ?? '',
  });
  return undefined;
}

function readPermission(name: string, value: string, problems: SettingProblem[]): Permission | undefined {
  if (!value) return undefined;
  const [, kind, rest] = /^(scope|group):(\S.*)$/.exec(value) ?? [];
  if (rest && (kind === 'group' || (kind === 'scope' && !/\s/.test(rest)))) return { kind, name: rest };
  problems.push({ name, found: quoteSetting(value), allowed: ALLOWED[name] ?? '' });
  return undefined;
}

function readTls(environment: NodeJS.ProcessEnv, problems: SettingProblem[]): CodecServerSettings['tls'] {
  const paths = { cert: environment[NAMES.cert], key: environment[NAMES.key] };
  if (!paths.cert && !paths.key) return undefined;
  const before = problems.length;
  const cert = readPem(NAMES.cert, paths.cert, problems);
  const key = readPem(NAMES.key, paths.key, problems);
  if (!cert || !key || problems.length > before) return undefined;
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    // OpenSSL's message says what is wrong and quotes nothing.
    problems.push({
      name: NAMES.key,
      found: `a pair that TLS cannot use (${error instanceof Error ? error.message : String(error)})`,
      allowed: `the private key of ${NAMES.cert}, both in PEM and without a passphrase`,
    });
    return undefined;
  }
  return { cert, key };
}

function readPem(name: string, path: string | undefined, problems: SettingProblem[]): Buffer | undefined {
  try {
    if (path) return readFileSync(path);
    problems.push({ name, found: 'nothing', allowed: 'the path of a PEM file, since the other of the two is set' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    problems.push({
      name,
      found: `${name === NAMES.key ? describeSecretFile(path ?? '') : quoteSetting(path ?? '')} that cannot be read${code}`,
      allowed: 'the path of a PEM file',
    });
  }
  return undefined;
}
