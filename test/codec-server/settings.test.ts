import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLoopback, SettingError } from '@cognito-verification/codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCAL_WEB_UI_ORIGINS } from '../../codec/index.js';
import { loadCodecServerSettings } from '../../codec-server/settings.js';
import { serve } from './running-codec-server.js';

const AUTHORIZED = {
  VERIFICATION_CODEC_JWKS_URL: 'https://id.example.com/jwks.json',
  VERIFICATION_CODEC_ISSUER: 'https://id.example.com/',
  VERIFICATION_CODEC_AUDIENCE: 'codec-server',
  VERIFICATION_CODEC_PERMISSION: 'group:Temporal Support',
};

/** The problems with these settings: the name, and what was found. */
function problems(environment: NodeJS.ProcessEnv, host = '127.0.0.1'): [string, string, string][] {
  try {
    loadCodecServerSettings(environment, host);
  } catch (error) {
    if (error instanceof SettingError) return error.problems.map(({ name, found, allowed }) => [name, found, allowed]);
    throw error;
  }
  return [];
}

describe('valid settings', () => {
  test('none on loopback: no authorization, the pages of the local Web UI', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      expect(loadCodecServerSettings({ VERIFICATION_CODEC_ISSUER: '' }, host)).toEqual({
        origins: LOCAL_WEB_UI_ORIGINS,
      });
    }
  });

  test('all of them', () => {
    const reveal = {
      VERIFICATION_CODEC_REVEAL_PERMISSION: 'scope:codec/reveal',
      VERIFICATION_CODEC_ENCODE_PERMISSION: 'group:writers',
    };
    const origins = { VERIFICATION_CODEC_ORIGINS: 'https://temporal.example.com, http://10.0.0.7:8080' };
    expect(loadCodecServerSettings({ ...AUTHORIZED, ...reveal, ...origins }, '0.0.0.0')).toEqual({
      origins: ['https://temporal.example.com', 'http://10.0.0.7:8080'],
      authorization: {
        jwksUrl: new URL('https://id.example.com/jwks.json'),
        issuer: 'https://id.example.com/',
        audience: 'codec-server',
        permission: { kind: 'group', name: 'Temporal Support' },
        revealPermission: { kind: 'scope', name: 'codec/reveal' },
        encodePermission: { kind: 'group', name: 'writers' },
      },
    });
    expect(loadCodecServerSettings(AUTHORIZED, '0.0.0.0').origins).toEqual([]);
  });

  test.each(['http://127.0.0.1:9/jwks', 'http://localhost:9/jwks', 'http://[::1]:9/jwks'])('keys from %s', (url) => {
    expect(problems({ ...AUTHORIZED, VERIFICATION_CODEC_JWKS_URL: url })).toEqual([]);
  });
});

