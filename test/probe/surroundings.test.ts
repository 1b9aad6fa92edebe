/** Pools, app clients, rights and firewalls of many kinds; and answers that no switch has. */
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  CreateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tableOf } from '../../cli/probe-report.js';
import { Judgement } from '../../probe/judgement.js';
import { Probe } from '../../probe/probe.js';
import type { Setting } from '../../probe/setting.js';
import type { SeenOfStage } from '../../probe/stage.js';
import { alias } from '../../probe/stages/alias.js';
import { codes } from '../../probe/stages/codes.js';
import { attempts, refused, sends } from '../../probe/stages/limits.js';
import { pending } from '../../probe/stages/pending.js';
import { window } from '../../probe/stages/window.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { DEFAULT_SWITCHES } from '../../sandbox/switches.js';
import { page } from '../docs/pages.js';
import { ADDRESSES, MemoryStore, optionsFor, PATIENT_MS, probed, QUICK, RECOMMENDED, row, verdictsOf } from './rig.js';

let sandbox: Sandbox;
let aws: CognitoIdentityProviderClient;

beforeAll(async () => {
  sandbox = await startSandbox({ clock: () => Date.UTC(2026, 0, 5, 12, 30, 0) });
  aws = new CognitoIdentityProviderClient({ region: 'us-east-1', endpoint: sandbox.url });
});

afterEach(() => {
  sandbox.clearFaults();
  sandbox.setSwitches(DEFAULT_SWITCHES);
});

afterAll(async () => {
  aws.destroy();
  await sandbox.close();
});

async function poolOfAws(client: Partial<CreateUserPoolClientCommandInput>, settings: object = {}) {
  const { UserPool } = await aws.send(new CreateUserPoolCommand({ PoolName: 'test', ...settings }));
  const userPoolId = UserPool?.Id ?? '';
  const { UserPoolClient } = await aws.send(
    new CreateUserPoolClientCommand({
      UserPoolId: userPoolId,
      ClientName: 'test',
      ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH'],
      ...client,
    }),
  );
  return { userPoolId, clientId: UserPoolClient?.ClientId ?? '' };
}

