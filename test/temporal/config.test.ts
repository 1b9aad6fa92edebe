/** The configuration, as every command that talks to Temporal reads it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingError } from '@cognito-verification/codec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../temporal/config.js';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-test-'));
  file = join(folder, 'temporal.toml');
  await writeFile(
    file,
    `[profile.default]
address = "one.example:7233"
namespace = "first"

[profile.cloud]
address = "cloud.example:7233"
namespace = "second"
api_key = "key-4711"
`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** Loads without the machine's own configuration file. */
const load = (env: Record<string, string>) => loadConfig({ HOME: folder, XDG_CONFIG_HOME: folder, ...env });

function problemsOf(env: Record<string, string>) {
  try {
    load(env);
  } catch (error) {
    if (error instanceof SettingError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('names a wrong address and namespace beside any other wrong setting', () => {
    const wrong = { TEMPORAL_ADDRESS: 'http://a:b@c', TEMPORAL_NAMESPACE: 'a b', TEMPORAL_TLS: 'maybe' };
    expect(problemsOf(wrong).map(({ name }) => name)).toEqual([
      'TEMPORAL_TLS',
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
    ]);
  });

  it.each([
    ['TEMPORAL_API_KEY', { TEMPORAL_API_KEY: 'key-4711\n' }],
    ['TEMPORAL_API_KEY', { TEMPORAL_API_KEY: 'key-4711\n', TEMPORAL_ADDRESS: 'http://c' }],
    ['TEMPORAL_API_KEY', { TEMPORAL_API_KEY: 'key 4711' }],
    ['TEMPORAL_GRPC_META_AUTHORIZATION', { TEMPORAL_GRPC_META_AUTHORIZATION: 'Bearer key-4711\n' }],
    ['TEMPORAL_TLS_CLIENT_KEY_PATH', { TEMPORAL_TLS_CLIENT_KEY_PATH: '-----BEGIN PRIVATE KEY-----\nkey-4711' }],
    ['TEMPORAL_TLS_CLIENT_KEY_PATH', { TEMPORAL_TLS_CLIENT_KEY_PATH: 'key-4711' }],
  ])('a wrong %s is refused with its name, and its value is not shown', (name, env) => {
    const problems = problemsOf(env);
    expect(problems.map((problem) => problem.name)).toContain(name);
    expect(JSON.stringify(problems)).not.toContain('4711');
  });

  it('has a default for everything, and is immutable', () => {
    const config = load({});
    expect(config).toEqual({
      address: 'localhost:7233',
      namespace: 'default',
      taskQueue: 'attribute-verification',
      logLevel: 'info',
      security: {},
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('comes from the profile, and the environment takes precedence', () => {
    const env = { TEMPORAL_CONFIG_FILE: file };
    expect(load(env)).toMatchObject({ address: 'one.example:7233', namespace: 'first' });
    expect(load({ ...env, TEMPORAL_PROFILE: 'cloud', TEMPORAL_NAMESPACE: 'third' })).toMatchObject({
      address: 'cloud.example:7233',
      namespace: 'third',
      security: { apiKey: 'key-4711', tls: true },
    });
  });

  it('takes any free port for health', () => {
    expect(load({ VERIFICATION_HEALTH_ADDRESS: '[::1]:0' })).toMatchObject({ healthAddress: '[::1]:0' });
  });

  it('treats an empty variable as unset', () => {
    expect(load({ TEMPORAL_ADDRESS: '', VERIFICATION_TASK_QUEUE: '' })).toEqual(load({}));
  });
});

describe('a wrong value', () => {
  it.each([
    ['TEMPORAL_TLS', { TEMPORAL_TLS: 'TRUE' }],
    ['TEMPORAL_ADDRESS', { TEMPORAL_ADDRESS: 'http://localhost:7233' }],
    ['TEMPORAL_NAMESPACE', { TEMPORAL_NAMESPACE: 'a b' }],
    ['TEMPORAL_PROFILE', { TEMPORAL_PROFILE: 'nowhere' }],
    ['TEMPORAL_CONFIG_FILE', { TEMPORAL_CONFIG_FILE: '/does/not/exist' }],
    ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/does/not/exist' }],
    ['TEMPORAL_TLS_CLIENT_KEY_PATH', { TEMPORAL_TLS_CLIENT_CERT_DATA: 'certificate' }],
    ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }],
    ['VERIFICATION_TASK_QUEUE', { VERIFICATION_TASK_QUEUE: 'a b' }],
    ['VERIFICATION_LOG_LEVEL', { VERIFICATION_LOG_LEVEL: 'INFO' }],
    ['VERIFICATION_METRICS_ADDRESS', { VERIFICATION_METRICS_ADDRESS: ':9464' }],
    ['VERIFICATION_METRICS_ADDRESS', { VERIFICATION_METRICS_ADDRESS: '127.0.0.1' }],
    ['VERIFICATION_METRICS_ADDRESS', { VERIFICATION_METRICS_ADDRESS: '127.0.0.1:0' }],
    ['VERIFICATION_METRICS_ADDRESS', { VERIFICATION_METRICS_ADDRESS: '127.0.0.1:99999' }],
    ['VERIFICATION_HEALTH_ADDRESS', { VERIFICATION_HEALTH_ADDRESS: '8080' }],
    ['VERIFICATION_HEALTH_ADDRESS', { VERIFICATION_HEALTH_ADDRESS: '127.0.0.1:99999' }],
  ])('of %s is named, with what was found and what is allowed', (name, env) => {
    expect(problemsOf(env)).toEqual([{ name, found: expect.stringMatching(/./), allowed: expect.stringMatching(/./) }]);
  });

  it('does not hide another', () => {
    const env = { TEMPORAL_TLS: 'yes', VERIFICATION_TASK_QUEUE: 'a b' };
    expect(problemsOf(env).map(({ name }) => name)).toEqual(Object.keys(env));
  });

  it('in a file does not reveal the file', async () => {
    const broken = join(folder, 'broken.toml');
    await writeFile(broken, '[profile.default]\napi_key = "key-4711\n');
    const [problem, ...others] = problemsOf({ TEMPORAL_CONFIG_FILE: broken });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ name: 'TEMPORAL_CONFIG_FILE' });
    expect(JSON.stringify(problem)).not.toContain('4711');
  });
});
