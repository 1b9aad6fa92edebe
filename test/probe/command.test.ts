/** The command probe as people run it. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeDocument } from '../../probe/probe.js';
import { type Sandbox, type SandboxUserPool, startSandbox } from '../../sandbox/index.js';
import { sightings } from '../canary/canaries.js';
import { killRunning, runCli, startCli } from '../cli/run-cli.js';
import { ADDRESSES, probed, RECOMMENDED } from './rig.js';
import { endTalks, talk } from './talking.js';

let sandbox: Sandbox;
let pool: SandboxUserPool;
let home: string;
let env: Record<string, string>;
let args: string[];

beforeAll(async () => {
  sandbox = await startSandbox({ switches: { resend: 'bothValid', attemptsPerHour: 8, sendsPerHour: 4 } });
  home = await mkdtemp(join(tmpdir(), 'probe-'));
});

afterAll(async () => {
  await endTalks();
  await killRunning();
  await sandbox.close();
  await rm(home, { recursive: true });
});

async function newPool(): Promise<void> {
  pool = await sandbox.createUserPool(RECOMMENDED);
  sandbox.clearCalls();
  env = {
    HOME: home,
    XDG_CACHE_HOME: home,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  const { email, otherEmail, phone } = ADDRESSES;
  args = [
    '--user-pool',
    pool.userPoolId,
    '--client',
    pool.clientId,
    '--email',
    email,
    '--other-email',
    otherEmail,
    '--phone',
    phone,
  ];
}

describe('probe', () => {
  it('is killed, interrupted, goes on, says what it saw, tells no secret, and leaves nothing', async () => {
    await newPool();
    const codes = new Set<string>();
    const talking = { env, onCode: (code: string) => void codes.add(code) };
    const killed = await talk(sandbox, [...args, '--yes'], { ...talking, stopAt: { question: 2, signal: 'SIGKILL' } });
    const folder = join(home, 'cognito-verification', 'probe');
    const file = join(folder, `${pool.userPoolId}.json`);
    const state = await readFile(file, 'utf8');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const interrupted = await talk(sandbox, [...args, '--yes'], {
      ...talking,
      stopAt: { question: 4, signal: 'SIGINT' },
    });
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toMatch(
      /goes on with the unfinished run.*Interrupted. The same command goes on.*--clean-up/s,
    );
    const ended = await talk(sandbox, [...args, '--yes', '--json'], talking);

    expect(ended).toMatchObject({ code: 0 });
    const document = JSON.parse(ended.stdout) as ProbeDocument;
    const inProcess = await probed(sandbox, await sandbox.createUserPool(RECOMMENDED), { patienceMs: 0 });
    expect({ ...document, at: '' }).toEqual({ ...inProcess, at: '' });
    expect(ended.stderr).toMatch(/3 differ, 0 not seen/);
    expect(await readdir(folder)).toEqual([]);
    const made = sandbox.calls({ operation: 'AdminCreateUser' }).filter(({ outcome }) => outcome === 'ok');
    const deleted = sandbox.calls({ operation: 'AdminDeleteUser' }).map(({ username }) => username);
    expect(made.map(({ username }) => username).filter((name) => !deleted.includes(name))).toEqual([]);

    const output = [killed, interrupted, ended].map(({ stdout, stderr }) => stdout + stderr).join('') + state;
    const canaries = [...codes, ...Object.values(ADDRESSES)].map((value) => ({ name: 'a code or an address', value }));
    expect(codes.size).toBeGreaterThan(4);
    expect(sightings(canaries, 'output', output)).toEqual([]);
    // The beginnings of its tokens and of its passwords.
    expect(output).not.toMatch(/eyJ|Aa1!/);

    await writeFile(join(home, 'pool.json'), ended.stdout);
    const loaded = startCli(['sandbox', '--switches', join(home, 'pool.json'), '--json']);
    const { url } = JSON.parse(await loaded.firstLine) as { url: string };
    const switches: unknown = await (await fetch(`${url}/_sandbox/switches`)).json();
    expect(switches).toMatchObject(document.switches);
    expect(switches).toMatchObject({ resend: 'bothValid', attemptsPerHour: 8, sendsPerHour: 4 });
    loaded.child.kill('SIGTERM');
    await loaded.ended;
  });

  it('calls exactly what its IAM policy allows', async () => {
    const { code, stdout } = await runCli(['probe', '--iam-policy', '--user-pool', pool.userPoolId, '--json']);
    const policy = JSON.parse(stdout) as { Statement: { Action: string[]; Resource: string }[] };
    expect(code).toBe(0);
    const [statement] = policy.Statement;
    // Those of the user need no credentials.
    const unsigned = ['GetUser', 'GetUserAttributeVerificationCode', 'UpdateUserAttributes', 'VerifyUserAttribute'];
    const made = new Set(sandbox.calls().map(({ operation }) => operation));
    const signed = [...made].filter((operation) => !unsigned.includes(operation));
    expect(statement?.Action).toEqual(signed.map((operation) => `cognito-idp:${operation}`).sort());
    expect(statement?.Resource).toBe(`arn:aws:cognito-idp:us-east-1:*:userpool/${pool.userPoolId}`);
  });

  it('cleans up after a kill', async () => {
    await newPool();
    await talk(sandbox, [...args, '--yes'], { env, stopAt: { question: 2, signal: 'SIGKILL' } });
    const cleaned = await runCli(['probe', '--clean-up', '--user-pool', pool.userPoolId], { env });
    expect(cleaned).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Deleted \d test users?, and the state\.\n$/),
    });
    expect(await readdir(join(home, 'cognito-verification', 'probe'))).toEqual([]);
    expect(await runCli(['probe', '--clean-up', '--user-pool', pool.userPoolId], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^No state of a run of this pool in .*\.json\. If test users are left.*\n.*list-users --user-pool-id us-east-1_\w+ --filter 'username \^= "cognito-verification-probe-"'\n$/,
      ),
    });
  });

  it.each([
    ['no pool', ['--email', ADDRESSES.email], /--user-pool is needed/],
    [
      'no agreement',
      ['--user-pool', 'us-east-1_x', '--client', 'x', '--email', 'a@b.example'],
      /real messages. Give --yes/,
    ],
    ['a wrong address', ['--user-pool', 'us-east-1_x', '--client', 'x', '--email', 'zoe', '--yes'], /--email/],
    [
      'a wrong number',
      ['--user-pool', 'us-east-1_x', '--client', 'x', '--email', 'a@b.example', '--phone', '0170', '--yes'],
      /--phone/,
    ],
    ['a patience without unit', ['--patience', '70'], /A duration has a unit/],
  ])('refuses %s', async (_name, given, message) => {
    const { code, stderr } = await runCli(['probe', ...given], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says what to do without AWS credentials', async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...none } = env;
    const { code, stderr } = await talk(sandbox, [...args, '--yes'], {
      env: { ...none, AWS_EC2_METADATA_DISABLED: 'true' },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/No AWS credentials were found.*AWS_PROFILE.*--iam-policy/);
  });
});

describe('sandbox --switches', () => {
  it.each([
    ['a file that is not there', undefined, /cannot be read \(ENOENT\)/],
    [
      'a file without switches',
      '{"at":"2026"}',
      /switches\.json has no object "switches". Give a file with what probe --json/,
    ],
    ['a file that is no JSON', 'x', /switches\.json has no object "switches". Give a file with what probe --json/],
    ['a switches that is no object', '{"switches":5}', /has no object "switches"/],
    [
      'a position that there is not',
      '{"switches":{"resend":"sometimes"}}',
      /switches\.json: switches\.resend: found "sometimes"; allowed: \("lastWins" \| "bothValid" \| "firstWins"\)/,
    ],
    [
      'a switch that there is not',
      '{"switches":{"resnd":1}}',
      /switches\.resnd: found "resnd"; allowed: resend, window,/,
    ],
  ])('refuses %s', async (_name, content, message) => {
    const file = join(home, 'switches.json');
    await rm(file, { force: true });
    if (content !== undefined) await writeFile(file, content);
    const { code, stderr } = await runCli(['sandbox', '--switches', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
