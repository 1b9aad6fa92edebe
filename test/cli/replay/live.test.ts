/** A build is replayed against a namespace with open verifications, before it is deployed. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleFileOf, MUTATIONS } from '../../replay/mutants.js';
import { type Rig, startRig } from '../../rig.js';
import { killRunning, runCli, runJson, someKeys, startCli } from '../run-cli.js';

let rig: Rig;
let folder: string;
let env: Record<string, string>;
/** Workflow ids, by the state of the verification. */
const ids = { awaitingCode: '', mistyped: '', awaitingToken: '', verified: '' };

beforeAll(async () => {
  rig = await startRig('local');
  folder = await mkdtemp(join(tmpdir(), 'replay-test-'));
  env = { TEMPORAL_ADDRESS: rig.env.address, VERIFICATION_ENCRYPTION_KEYS: rig.keys, ...rig.settings };
  ids.awaitingCode = (await rig.start(await rig.user())).workflowId;
  const mistaken = await rig.user();
  ids.mistyped = (await rig.start(mistaken)).workflowId;
  const right = rig.sandbox.codeFor(mistaken, 'email');
  await rig.client.submitCode(ids.mistyped, { code: right === '111111' ? '222222' : '111111' });
  const signedOut = await rig.user();
  rig.sandbox.revokeTokens(signedOut);
  ids.awaitingToken = (await rig.start(signedOut)).workflowId;
  const quick = await rig.user();
  ids.verified = (await rig.start(quick)).workflowId;
  await rig.client.submitCode(ids.verified, { code: rig.sandbox.codeFor(quick, 'email') });
  // Visibility lags.
  const listed = async () => {
    const { document } = await runJson(['list'], { env });
    expect(document).toHaveLength(4);
    for (const [id, state] of [
      [ids.verified, 'verified'],
      [ids.awaitingToken, 'awaitingToken'],
      [ids.mistyped, 'codePending'],
    ]) {
      expect(document).toContainEqual(expect.objectContaining({ workflowId: id, state }));
    }
  };
  await vi.waitFor(listed, { timeout: 30_000, interval: 250 });
});
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true });
  await rig.close();
});