describe('a pool', () => {
  it('of docs/probe.md gives the table of docs/probe.md, for as many messages', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.clearInbox();
    const probe = await Probe.open(optionsFor(sandbox, pool, { ...QUICK, patienceMs: PATIENT_MS }));
    const { email, otherEmail, phone } = probe.messages;
    expect(phone).toBe(0);
    expect(page('docs/probe.md')).toContain(tableOf(await probe.run()));
    const came = (address: string) => sandbox.inbox().filter(({ destination }) => destination === address).length;
    expect(page('docs/probe.md')).toContain(
      `At most ${email} e-mails to \`--email\` and ${otherEmail} to \`--other-email\`; ${came(ADDRESSES.email)} and ${came(ADDRESSES.otherEmail)} if all is as assumed.`,
    );
  });

  it.each(['guesser', 'quiet', 'knocking'])('sends a code to its user %s before it counts attempts', async (role) => {
    const calls = sandbox.calls().filter(({ username }) => username?.includes(`-${role}-`));
    const operations = calls.map(({ operation }) => operation);
    expect(operations.filter((operation) => operation === 'GetUserAttributeVerificationCode')).toHaveLength(1);
    expect(operations.indexOf('GetUserAttributeVerificationCode')).toBeLessThan(
      operations.indexOf('VerifyUserAttribute'),
    );
  });

  it('without aliases, old values and SMS is not asked for them, with the reason', async () => {
    const document = await probed(sandbox, await poolOfAws({}), { ...QUICK, addresses: ADDRESSES });
    expect(verdictsOf(document, 'notAsked')).toEqual(
      [
        ['firewall', 'missingReadRight'],
        ['getUserWhilePending', 'updateToPending', 'sendWhilePending', 'codeWhilePending', 'oldValueSetAgain'],
        ['aliasCheck', 'wrongCodeForAlias', 'codeAfterAlias', 'window', 'emailsPerDay', 'triggerTimeoutMs'],
      ].flat(),
    );
    expect(row(document, 'window')?.evidence).toContain("--patience '70 minutes'");
    // The number was given, and the pool cannot send to it.
    expect(row(document, 'phoneMask')).toMatchObject({ verdict: 'notSeen', seen: null });
    expect(row(document, 'phoneMask')?.evidence).toContain('InvalidParameterException');
  });

  it.each<[string, Partial<CreateUserPoolClientCommandInput>, object, RegExp]>([
    [
      'with a client for other flows',
      { ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH'] },
      {},
      /ALLOW_ADMIN_USER_PASSWORD_AUTH/,
    ],
    ['with a client with a secret', { GenerateSecret: true }, {}, /no secret/],
    ['whose users are named by their address', {}, { UsernameAttributes: ['email'] }, /names of its own/],
  ])('%s is refused, and nothing stays', async (_name, client, settings, message) => {
    const pool = await poolOfAws(client, settings);
    sandbox.clearCalls();
    const store = new MemoryStore();
    await expect(probed(sandbox, pool, { ...QUICK, store })).rejects.toThrow(message);
    // Nothing that was seen depends on the app client, so that the next run may have another one.
    expect(store.json).toBeUndefined();
    const [made, deleted] = ['AdminCreateUser', 'AdminDeleteUser'].map(
      (operation) => sandbox.calls({ operation }).length,
    );
    expect(made).toBe(deleted);
  });

  it.each(['email', 'otherEmail'] as const)("in which another user has the tester's %s is refused", async (inbox) => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    await sandbox.createUser({ poolId: pool.userPoolId, attributes: { email: ADDRESSES[inbox] }, emailVerified: true });
    const option = inbox === 'email' ? '--email' : '--other-email';
    await expect(probed(sandbox, pool, QUICK)).rejects.toThrow(
      `Another user of this pool has the address of ${option}`,
    );
  });

  it('whose app client may not read the e-mail says so', async () => {
    const pool = await poolOfAws(
      { ReadAttributes: ['given_name'] },
      { UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] } },
    );
    expect(row(await probed(sandbox, pool, QUICK), 'getUserWhilePending')).toMatchObject({
      verdict: 'notSeen',
      evidence: expect.stringContaining('must be allowed to read email'),
    });
  });

  it('that is not there is named', async () => {
    const pool = { userPoolId: 'us-east-1_Nowhere00', clientId: 'x' };
    await expect(probed(sandbox, pool, QUICK)).rejects.toThrow('Check --user-pool');
  });
});

describe('an app client', () => {
  it('without the right to read hides what it may not', async () => {
    const pool = await poolOfAws({ ReadAttributes: ['given_name'] });
    expect(row(await probed(sandbox, pool, QUICK), 'missingReadRight')).toEqual({
      name: 'missingReadRight',
      assumed: 'GetUser leaves the attribute out; sub is always told',
      seen: 'GetUser leaves the attribute out; sub is always told',
      verdict: 'asAssumed',
      evidence: 'GetUser did not tell email, email_verified',
    });
  });
});

