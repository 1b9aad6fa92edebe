/** What doctor advises ends what it has found: its lines word for word by the AWS CLI, then what the page says that AWS does. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AWS_CHECKS } from '../../doctor/aws-checks.js';
import type { Finding } from '../../doctor/finding.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { type AwsTools, findAwsTools } from '../sandbox/aws-tools.js';
import type { Broken } from './broken.js';
import { BROKEN_POOLS } from './broken-pools.js';
import { BROKEN_SMS } from './broken-sms.js';
import { amissIn, breakOne, examineAws, makePool, setUpAws } from './rig.js';

const run = promisify(execFile);
const BROKEN = [...BROKEN_SMS, ...BROKEN_POOLS];
const PAGE = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
/** The body that ends a finding, by its check. */
const CHANGES = new Map(
  [...PAGE.matchAll(/^\| `([\w-]+)` +\| `(\{.*\})` +\|$/gm)].map(([, check, body]) => [check ?? '', body ?? '']),
);
/** The same for what the console changes in a pool. */
const POOL_CHANGES = new Map([...CHANGES].filter(([, body]) => /^\{"(?:SmsConfiguration|LambdaConfig)"/.test(body)));
for (const check of POOL_CHANGES.keys()) CHANGES.delete(check);

let sandbox: Sandbox;
let tools: AwsTools | undefined;
let restore: () => void;

beforeAll(async () => {
  [sandbox, tools] = await Promise.all([startSandbox(), findAwsTools()]);
  restore = setUpAws(sandbox.url);
}, 600_000);
afterEach(() => sandbox.resetAccount());
afterAll(async () => {
  restore?.();
  await sandbox?.close();
});

/** Does what the line says, with the real AWS CLI. */
async function follow({ aws }: AwsTools, finding: Finding | undefined): Promise<string> {
  const path = [dirname(aws), process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH: path, AWS_PAGER: '', AWS_MAX_ATTEMPTS: '1' };
  const { stdout } = await run('sh', ['-c', finding?.remedy?.command ?? 'true'], { env });
  return stdout;
}

/** Until AWS answers: on a busy machine the sandbox may take longer than a call waits. */
async function amiss(...asked: Parameters<typeof examineAws>): Promise<Finding[]> {
  let found: Finding[] = [];
  await expect
    .poll(async () => {
      found = amissIn((await examineAws(...asked)).findings);
      return found.filter((one) => one.found.includes('gives no answer'));
    })
    .toEqual([]);
  return found;
}

async function patch(path: string, body: string | undefined): Promise<void> {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, { method: 'PATCH', body: body ?? '' });
  expect(answer.status).toBe(200);
}

describe('a remedy', () => {
  const shown = new Set<string>();

  it.for(BROKEN)('ends $what', async (broken, { skip }) => {
    if (!tools) return skip('There is no AWS CLI.');
    const { check, end } = broken;
    const served = await breakOne(sandbox, broken);
    const [finding] = await amiss(served, broken.question);
    // What only shows something is followed once of each kind.
    const shows = /^aws (\S+ (?:describe|get|list)\S+)/.exec(finding?.remedy?.command ?? '')?.[1] ?? '';
    if (!shown.has(shows)) await follow(tools, finding);
    if (shows !== '') shown.add(shows);
    const text = finding?.remedy?.text ?? '';
    if (end === 'aws') {
      expect(text).toMatch(/\bdecides?\b|by itself/);
      await patch('account', CHANGES.get(check));
    }
    if (end === 'console') await patch(`user-pools/${served.userPoolId}`, POOL_CHANGES.get(check));
    // The words beside the line of `keep-original` tell to change the setting too.
    const left = await amiss(served, { ...broken.question, keeping: true });
    if (end !== 'without') return expect(left).toEqual([]);
    expect(text).toContain(`leave this check out: --without ${check}.`);
    expect(left.filter((one) => one.check !== check)).toEqual([]);
  });

  it('ends a pool without an app client', async ({ skip }) => {
    if (!tools) return skip('There is no AWS CLI.');
    const served = await makePool(sandbox, {}, null);
    const found = await amiss(served);
    expect(found.map(({ check }) => check)).toEqual(['app-clients']);
    await follow(tools, found[0]);
    expect(await amiss(served)).toEqual([]);
  });

  it('shows the right id of a pool or an app client that is mistyped', async ({ skip }) => {
    if (!tools) return skip('There is no AWS CLI.');
    const { userPoolId, clientId } = await makePool(sandbox);
    for (const [served, check] of [
      [{ userPoolId: 'us-east-1_Missing01', clientId: '' }, 'user-pool-exists'],
      [{ userPoolId, clientId: 'gone' }, 'app-clients'],
    ] as const) {
      const finding = (await amiss(served)).find((one) => one.check === check);
      expect(await follow(tools, finding)).toContain(check === 'app-clients' ? clientId : userPoolId);
    }
  });

  it('adds up with the others of its report', { timeout: 180_000 }, async ({ skip }) => {
    if (!tools) return skip('There is no AWS CLI.');
    const served = await makePool(
      sandbox,
      {
        // Absent, not empty: a line must hand over what another one has set meanwhile.
        AutoVerifiedAttributes: undefined,
        UserAttributeUpdateSettings: undefined,
        VerificationMessageTemplate: { EmailMessage: 'Welcome to the shop.', SmsMessage: 'Welcome.' },
      },
      { ReadAttributes: ['name'], WriteAttributes: ['name'] },
    );
    const found = await amiss(served);
    expect(found.map(({ check }) => check)).toEqual([
      'auto-verified-attributes',
      'auto-verified-attributes',
      'keep-original',
      'message-templates',
      'message-templates',
      'client-read-attributes',
      'client-write-attributes',
    ]);
    for (const finding of found) await follow(tools, finding);
    expect(await amiss(served)).toEqual([]);
  });

  it('is followed for each check of AWS that can fail', () => {
    const followed = new Set(BROKEN.map(({ check }) => check));
    const others = AWS_CHECKS.map(({ name }) => name).filter((name) => !followed.has(name));
    // Credentials are not of the sandbox. A rate for the quotas needs a Temporal Service: limit-judgements reckons with it. For a wrong
    // id, the line shows the right one, as above.
    expect(others.sort()).toEqual(['app-clients', 'aws-credentials', 'cognito-quotas', 'user-pool-exists']);
  });
});

describe('the page', () => {
  it('names what AWS and its console do in the sandbox, for each finding that no line ends', () => {
    const checksOf = (end: Broken['end']) => new Set(BROKEN.filter((one) => one.end === end).map(({ check }) => check));
    expect(new Set(CHANGES.keys())).toEqual(checksOf('aws'));
    expect(new Set(POOL_CHANGES.keys())).toEqual(checksOf('console'));
  });
});
