/** Doctor's checks of the codec server: one thing wrong at a time, and what each finding says followed to its end. */
import { keyRingOf, parseKeys } from '@cognito-verification/codec';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/free-port.js';
import { CHECKS } from '../../doctor/checks.js';
import type { Finding } from '../../doctor/finding.js';
import { runJson } from '../cli/run-cli.js';
import { startIdentityProvider } from '../codec-server/identity-provider.js';
import { serve } from '../codec-server/running-codec-server.js';
import { brokenCodecServer, startCodecServer } from './broken-codec-server.js';
import { HAS_OPENSSL, selfSigned } from './certificate.js';
import { typeLine } from './following.js';
import { doctorOf, expectNamedAndEnded, expectWhole, otherKey, wrongIn } from './server-rig.js';

const KEYS = otherKey();
const KEY_RING = keyRingOf(...parseKeys(KEYS, 'keys'));
/** None of them needs a Temporal Service. */
const checks = CHECKS.filter(
  ({ name, area }) => area === 'codec-server' || ['key-ring', 'worker-settings'].includes(name),
);
const well = { TEMPORAL_NAMESPACE: 'default', TEMPORAL_CONFIG_FILE: '', VERIFICATION_ENCRYPTION_KEYS: KEYS };
const doctor = doctorOf(well, checks);

it('is green where all is well, and where there is none', async () => {
  for (const env of [{}, { TEMPORAL_CODEC_ENDPOINT: (await serve({ keys: KEY_RING })).url }]) {
    const { findings } = await doctor(env);
    expectWhole(findings, checks);
    expect(wrongIn(findings)).toEqual([]);
  }
});

describe('one thing is wrong, until its finding is followed', () => {
  it.each(brokenCodecServer(KEY_RING).map((broken) => [broken.what, broken] as const))('%s', async (_what, broken) => {
    await expectNamedAndEnded(broken, { well, doctor, checks });
  });
});

it.skipIf(!HAS_OPENSSL)('leads from plain HTTP on another machine to TLS and tokens, step by step', async () => {
  // No name of this machine counts as that of another, and the address that means every address leads here all the same.
  const { cert, key } = await selfSigned('0.0.0.0');
  const provider = await startIdentityProvider();
  onTestFinished(async () => await provider.close());
  const port = await freePort();
  const here = `http://127.0.0.1:${port}`;
  let env: NodeJS.ProcessEnv = { ...well, TEMPORAL_CODEC_ENDPOINT: `http://0.0.0.0:${port}` };
  let settings: NodeJS.ProcessEnv = { ...well, VERIFICATION_CODEC_ORIGINS: 'https://temporal.example.com' };
  let stop = await startCodecServer(here, settings);
  const restart = async (more: Record<string, string>) => {
    await stop();
    settings = { ...settings, ...more };
    stop = await startCodecServer(here, settings);
  };
  const next = async (...options: string[]): Promise<Finding | undefined> => {
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? '']));
    const { document } = await runJson(['doctor', '--only', 'codec-server', ...options], { env: given });
    return (document as { findings: Finding[] }).findings.find((one) => one.verdict !== 'ok');
  };
  const expectNext = async (found: RegExp, ...named: string[]) => {
    const finding = await next();
    expect(finding?.found).toMatch(found);
    for (const name of named) expect(finding?.remedy?.text).toContain(name);
    return finding;
  };

  await expectNext(/plain HTTP/, 'VERIFICATION_CODEC_TLS_CERT_PATH', 'VERIFICATION_CODEC_TLS_KEY_PATH', 'https');
  await restart({ VERIFICATION_CODEC_TLS_CERT_PATH: cert, VERIFICATION_CODEC_TLS_KEY_PATH: key });
  env = { ...env, TEMPORAL_CODEC_ENDPOINT: `https://0.0.0.0:${port}` };

  await expectNext(/does not answer \(.*SELF_SIGNED/, 'NODE_EXTRA_CA_CERTS');
  env = { ...env, NODE_EXTRA_CA_CERTS: cert };

  await expectNext(/HostNotAllowed/, 'let it ask for tokens: VERIFICATION_CODEC_JWKS_URL');
  const { jwksUrl, issuer, audience } = provider.authorization;
  await restart({
    VERIFICATION_CODEC_JWKS_URL: jwksUrl.href,
    VERIFICATION_CODEC_ISSUER: issuer,
    VERIFICATION_CODEC_AUDIENCE: audience,
    VERIFICATION_CODEC_PERMISSION: 'scope:codec.read',
  });

  const noToken = await expectNext(/refuses a caller without a token/, 'Bearer');
  const stale = await typeLine(
    noToken?.remedy?.command ?? '',
    env,
    `Bearer ${await provider.token({ scope: 'openid' })}\n`,
  );
  env = stale.env;
  await expectNext(/HTTP 403/, 'TEMPORAL_CODEC_AUTH', 'VERIFICATION_CODEC_PERMISSION');
  env = (await typeLine(noToken?.remedy?.command ?? '', env, `Bearer ${await provider.token()}\n`)).env;

  const noOrigin = await expectNext(/origin of the Web UI is not known/);
  const [, ...option] = / (--web-ui) (\S+)$/.exec(noOrigin?.remedy?.command ?? '') ?? [];
  expect(await next(...option)).toBeUndefined();
});