describe('between the probe and Cognito', () => {
  it('a challenge of a firewall is seen, and nothing else is asked', async () => {
    const answer = { status: 202, headers: { 'x-amzn-waf-action': 'challenge', 'content-type': 'text/html' } };
    sandbox.setFault({ operation: 'GetUser', answer });
    const document = await probed(sandbox, await sandbox.createUserPool(RECOMMENDED), QUICK);
    expect(row(document, 'firewall')).toMatchObject({
      seen: 'HTTP 202, text/html, without x-amzn-requestid, x-amzn-waf-action: challenge',
      verdict: 'differs',
    });
    expect(row(document, 'resend')).toMatchObject({
      verdict: 'notAsked',
      evidence: "a firewall answers in Cognito's place",
    });
    expect(document.switches).toEqual({});
  });

  it('a block of a firewall is as assumed', async () => {
    sandbox.setFault({ operation: 'GetUser', exception: { name: 'ForbiddenException' } });
    const document = await probed(sandbox, await sandbox.createUserPool(RECOMMENDED), QUICK);
    expect(row(document, 'firewall')).toMatchObject({ seen: 'ForbiddenException, HTTP 400', verdict: 'asAssumed' });
  });

  it('a throttled call is made again, and spoils nothing', async () => {
    sandbox.setFault({ operation: '*', exception: { name: 'TooManyRequestsException' }, share: 0.3, seed: 7 });
    const document = await probed(sandbox, await sandbox.createUserPool(RECOMMENDED), QUICK);
    expect([...verdictsOf(document, 'differs'), ...verdictsOf(document, 'notSeen')]).toEqual([]);
  });

  it('the daily limit of e-mails is not taken for the limit of a user', async () => {
    sandbox.setSwitches({ emailsPerDay: 4 });
    const pool = await sandbox.createUserPool({ ...RECOMMENDED, emailAccount: 'COGNITO_DEFAULT' });
    await expect(probed(sandbox, pool, QUICK)).rejects.toThrow(/of the day are used up.*09:00 UTC/);
  });

  it('missing rights are named', async () => {
    sandbox.setFault({
      operation: 'AdminSetUserPassword',
      exception: { name: 'AccessDeniedException', message: 'no' },
    });
    const pool = await sandbox.createUserPool(RECOMMENDED);
    await expect(probed(sandbox, pool, QUICK)).rejects.toThrow(
      /may not do cognito-idp:AdminSetUserPassword.*--iam-policy/,
    );
  });
});

describe('answers that no switch has', () => {
  const setting = {
    addresses: ADDRESSES,
    pool: { keepsOriginal: true, emailIsAlias: true, verifiesEmail: true, sendsSms: true },
    waits: true,
  } as Setting;
  const [MISMATCH, LIMITED] = ['CodeMismatchException', 'LimitExceededException'];
  const count = (taken: number, end: string, more: object = {}) => ({ taken, end, ...more });

  it.each<[string, typeof codes, SeenOfStage, Record<string, SeenOfStage>, string]>([
    ['resend', codes, { 'the first code': MISMATCH, 'the second code': MISMATCH }, {}, 'neither code is good'],
    ['resend', codes, { 'same code': true, 'the first code': 'accepted' }, {}, 'the same code again'],
    ['neverRequested', codes, { 'a code never sent': 'NotAuthorizedException' }, {}, 'NotAuthorizedException'],
    ['sendsPerHour', sends, { count: count(10, 'accepted') }, {}, 'more than 10'],
    ['attemptsPerHour', attempts, { count: count(40, MISMATCH) }, {}, 'more than 40'],
    [
      'limitScope',
      attempts,
      { count: count(15, LIMITED, { otherAttribute: LIMITED }) },
      { sends: { count: count(5, LIMITED, { otherAttribute: 'accepted' }) } },
      'one for attempts, another for sends',
    ],
    [
      'limitCounts',
      refused,
      { 'refused sends': count(5, LIMITED) },
      { window: { 'an hour after, where refused calls came': MISMATCH } },
      'some refused calls, and others not',
    ],
    [
      'window',
      window,
      { 'after the hour of the clock turned': LIMITED, 'an hour after': LIMITED },
      {},
      'longer than an hour',
    ],
    ['aliasCheck', alias, { change: { answer: 'accepted' }, 'right code': 'accepted' }, {}, 'never: the alias moves'],
    [
      'codeWhilePending',
      pending,
      { 'where it arrived': 'email', 'its code': 'accepted', 'value after its code': 'the new value, verified' },
      {},
      'leads to the new value, verified',
    ],
  ])('%s: %#', (name, stage, seen, all, expected) => {
    const judgement = new Judgement();
    stage(setting).judge(seen, judgement, all);
    const found = judgement.assumptions.find((assumption) => assumption.name === name);
    expect(found).toMatchObject({ seen: expected, verdict: 'differs' });
    expect(judgement.switches).not.toHaveProperty(name);
  });
});