describe('invalid settings', () => {
  test.each(['0.0.0.0', '::', '10.0.0.7', 'codec.internal', '127.example.com', '127.0.0.1.example.com'])(
    'no authorization on %s',
    async (host) => {
      expect(isLoopback(host)).toBe(false);
      const found = problems({}, host);
      expect(found.map(([name]) => name)).toEqual(Object.keys(AUTHORIZED));
      for (const [, , allowed] of found) expect(allowed).toContain(`on loopback only, not on ${host}`);
      await expect(serve({ host })).rejects.toThrow(SettingError);
    },
  );

  test.each(Object.keys(AUTHORIZED))('%s alone is missing', (name) => {
    expect(problems({ ...AUTHORIZED, [name]: '' }).map(([missing, found]) => [missing, found])).toEqual([
      [name, 'nothing'],
    ]);
  });

  test.each<[string, string, RegExp]>([
    [
      'https://temporal.example.com/',
      '"https://temporal.example.com/"',
      /^https:\/\/temporal\.example\.com: browsers send/,
    ],
    ['https://temporal.example.com/ui', '"https://temporal.example.com/ui"', /^https:\/\/temporal\.example\.com: /],
    ['HTTPS://Temporal.example.com', '"HTTPS://Temporal.example.com"', /^https:\/\/temporal\.example\.com: /],
    ['https://temporal.example.com:443', '"https://temporal.example.com:443"', /^https:\/\/temporal\.example\.com: /],
    ['*', '"*"', /no wildcard/],
    ['null', '"null"', /exact origins/],
    ['temporal.example.com', '"temporal.example.com"', /exact origins/],
    ['file:///index.html', '"file:///index.html"', /exact origins/],
  ])('the origin %s', (origin, shown, allowed) => {
    expect(problems({ VERIFICATION_CODEC_ORIGINS: `https://good.example.com,${origin}` })).toEqual([
      ['VERIFICATION_CODEC_ORIGINS', shown, expect.stringMatching(allowed)],
    ]);
  });

  test.each<[string, string, string?]>([
    ['VERIFICATION_CODEC_JWKS_URL', 'http://id.example.com/jwks.json'],
    ['VERIFICATION_CODEC_JWKS_URL', 'id.example.com'],
    ['VERIFICATION_CODEC_JWKS_URL', 'https://user:canary@id.example.com/', '"https://…@id.example.com/"'],
    ['VERIFICATION_CODEC_PERMISSION', 'support'],
    ['VERIFICATION_CODEC_PERMISSION', 'scope:'],
    ['VERIFICATION_CODEC_PERMISSION', 'scope:one two'],
    ['VERIFICATION_CODEC_REVEAL_PERMISSION', 'role:admin'],
    ['VERIFICATION_CODEC_ENCODE_PERMISSION', 'writers'],
  ])('%s=%s', (name, value, found = JSON.stringify(value)) => {
    expect(problems({ ...AUTHORIZED, [name]: value }).map((problem) => problem.slice(0, 2))).toEqual([[name, found]]);
  });

  test('all at once', () => {
    const found = problems(
      {
        VERIFICATION_CODEC_ORIGINS: '*',
        VERIFICATION_CODEC_PERMISSION: 'x',
        VERIFICATION_CODEC_TLS_CERT_PATH: '/nowhere.pem',
      },
      '0.0.0.0',
    );
    expect(found.map(([name]) => name)).toEqual([
      'VERIFICATION_CODEC_ORIGINS',
      'VERIFICATION_CODEC_JWKS_URL',
      'VERIFICATION_CODEC_ISSUER',
      'VERIFICATION_CODEC_AUDIENCE',
      'VERIFICATION_CODEC_PERMISSION',
      'VERIFICATION_CODEC_TLS_CERT_PATH',
      'VERIFICATION_CODEC_TLS_KEY_PATH',
    ]);
  });
});

/** Not every machine has it, and the tests cannot install it. */
const OPENSSL = process.env['OPENSSL'] ?? 'openssl';

describe.skipIf(spawnSync(OPENSSL, ['version']).error)('TLS', () => {
  let folder = '';
  const file = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'codec-tls-'));
    for (const name of ['one', 'two']) {
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
      const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
      execFileSync(OPENSSL, [...args, ...names, '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)], {
        stdio: 'pipe',
      });
    }
    writeFileSync(file('none.pem'), 'canary');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const settings = (cert: string, key: string) => ({
    VERIFICATION_CODEC_TLS_CERT_PATH: cert && file(cert),
    VERIFICATION_CODEC_TLS_KEY_PATH: key && file(key),
  });

  const answerOf = async (url: string) =>
    await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method: 'POST', ca: readFileSync(file('one.crt')), agent: false as const };
      const outgoing = request(`${url}/decode`, options, (answer) => {
        answer.resume();
        resolve(answer);
      });
      outgoing.on('error', reject).end('{"payloads":[]}');
    });

  test('is served', async () => {
    const { url } = await serve(loadCodecServerSettings(settings('one.crt', 'one.key'), '127.0.0.1'));
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const { statusCode, headers } = await answerOf(url);
    expect(statusCode).toBe(200);
    // Other programs on this machine may use plain HTTP.
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  test('makes browsers require TLS for other hosts', async () => {
    const { url } = await serve({
      ...loadCodecServerSettings({ ...AUTHORIZED, ...settings('one.crt', 'one.key') }, '0.0.0.0'),
      host: '0.0.0.0',
    });
    const { statusCode, headers } = await answerOf(url.replace('0.0.0.0', '127.0.0.1'));
    expect([statusCode, headers['strict-transport-security']]).toEqual([401, 'max-age=31536000']);
  });

  test.each([
    ['one.crt', '', 'VERIFICATION_CODEC_TLS_KEY_PATH'],
    ['', 'one.key', 'VERIFICATION_CODEC_TLS_CERT_PATH'],
    ['one.crt', 'two.key', 'VERIFICATION_CODEC_TLS_KEY_PATH'],
    ['none.pem', 'one.key', 'VERIFICATION_CODEC_TLS_KEY_PATH'],
    ['one.crt', 'nowhere.key', 'VERIFICATION_CODEC_TLS_KEY_PATH'],
  ])('certificate %s with key %s is refused', (cert, key, name) => {
    const found = problems(settings(cert, key));
    expect(found.map(([wrong]) => wrong)).toEqual([name]);
    expect(JSON.stringify(found)).not.toContain('canary');
  });
});
