import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { quoteSetting, SettingError, type SettingProblem } from '@cognito-verification/codec';
import { isLoopback } from '@cognito-verification/contract';
import type { CodecAuthorization, Permission } from './authorization.js';

/** What a deployment sets about the codec server, beside the keys. */
export interface CodecServerSettings {
  /** `VERIFICATION_CODEC_ORIGINS`; default on loopback: the Web UI of the local stack, else none. */
  readonly origins: readonly string[];
  /** From `VERIFICATION_CODEC_JWKS_URL` and its siblings; without it only loopback is served. */
  readonly authorization?: CodecAuthorization;
  /** In PEM, from `VERIFICATION_CODEC_TLS_CERT_PATH` and `VERIFICATION_CODEC_TLS_KEY_PATH`; without it plain HTTP. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

/** Where the Web UI of a local stack is; the browser's origin is whichever of the two was typed. */
export const LOCAL_ORIGINS: readonly string[] = ['http://localhost:8233', 'http://127.0.0.1:8233'];

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
  [NAMES.issuer]: 'the tokens\' "iss", to the letter',
  [NAMES.audience]: 'the tokens\' "aud"; for access tokens of Amazon Cognito the id of the app client',
  [NAMES.permission]: 'scope:NAME or group:NAME, what a caller needs',
  [NAMES.reveal]: 'scope:NAME or group:NAME, what a caller needs to see what is hidden; nothing, and nobody does',
  [NAMES.encode]: 'scope:NAME or group:NAME, what a caller needs to seal; nothing, and nobody does',
};

/**
 * Reads the settings of the codec server. An empty variable counts as not set.
 * @param host the address that it will listen on: any but loopback needs authorization
 * @throws SettingError naming everything that is wrong
 */
export function loadCodecServerSettings(environment: NodeJS.ProcessEnv, host: string): CodecServerSettings {
  const problems: SettingProblem[] = [];
  const origins = readOrigins(environment[NAMES.origins], isLoopback(host), problems);
  const authorization = readAuthorization(environment, host, problems);
  const tls = readTls(environment, problems);
  if (problems.length > 0) throw new SettingError(problems);
  return { origins, ...(authorization ? { authorization } : {}), ...(tls ? { tls } : {}) };
}

function readOrigins(setting: string | undefined, loopback: boolean, problems: SettingProblem[]): readonly string[] {
  if (!setting) return loopback ? LOCAL_ORIGINS : [];
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
        ? `${exact}: browsers send an origin with neither a path nor a slash at its end, and compare to the letter`
        : 'exact origins such as https://temporal.example.com, separated by commas; no wildcard, for pages send tokens along',
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
  const wanted = [jwksUrl, issuer, audience, permission, reveal, encode].some((name) => environment[name]);
  if (!wanted && isLoopback(host)) return undefined;
  const required = (name: string): string => {
    const value = environment[name] ?? '';
    const why = wanted ? '' : `; without authorization it listens on loopback only, not on ${host}`;
    if (!value) problems.push({ name, found: 'nothing', allowed: `${ALLOWED[name]}${why}` });
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
    ...(revealing ? { revealPermission: revealing } : {}),
    ...(encoding ? { encodePermission: encoding } : {}),
  };
}

function readJwksUrl(value: string, problems: SettingProblem[]): URL | undefined {
  if (!value) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // Over plain http anyone on the way could publish keys of their own.
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url && safe && !url.username && !url.password) return url;
  problems.push({
    name: NAMES.jwksUrl,
    found: quoteSetting(withoutPassword(value)),
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
    // OpenSSL's words name what is wrong and quote nothing.
    problems.push({
      name: NAMES.key,
      found: `a pair that TLS cannot use (${error instanceof Error ? error.message : String(error)})`,
      allowed: `the private key of ${NAMES.cert}, both in PEM and without a pass phrase`,
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
      found: `${quoteSetting(path ?? '')}, which cannot be read${code}`,
      allowed: 'the path of a PEM file',
    });
  }
  return undefined;
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@');
}
