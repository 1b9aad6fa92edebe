/** What needs no server: help, wrong usage, secrets among the arguments, and a missing Temporal Service. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands.js';
import { OPTION_OF } from '../../cli/option-names.js';
import { WORKER_SETTINGS } from '../../worker/worker-settings.js';
import { accessToken } from '../client/fixtures.js';
import { killRunning, MAIN, runCli, runJson, someKeys } from './run-cli.js';

const ID = 'verify/eu-west-1_pool/2f0e/email';
const NOWHERE = {
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  VERIFICATION_ENCRYPTION_KEYS: someKeys(),
  VERIFICATION_USER_POOLS: 'eu-west-1_pool',
  // No test calls Amazon Cognito.
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:1',
};
const NAMED_BY_HELP = [
  'TEMPORAL_ADDRESS',
  'VERIFICATION_TASK_QUEUE',
  'VERIFICATION_ENCRYPTION_KEYS',
  'VERIFICATION_ENCRYPTION_KEYS_FILE',
  'VERIFICATION_ENCRYPTION_KMS_KEYS',
  'VERIFICATION_USER_POOLS',
  'VERIFICATION_ACCESS_TOKEN_SOURCE_URL',
  'VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE',
  'VERIFICATION_LOG_LEVEL',
  'VERIFICATION_METRICS_ADDRESS',
  'VERIFICATION_HEALTH_ADDRESS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_TRACES_SAMPLER',
  'AWS_REGION',
  ...Object.values(WORKER_SETTINGS).map(({ variable }) => variable),
];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-test-'));
});
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true });
});

describe('help', () => {
  it.each([[['--help']], [['-h']], [['help']], [[]]])('of the root lists every command: %j', async (args) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    for (const exit of ['0', '1', '2', '3', '4', '130']) expect(stdout).toMatch(new RegExp(`^ {2}${exit} {2,}`, 'm'));
  });

  it('of the root and of worker names each setting of a worker', async () => {
    for (const args of [['--help'], ['worker', '--help']]) {
      const { stdout } = await runCli(args);
      for (const name of NAMED_BY_HELP) expect(stdout, args.join(' ')).toContain(name);
    }
  });

  it.each(COMMANDS.map(({ name }) => name))('of %s loads, and documents --json', async (name) => {
    const { code, stdout } = await runCli(['help', name]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: cognito-verification ${name} `);
    expect(stdout).toContain('--json');
    expect(await runCli([name, '--help'])).toMatchObject({ code: 0, stdout });
  });

  it.each(['resend', 'renew-token', 'submit'])('of %s says how long it may wait', async (name) => {
    expect((await runCli([name, '--help'])).stdout).toContain('3 minutes at most');
  });

  it('shows the version', async () => {
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('has no colours in a pipe', async () => {
    const { stdout } = await runCli(['help', 'start'], { env: { NO_COLOR: '1' } });
    expect(stdout).not.toContain('\u001b');
  });
});

describe('wrong usage', () => {
  it.each([
    [['strat'], /unknown command 'strat' \(Did you mean start\?\)/],
    [['start'], /--attribute/],
    [['start', '--attribute', 'fax'], /email, phone_number/],
    [['start', '--attribute', 'email', '--deadline', '10'], /has a unit/],
    [['start', '--attribute', 'email', '--deadline', '5s'], /--deadline.*from 1 minute to 30 days/],
    [['start', '--attribute', 'email', '--resend-cooldown', '2h'], /--resend-cooldown.*from 1 second to 1 hour/],
    [['start', '--attribute', 'email', '--wait', '0s'], /--wait.*1 ms at least/],
    [['wait', ID, '--timeout', '0s'], /--timeout.*1 ms at least/],
    [['start', '--attribute', 'email', '--max-sends', 'many'], /--max-sends.*whole number from 1 to 20/],
    [['start', '--attribute', 'email', '--max-attempts', '16'], /--max-attempts.*whole number from 1 to 15/],
    [['list', '--limit', '0'], /--limit.*whole number from 1/],
    [['replay', '--concurrency', '33'], /--concurrency.*whole number from 1 to 32/],
    [['start', '--attribute', 'email', '--client-metadata', 'novalue'], /key=value/],
    [['start', '--attribute', 'email'], /--access-token-file/],
    [['start', '--attribute', 'email', '--access-token-file', '/does/not/exist'], /\/does\/not\/exist does not exist/],
    [['status'], /workflowId/],
    [['status', ID, 'more'], /too many arguments/],
    [['list', '--open', '--ended'], /cannot be used with/],
    [['submit', ID], /--code-file/],
    [['submit', ID, '--code-file', '-', '--access-token-file', '-'], /Only one/],
    [['sandbox', '--port', '70000'], /65535/],
    [['doctor', '--only', 'sms-sandbx'], /check or area as "sms-sandbx".*\n {2}temporal +connection/],
    [['doctor', '--country', 'UK'], /is GB/],
    [['doctor', '--iam-policy', '--only', 'sms'], /cannot be used with/],
  ])('%j is exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(message);
    expect(await runJson(args)).toEqual({
      code: 2,
      document: { error: { code: 'Usage', message: expect.stringMatching(message) } },
      stderr: '',
    });
  });

  const REFERENCE = ['--access-token-reference', 's', '--user-pool', 'eu-west-1_pool', '--sub', 'x'];
  const START = ['start', '--attribute', 'email', ...REFERENCE];
  it.each([
    [[...START, '--request-id', 'a b'], 'requestId', '--request-id must have'],
    [[...START, '--already-sent', 'x'.repeat(300)], 'alreadySent.destination', '--already-sent must be'],
    [[...START, '--replace-at-once'], 'replaceAtOnce', '--replace-at-once is for a start with --new-value-file only'],
    [[...START, '--user-pool', 'nopool'], 'userPoolId', '--user-pool names user pool nopool'],
    [['list', '--user-pool', 'a b'], 'userPoolId', '--user-pool must look like'],
    [['submit', ID, '--attempt-id', 'a b'], 'attemptId', '--attempt-id must have'],
    [['confirm', ID, '--reference', 'x'.repeat(300)], 'reference', '--reference must be'],
    [['wait', ID, '--run', 'x'], 'run', '--run must be'],
    [['status', 'x'], 'workflowId', 'workflowId must be'],
  ])('%j is told as it was typed, and with --json under the name of the client too', async (args, field, says) => {
    const env = { ...NOWHERE, VERIFICATION_CODE: '123456' };
    const { code, document } = await runJson(args, { env });
    expect(code).toBe(2);
    expect(document).toMatchObject({ error: { code: 'InvalidRequest', field } });
    expect(document).toHaveProperty('error.message', expect.stringMatching(new RegExp(`^${says}`)));
  });

  it('is told by options that there are', async () => {
    const commands = await Promise.all(COMMANDS.map(({ load }) => load()));
    const options = commands.flatMap((command) => command.options.map(({ long }) => long));
    expect(options).toEqual(expect.arrayContaining(Object.values(OPTION_OF)));
  });

  it('names every wrong setting at once', async () => {
    const env = {
      TEMPORAL_TLS: 'yes',
      VERIFICATION_TASK_QUEUE: 'a b',
      TEMPORAL_CONFIG_FILE: '/does/not/exist',
      VERIFICATION_ENCRYPTION_KEYS: '',
      VERIFICATION_USER_POOLS: '',
    };
    const { code, document } = await runJson(['status', ID], { env });
    expect(code).toBe(2);
    expect(document).toMatchObject({ error: { code: 'Configuration', problems: { length: 5 } } });
    const { stderr } = await runCli(['status', ID], { env });
    for (const name of Object.keys(env)) expect(stderr).toContain(name);
  });

  it('names every wrong setting of a worker at once, and shows no key', async () => {
    const env = {
      TEMPORAL_TLS: 'yes',
      VERIFICATION_LOG_LEVEL: 'loud',
      VERIFICATION_ENCRYPTION_KEYS: 'key-1:a-key-that-is-too-short',
      VERIFICATION_USER_POOLS: 'no pool',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'nowhere',
      AWS_REGION: 'eu west',
      VERIFICATION_ACCESS_TOKEN_SOURCE_URL: 'http://tokens.example.com',
    };
    const { code, document } = await runJson(['worker'], { env });
    expect(code).toBe(2);
    expect(document).toMatchObject({
      error: { code: 'Configuration', problems: Object.keys(env).map((name) => ({ name })) },
    });
    const { stderr } = await runCli(['worker'], { env });
    for (const name of Object.keys(env))
      expect(stderr).toMatch(new RegExp(`^(error: )?${name}: found .*; allowed: `, 'm'));
    expect(stderr + JSON.stringify(document)).not.toContain('too-short');
  });
});

describe('doctor', () => {
  it('shows a policy on several lines, and for programs on one', async () => {
    const { stdout } = await runCli(['doctor', '--iam-policy']);
    expect(stdout.split('\n').length).toBeGreaterThan(20);
    expect((await runJson(['doctor', '--iam-policy'])).document).toEqual(JSON.parse(stdout));
  });

  it('leads to a check that was left out by a line that works, for programs too', async () => {
    const args = ['doctor', '--only', 'sms-sandbox'];
    const env = { VERIFICATION_USER_POOLS: 'wrong' };
    const { code, stdout } = await runCli(args, { env });
    const line = /^ {4}run {6}(node .* doctor --only user-pool-settings)$/m.exec(stdout)?.[1];
    expect(code).toBe(3);
    expect((await runJson(args, { env })).document).toMatchObject({ findings: [{ remedy: { command: line } }] });
    const words = line?.split(' ').slice(2) ?? [];
    const shown = await runCli(words, { env });
    expect(shown.code).toBe(1);
    expect(shown.stdout).toMatch(/FAILURE {2}user-pool-settings[^]*VERIFICATION_USER_POOLS/);
  });
});

describe('an obstacle', () => {
  it('for the sandbox is reported: a port that is taken', async () => {
    const occupant = createServer();
    await once(occupant.listen(0, '127.0.0.1'), 'listening');
    const address = occupant.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    try {
      const { code, stderr } = await runCli(['sandbox', '--port', port]);
      expect(code).toBe(2);
      expect(stderr).toMatch(new RegExp(`^error: --port: ${port} is taken`));
    } finally {
      occupant.close();
    }
  });

  it('for up is reported: a state folder that is a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, stderr } = await runCli(['up', '--state-dir', file]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: the folder ${file} cannot be made: ${file} is a file\n`,
    });
  });

  it.runIf(process.platform === 'linux')('for the output is reported: a full disk', async () => {
    const full = await open('/dev/full', 'w');
    const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', full.fd, 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
    const [code] = await once(child, 'close');
    await full.close();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: standard output cannot be written: there is no space left\n',
    });
  });
});

describe('secrets', () => {
  const token = accessToken();

  it.each([
    ['start', '--attribute', 'email', token],
    ['start', '--attribute', 'email', '--access-token', token],
    ['start', '--attribute', 'email', `--access-token=${token}`],
    ['start', '--attribute', 'email', '--access-token-file', token],
    ['renew-token', ID, `Bearer ${token}`],
    ['submit', ID, '918273'],
    ['submit', ID, '--code', '918273'],
    ['submit', ID, '--code=918273'],
  ])('are refused as arguments and not repeated: %s %s …', async (...args) => {
    for (const json of [[], ['--json']]) {
      const { code, stdout, stderr } = await runCli([...args, ...json]);
      expect(code).toBe(2);
      expect(stdout + stderr).toMatch(/must not be an argument/);
      expect(stdout + stderr).not.toMatch(/eyJ|918273/);
    }
  });

  it('are refused if they are invalid, and not repeated', async () => {
    const env = { ...NOWHERE, COGNITO_ACCESS_TOKEN: 'not-a-token-4711' };
    const { code, stdout, stderr } = await runCli(['start', '--attribute', 'email'], { env });
    expect(code).not.toBe(0);
    expect(stdout + stderr).not.toContain('4711');
  });
});

describe('a reference to a token', () => {
  const START = ['start', '--attribute', 'email'];

  it.each([
    [[...START, '--access-token-reference', 'session-1'], /needs --user-pool and --sub/],
    [[...START, '--access-token-reference', 'session-1', '--sub', '6f1a'], /needs --user-pool and --sub/],
    [[...START, '--sub', '6f1a'], /belong to --access-token-reference/],
    [['renew-token', ID, '--access-token-reference', 'session-1', '--access-token-file', '-'], /cannot be used with/],
    [['submit', ID, '--access-token-reference', accessToken()], /must not be an argument/],
  ])('is refused in wrong usage: %j', async (args, message) => {
    const { code, stderr } = await runCli(args, { env: { ...NOWHERE, VERIFICATION_CODE: '123456' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('eyJ');
  });

  it.each([
    [
      { VERIFICATION_ACCESS_TOKEN_SOURCE_URL: 'http://tokens.example.com/' },
      /_URL: found http:.*allowed: an https URL/,
    ],
    [{ VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE: '/nowhere' }, /_URL: found nothing; allowed: the URL/],
  ])('with invalid source settings keeps a worker from starting: %j', async (env, message) => {
    const { code, stderr } = await runCli(['worker'], { env: { ...NOWHERE, ...env } });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe.concurrent('a Temporal Service that cannot be reached', () => {
  it('is exit code 3, and the error names its address', async () => {
    const began = performance.now();
    const { code, document } = await runJson(['status', ID], { env: NOWHERE });
    expect(code).toBe(3);
    expect(document).toMatchObject({
      error: { code: 'TemporalUnavailable', message: expect.stringContaining('127.0.0.1:1') },
    });
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it.each([['setup'], ['worker'], ['list']])('is the same for %s', async (name) => {
    expect(await runCli([name], { env: NOWHERE })).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/^error: Cannot reach the Temporal Service at 127\.0\.0\.1:1/m),
    });
  });
});
