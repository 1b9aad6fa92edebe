import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { isSameProcessAlive } from '../../dev/process-identity.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import type { Finding } from '../../doctor/finding.js';
import { startSandbox } from '../../sandbox/index.js';
import { serverOf, startUp, stateFolder, untilGone } from './stack-process.js';

/** A test starts a stack up to three times. */
const LIMIT_MS = 180_000;

async function statusOf(address: string, workflowId: string, runId?: string): Promise<string> {
  const connection = await Connection.connect({ address });
  try {
    const { status } = await new Client({ connection }).workflow.getHandle(workflowId, runId).describe();
    return status.name;
  } finally {
    await connection.close();
  }
}

test('reaches verified, shows it in the Web UI, stops on Ctrl-C, and finds everything again', {
  timeout: LIMIT_MS,
}, async () => {
  const stateDir = await stateFolder();
  const first = startUp(stateDir);
  const info = await first.ready();
  expect(info.outcome).toBe('verified');
  expect(first.stderr()).toMatch(/asked Cognito to send a code → sent to z\*\*\*@e\*\*\* by EMAIL/);
  expect(first.stderr()).toMatch(/\d\d:\d\d:\d\d {2}verified in \d+\.\d s/);
  const [workflowId = '', workflowUrl = ''] = [info.workflowId, info.workflowUrl];
  expect(await statusOf(info.temporal, workflowId)).toBe('COMPLETED');
  expect((await fetch(workflowUrl)).status).toBe(200);
  // The requests of the page itself, from the same server.
  const api = `${info.webUi}/api/v1/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
  expect(await (await fetch(api)).json()).toMatchObject({
    workflowExecutionInfo: { status: 'WORKFLOW_EXECUTION_STATUS_COMPLETED' },
  });
  expect((await fetch(info.inbox ?? '')).status).toBe(200);
  expect((await stat(join(stateDir, 'access-token'))).mode & 0o077).toBe(0);

  const second = startUp(stateDir);
  expect(await second.ready()).toEqual({ ...info, alreadyRunning: true });
  expect(await second.ended()).toBe(0);

  const server = await serverOf(stateDir);
  first.child.kill('SIGINT');
  expect(await first.ended()).toBe(0);
  expect(await isSameProcessAlive(server)).toBe(false);
  const stops = [...first.stderr().matchAll(/stopped (the .*)/g)].map(([, part]) => part);
  expect(stops).toEqual(['the worker', 'the Cognito sandbox', 'the codec server', 'the Temporal server']);
  expect(first.stderr()).not.toMatch(/^\s+at /m);

  const third = startUp(stateDir);
  const again = await third.ready();
  expect(again).toMatchObject({ outcome: 'verified', userPoolId: info.userPoolId, username: info.username });
  expect(third.stderr()).toContain(`found user ${info.username}`);
  const earlierRun = workflowUrl.split('/').at(-2);
  expect(await statusOf(again.temporal, workflowId, earlierRun)).toBe('COMPLETED');
  third.child.kill('SIGTERM');
  expect(await third.ended()).toBe(0);
});

test('doctor names what the stack lacks, and is all green once it has that', { timeout: LIMIT_MS }, async () => {
  const stateDir = await stateFolder();
  const stack = startUp(stateDir);
  const { cognito, userPoolId = '', environmentFile } = await stack.ready();
  const command = (words: string, more: NodeJS.ProcessEnv = {}) => {
    const { PATH, HOME } = process.env;
    const line = `. '${environmentFile}' && exec '${process.execPath}' dist/program/main.cjs ${words}`;
    return promisify(execFile)('sh', ['-c', line], { env: { PATH, HOME, ...more } });
  };
  const doctor = async (options: string, more?: NodeJS.ProcessEnv) => {
    const { findings } = JSON.parse((await command(`doctor --country US --json ${options}`, more)).stdout) as {
      findings: Finding[];
    };
    return findings.filter(({ verdict }) => verdict !== 'ok').map(({ check, verdict }) => `${verdict} ${check}`);
  };
  expect(await doctor('')).toEqual([
    'warning queue-limits',
    'warning fairness',
    'warning auto-verified-attributes',
    'warning auto-verified-attributes',
    'warning keep-original',
  ]);
  await command('limits --queue-rate 12');
  const attributes = ['email', 'phone_number'];
  const changed = await fetch(`${cognito}/_sandbox/user-pools/${userPoolId}`, {
    method: 'PATCH',
    body: JSON.stringify({
      AutoVerifiedAttributes: attributes,
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: attributes },
    }),
  });
  expect(changed.status).toBe(200);
  // The stack starts its server with fairness, which no server tells.
  expect(await doctor('--without fairness', { VERIFICATION_KEEPING_USER_POOLS: userPoolId })).toEqual([]);
  stack.child.kill('SIGINT');
  expect(await stack.ended()).toBe(0);
});

test.each([
  'started a Cognito sandbox',
  // The client then waits for an answer that no worker gives any more.
  'a verification starts',
])('Ctrl-C during the start, after "%s", leaves nothing behind', { timeout: LIMIT_MS }, async (line) => {
  const stateDir = await stateFolder();
  const stack = startUp(stateDir);
  await stack.said(line);
  const server = await serverOf(stateDir);
  stack.child.kill('SIGINT');
  expect(await stack.ended()).toBe(130);
  await untilGone(server, 1_000);
  expect(stack.stderr()).toContain('stopped the Temporal server');
  expect(stack.stderr()).not.toMatch(/^\s+at /m);
});

test('a given Temporal Service and sandbox are used and left running', { timeout: LIMIT_MS }, async () => {
  const stateDir = await stateFolder();
  const server = await startTemporalServer({ cli: await temporalCli(), headless: true });
  const sandbox = await startSandbox();
  try {
    const settings = { TEMPORAL_ADDRESS: server.address, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url };
    const stack = startUp(stateDir, ['--exit-when-verified'], settings);
    const info = await stack.ready();
    expect(info).toMatchObject({ temporal: server.address, cognito: sandbox.url, outcome: 'verified' });
    expect(info.taskQueue).toBe('attribute-verification');
    expect(info).not.toHaveProperty('webUi');
    expect(info).not.toHaveProperty('sandbox');
    expect(await stack.ended()).toBe(0);
    expect(await statusOf(server.address, info.workflowId ?? '')).toBe('COMPLETED');
    expect(sandbox.inbox()).toHaveLength(1);
    expect(await readFile(info.environmentFile, 'utf8')).toContain(`TEMPORAL_ADDRESS=${server.address}`);
  } finally {
    await sandbox.close();
    await server.close();
  }
});

test('a stack with its own sandbox on a shared Temporal Service has its own task queue', {
  timeout: LIMIT_MS,
}, async () => {
  const stateDir = await stateFolder();
  const server = await startTemporalServer({ cli: await temporalCli(), headless: true });
  try {
    const args = ['--sandbox-port', '0', '--exit-when-verified'];
    const stack = startUp(stateDir, args, { TEMPORAL_ADDRESS: server.address, AWS_PROFILE: 'production' });
    const info = await stack.ready();
    expect(info.taskQueue).toMatch(/^attribute-verification-stack-[0-9a-f]{8}$/);
    expect(info.outcome).toBe('verified');
    expect(stack.stderr()).toContain('not using your AWS account (AWS_PROFILE)');
    expect(await stack.ended()).toBe(0);
  } finally {
    await server.close();
  }
});

test('a Temporal Service that does not answer is reported in one document', { timeout: LIMIT_MS }, async () => {
  const stateDir = await stateFolder();
  const stack = startUp(stateDir, ['--sandbox-port', '0'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(await stack.ready()).toMatchObject({ error: { code: 'TemporalUnavailable' } });
  expect(await stack.ended()).toBe(3);
});