describe('this build', () => {
  it('replays every verification of the namespace, open and ended', async () => {
    const { code, document, stderr } = await runJson(['replay'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(document).toMatchObject({
      replayed: 4,
      failed: 0,
      source: { namespace: 'default', matched: 4, taken: 4, gone: 0 },
      states: { codePending: { replayed: 2 }, awaitingToken: { replayed: 1 }, verified: { replayed: 1 } },
      versions: [{ workflowType: 'attributeVerification', sdkVersion: '1.24.0', replayed: 4, failed: 0 }],
    });
  });

  it('reports to people the versions and states that it has replayed', async () => {
    const { stdout } = await runCli(['replay'], { env });
    expect(stdout).toMatch(/^4 histories on build [\da-f]{12} in [\d.]+ s: all replay\.\n/);
    expect(stdout).toMatch(
      /recorded with SDK 1\.24\.0, build 1\.24\.0\+[\da-f]{12}: 4\n {2}awaitingToken 1, codePending 2, /,
    );
  });

  it('replays the verifications of a query, and a sample that is even over the states', async () => {
    const running = await runJson(['replay', '--query', "ExecutionStatus = 'Running'"], { env });
    expect(running).toMatchObject({ code: 0, document: { replayed: 3 } });
    const elsewhere = ['--query', "ExecutionStatus = 'Running' AND TaskQueue = 'elsewhere'", '--allow-empty'];
    expect(await runJson(['replay', ...elsewhere], { env })).toMatchObject({ code: 0, document: { replayed: 0 } });
    const sample = await runJson(['replay', '--limit', '3'], { env });
    expect(sample.document).toMatchObject({
      source: { matched: 4, taken: 3 },
      states: { codePending: { replayed: 1 }, awaitingToken: { replayed: 1 }, verified: { replayed: 1 } },
    });
  });
});

describe('a build that does not continue running verifications', () => {
  it('is refused with the workflow and the event: a timer that was added', async () => {
    const bundle = await bundleFileOf(folder, MUTATIONS['an added timer']);
    const junit = join(folder, 'report.xml');
    const { code, document } = await runJson(['replay', '--bundle', bundle, '--junit', junit], { env });
    expect(code).toBe(1);
    expect(document).toMatchObject({ replayed: 4, failed: 4 });
    expect(document).toHaveProperty(
      'failures',
      expect.arrayContaining([
        expect.objectContaining({
          workflowId: ids.awaitingCode,
          runId: expect.stringMatching(/^[\da-f-]{36}$/),
          state: 'codePending',
          kind: 'nondeterminism',
          eventId: 7,
          expected: 'a call of the activity sendCode',
          found: 'sets a timer there',
          message: 'At event 7 the history has a call of the activity sendCode; this build sets a timer there.',
          hint: expect.stringContaining('patched('),
        }),
      ]),
    );
    const xml = await readFile(junit, 'utf8');
    expect(xml).toContain('<testsuites name="replay" tests="4" failures="4"');
    expect(xml).toContain(`name="${ids.awaitingCode} run `);
    expect(xml).toContain('<failure type="nondeterminism" message="At event 7 the history has');
  });

  it('is refused only for verifications that reached the change: a renamed activity', async () => {
    const bundle = await bundleFileOf(folder, {
      file: 'direct-calls.js',
      text: '.verifyCode(input)',
      instead: '.checkCode(input)',
    });
    const { code, stdout } = await runCli(['replay', '--bundle', bundle], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^4 histories on build [\da-f]{12} in [\d.]+ s: 2 do not replay\.$/m);
    expect(stdout).toMatch(new RegExp(`^ {2}${ids.mistyped} \\(run [\\da-f-]{36}, codePending\\), event \\d+$`, 'm'));
    expect(stdout).toMatch(
      /^2: The history has another order; .* marker 'verifyCode' does not match .* command 'checkCode'\)\.$/m,
    );
    expect(stdout).not.toContain(ids.awaitingCode);
  });

  it('is refused if its code throws, and the error is not quoted', async () => {
    const bundle = await bundleFileOf(folder, {
      file: 'attempts.js',
      text: 'take(late) {',
      instead: "take(late) { throw new Error('Cannot read code 918273 of zoe@example.com'); ",
    });
    const { code, stdout } = await runCli(['replay', '--bundle', bundle], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^\d: The code of this build throws while it replays .*: Cannot read code \[digits\] of \[email\]\.$/m,
    );
    expect(stdout).not.toMatch(/918273|zoe@example/);
  });
});

describe('a replay without a verdict on the build', () => {
  it('says so: keys that open nothing', async () => {
    const { code, document } = await runJson(['replay'], { env: { ...env, VERIFICATION_ENCRYPTION_KEYS: someKeys() } });
    expect(code).toBe(1);
    expect(document).toMatchObject({ failed: 4, failures: [{ kind: 'sealed' }, {}, {}, {}] });
  });

  it('says so: no such verifications, unless that is allowed', async () => {
    const none = ['replay', '--query', "WorkflowId = 'none'"];
    expect(await runJson(none, { env })).toMatchObject({
      code: 1,
      document: { error: { code: 'NothingToReplay', message: expect.stringContaining("WorkflowId = 'none'") } },
    });
    expect(await runCli([...none, '--allow-empty'], { env })).toMatchObject({
      code: 0,
      stdout: 'Nothing to replay.\n',
    });
  });

  it('says so: a query that Temporal refuses, a missing namespace, a missing bundle', async () => {
    expect(await runJson(['replay', '--query', 'Colour = 1'], { env })).toMatchObject({
      code: 2,
      document: { error: { code: 'Usage', message: expect.stringContaining('Colour') } },
    });
    expect(await runJson(['replay'], { env: { ...env, TEMPORAL_NAMESPACE: 'nowhere' } })).toMatchObject({
      code: 3,
      document: { error: { message: expect.stringContaining('nowhere') } },
    });
    for (const bundle of [join(folder, 'none'), 'package.json']) {
      expect((await runJson(['replay', '--bundle', bundle], { env })).code).toBe(2);
    }
  });

  it('says so: Ctrl-C', async () => {
    const saved = join(folder, 'interrupted');
    const { child, ended } = startCli(['replay', '--save', saved], { env });
    // The folder is created before the first request to Temporal.
    await expect.poll(() => existsSync(saved), { interval: 5 }).toBe(true);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/^Interrupted: not every history was replayed/);
  });

  it('says so: Ctrl-C, which also deletes the saved histories, since they are unchecked', async () => {
    const saved = join(folder, 'unchecked');
    const { child, ended } = startCli(['replay', '--save', saved, '--redact'], { env });
    // Once there is a file: during the replay of the originals or of the redacted histories.
    await expect.poll(() => existsSync(saved) && readdirSync(saved).length, { interval: 5 }).toBeGreaterThan(0);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await readdir(saved)).toEqual([]);
  });
});

describe('saved histories', () => {
  it('replay from their files, and fail in other builds as they do in the namespace', async () => {
    const saved = join(folder, 'saved');
    expect(await runJson(['replay', '--save', saved], { env })).toMatchObject({
      code: 0,
      document: { saved: { folder: saved, files: 4, redacted: false } },
    });
    expect(await readdir(saved)).toHaveLength(5);
    const { TEMPORAL_ADDRESS: _, ...offline } = env;
    expect(await runJson(['replay', saved], { env: offline })).toMatchObject({ code: 0, document: { replayed: 4 } });
  });
});
