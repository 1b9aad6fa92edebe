/** The env file of a stack, in a shell that has sourced it and then starts the next stack. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { accountSettings } from '../../dev/stack-cognito.js';
import { describeStack, forgetStackSettings, writeEnvironment } from '../../dev/stack-environment.js';

const CONFIG = { address: '127.0.0.1:7233', namespace: 'default', taskQueue: 'attribute-verification', security: {} };
const SANDBOX = 'http://127.0.0.1:9320';

/** Writes the env file and returns its text. */
async function written(own: boolean, parts: Record<string, string>): Promise<string> {
  let text = '';
  const folder = {
    path: (name: string) => name,
    writePrivate: (name: string, content: string) => {
      text = content;
      return Promise.resolve(name);
    },
    readText: () => Promise.resolve(undefined),
    publish: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
  await writeEnvironment(folder, { config: CONFIG, own }, parts);
  return text;
}

/** The variables of a shell that has sourced the file. */
async function sourced(own: boolean): Promise<Record<string, string>> {
  const text = await written(own, { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: SANDBOX });
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='?(.*?)'?$/gm)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}

it('the values that the stack chose are dropped', async () => {
  const shell = await sourced(true);
  expect(shell).toMatchObject({
    TEMPORAL_ADDRESS: CONFIG.address,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: SANDBOX,
  });
  expect(forgetStackSettings(shell)).toContain('TEMPORAL_ADDRESS');
  expect(shell).toEqual({});
});

it('the values that the user set, earlier or later, are kept', async () => {
  const before = process.env['TEMPORAL_ADDRESS'];
  process.env['TEMPORAL_ADDRESS'] = 'temporal.example:7233';
  try {
    const shell = await sourced(false);
    shell['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER'] = 'http://other.example';
    forgetStackSettings(shell);
    expect(shell).toEqual({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://other.example',
    });
  } finally {
    if (before === undefined) delete process.env['TEMPORAL_ADDRESS'];
    else process.env['TEMPORAL_ADDRESS'] = before;
  }
});

it('keys and a profile from the shell do not mix with those of the stack', async () => {
  const text = await written(true, { VERIFICATION_ENCRYPTION_KEYS_FILE: '/stack/encryption-keys' });
  const output = execFileSync('sh', ['-c', `${text}\nenv`], {
    env: {
      PATH: process.env['PATH'],
      VERIFICATION_ENCRYPTION_KEYS: 'one:key',
      VERIFICATION_ENCRYPTION_KMS_KEYS: 'arn',
      TEMPORAL_PROFILE: 'cloud',
    },
    encoding: 'utf8',
  });
  const names = [...output.matchAll(/^((?:VERIFICATION_ENCRYPTION|TEMPORAL_P)\w+)=/gm)].map(([, name]) => name);
  expect(names).toEqual(['VERIFICATION_ENCRYPTION_KEYS_FILE']);
});

it('a shell without such a file loses nothing', () => {
  const shell = { TEMPORAL_ADDRESS: 'temporal.example:7233' };
  expect(forgetStackSettings(shell)).toEqual([]);
  expect(shell).toEqual({ TEMPORAL_ADDRESS: 'temporal.example:7233' });
});

it.each([true, false])('a stack says what to try next if it stays up: %s', (stays) => {
  const info = {
    pid: 1,
    temporal: '127.0.0.1:7233',
    namespace: 'default',
    taskQueue: 'any',
    codecServer: 'http://127.0.0.1:8888',
    stateDir: '/tmp/stack',
    environmentFile: '/tmp/stack/env',
  };
  expect(describeStack(info, 'The local stack:', stays).includes('To try next')).toBe(stays);
});

it('leads the remedies of doctor that change roles to the sandbox too', () => {
  expect(accountSettings(SANDBOX, {})).toMatchObject({
    AWS_ENDPOINT_URL_SNS: SANDBOX,
    AWS_ENDPOINT_URL_IAM: SANDBOX,
    AWS_ACCESS_KEY_ID: 'sandbox',
  });
});
