/** What a process may show to a Temporal Service that asks for a certificate and an API key: right ones, and wrong ones of each kind. */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { ExpectStatic } from 'vitest';
import { runCli } from './run-cli.js';

const run = promisify(execFile);

/** The name that the certificate of the server has. */
export const SERVER_NAME = 'temporal.test';

type Env = Record<string, string>;

/** Something wrong, how it is set, and what has to be said about it. */
export interface Refusal {
  readonly what: string;
  /** Replaces settings of those that are right; an empty one removes it. */
  readonly env: Env;
  readonly says: RegExp;
}

/** Files of certificates and keys, in a folder of their own, which the caller removes. */
export interface Certificates {
  readonly folder: string;
  readonly path: (name: string) => string;
  /** The settings of a process that is let in. */
  readonly env: Env;
  readonly refusals: readonly Refusal[];
  /** The key of another certificate: a wrong setting, which nobody need be asked about. */
  readonly mismatch: Env;
}

/** Made by openssl, which Node.js has no replacement for. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  const path = (name: string) => join(folder, name);
  const openssl = async (...args: string[]) => await run('openssl', args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const authority = async (name: string) =>
    await openssl(
      'req',
      '-x509',
      ...key,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
  const leaf = async (name: string, by: string, extensions: string, days = '2') => {
    await openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    await writeFile(path(`${name}.ext`), extensions);
    const signed = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', days];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
  };
  await authority('authority');
  await authority('foreign-authority');
  await leaf(
    'server',
    'authority',
    `subjectAltName=DNS:${SERVER_NAME},IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  await leaf('worker', 'authority', 'extendedKeyUsage=clientAuth\n');
  await leaf('expired', 'authority', 'extendedKeyUsage=clientAuth\n', '-1');
  await leaf('foreign', 'foreign-authority', 'extendedKeyUsage=clientAuth\n');
  const shows = (name: string) => ({
    TEMPORAL_TLS_CLIENT_CERT_PATH: path(`${name}.pem`),
    TEMPORAL_TLS_CLIENT_KEY_PATH: path(`${name}.key`),
  });
  return {
    folder,
    path,
    env: {
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: path('authority.pem'),
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
      ...shows('worker'),
    },
    refusals: [
      {
        what: 'no certificate',
        env: { TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' },
        says: /with TLS: it asks for a client certificate, and this process shows none\. .*TEMPORAL_TLS_CLIENT_CERT_PATH/,
      },
      {
        what: 'an expired certificate',
        env: shows('expired'),
        says: /with TLS: it refuses the client certificate, which has expired\. Renew .*TEMPORAL_TLS_CLIENT_CERT_PATH/,
      },
      {
        what: 'a certificate of another authority',
        env: shows('foreign'),
        says: /with TLS: it refuses the client certificate \(unknown ca\)\. Correct TEMPORAL_TLS_CLIENT_CERT_PATH/,
      },
      {
        what: 'another authority for the server',
        env: { TEMPORAL_TLS_SERVER_CA_CERT_PATH: path('foreign-authority.pem') },
        says: /with TLS: this process does not know the authority .*TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
      },
      {
        what: 'another name for the server',
        env: { TEMPORAL_TLS_SERVER_NAME: 'other.test' },
        says: /with TLS: Hostname\/IP does not match .*other\.test.*TEMPORAL_TLS_SERVER_NAME/,
      },
      {
        what: 'no TLS',
        env: {
          TEMPORAL_TLS: 'false',
          TEMPORAL_TLS_SERVER_CA_CERT_PATH: '',
          TEMPORAL_TLS_SERVER_NAME: '',
          TEMPORAL_TLS_CLIENT_CERT_PATH: '',
          TEMPORAL_TLS_CLIENT_KEY_PATH: '',
        },
        says: /without TLS: .*\. The service may speak TLS only\. Set TEMPORAL_TLS=true/,
      },
    ],
    mismatch: { TEMPORAL_TLS_CLIENT_KEY_PATH: path('foreign.key') },
  };
}

/** API keys, as a Temporal Server of one's own reads them. */
export interface ApiKeys {
  /** The public key, for the server. */
  readonly jwks: object;
  readonly administrator: string;
  readonly env: Env;
  readonly refusals: readonly Refusal[];
  /** May read, and so may not work. */
  readonly reader: Env;
}

export async function makeApiKeys(namespace = 'default'): Promise<ApiKeys> {
  const kid = 'key-1';
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const { privateKey: foreignKey } = await generateKeyPair('RS256');
  const sign = async (permission: string, { by = privateKey, expires = '1h' } = {}) =>
    await new SignJWT({ permissions: [permission] })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setSubject('test')
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(by);
  const right = `${namespace}:write`;
  // The service gives no reason.
  const says = /Request unauthorized.*TEMPORAL_API_KEY/;
  const of = async (...args: Parameters<typeof sign>) => ({ TEMPORAL_API_KEY: await sign(...args) });
  return {
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }] },
    administrator: await sign('temporal-system:admin'),
    env: await of(right),
    refusals: [
      { what: 'no API key', env: { TEMPORAL_API_KEY: '' }, says },
      { what: 'a wrong API key', env: { TEMPORAL_API_KEY: 'key-4711' }, says },
      { what: 'an expired API key', env: await of(right, { expires: '1 minute ago' }), says },
      { what: 'an API key that another has signed', env: await of(right, { by: foreignKey }), says },
      { what: 'an API key for another namespace', env: await of('elsewhere:write'), says },
    ],
    reader: await of(`${namespace}:read`),
  };
}

/**
 * Runs commands with wrong credentials: each says what is wrong and ends with 3, and tells nothing of the credentials.
 * @param env right ones, with the address of the server
 */
export async function expectRefused(
  expect: ExpectStatic,
  env: Env,
  refusal: Refusal,
  commands: readonly (readonly string[])[],
): Promise<void> {
  const shown = { ...env, ...refusal.env };
  for (const args of commands) {
    const { code, stdout, stderr } = await runCli(args, { env: shown });
    // The doctor says what it means between what is wrong and what to do.
    const said = `${stdout}${stderr}`.replace(/\n\s+means .*\n\s+do\s+/, ' ');
    expect({ args, code, said }).toEqual({
      args,
      code: args[0] === 'doctor' ? expect.any(Number) : 3,
      said: expect.stringMatching(refusal.says),
    });
    expect(code).not.toBe(0);
    expect(said).not.toContain(shown['TEMPORAL_API_KEY'] || 'PRIVATE KEY');
    expect(said).not.toMatch(/SSL routines|openssl|\.\.\//);
  }
}
