/** The env file of a stack, in the shell that has read it when the next stack starts. */
import { expect, it } from 'vitest';
import { forgetStackSettings, writeEnvironment } from '../../dev/stack-environment.js';

const CONFIG = { address: '127.0.0.1:7233', namespace: 'default', taskQueue: 'attribute-verification', security: {} };
const SANDBOX = 'http://127.0.0.1:9320';

/** The variables that a shell has after it has read the file. */
async function sourced(own: boolean): Promise<Record<string, string>> {
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
  await writeEnvironment(folder, { config: CONFIG, own }, { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: SANDBOX });
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='?(.*?)'?$/gm)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}

it('what the stack has chosen is forgotten', async () => {
  const shell = await sourced(true);
  expect(shell).toMatchObject({
    TEMPORAL_ADDRESS: CONFIG.address,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: SANDBOX,
  });
  expect(forgetStackSettings(shell)).toContain('TEMPORAL_ADDRESS');
  expect(shell).toEqual({});
});

it('what the user has set, before or since, is kept', async () => {
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

it('a shell without such a file loses nothing', () => {
  const shell = { TEMPORAL_ADDRESS: 'temporal.example:7233' };
  expect(forgetStackSettings(shell)).toEqual([]);
  expect(shell).toEqual({ TEMPORAL_ADDRESS: 'temporal.example:7233' });
});
