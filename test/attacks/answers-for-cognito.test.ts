/**
 * The attacker is whatever answers in Cognito's place: a proxy, a firewall, a captive page, the wrong endpoint. It has no key of
 * Cognito's, and wants a verification to count as verified, to fail, or to send again and again.
 */
import { CognitoUnavailableError, VerificationClient } from '@cognito-verification/client';
import { describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type Rig, type SandboxUser, startWorker, useRig } from '../rig.js';
import { otherThan } from '../sandbox/running-sandbox.js';
import { attack } from './attack.js';

const SEND = 'GetUserAttributeVerificationCode';
const ATTEMPT = 'VerifyUserAttribute';
const LOOK = 'GetUser';
type Fault = Omit<Parameters<Rig['sandbox']['setFault']>[0], 'operation' | 'username'>;

const HTML = { 'content-type': 'text/html' };
const JSON_TYPE = { 'content-type': 'application/json' };
/** AWS WAF asks for a proof of work. */
const CHALLENGE: Fault = { answer: { status: 202, headers: { 'x-amzn-waf-action': 'challenge' } } };
const CAPTIVE_PAGE: Fault = { answer: { status: 200, headers: HTML, body: '<h1>Please sign in</h1>' } };
const EMPTY_OBJECT: Fault = { answer: { status: 200, headers: JSON_TYPE, body: '{}' } };

const rig = useRig('timeSkipping');

function fault(operation: string, { username }: SandboxUser, what: Fault): string {
  return rig.sandbox.setFault({ operation, username, ...what });
}

async function awaitingCode() {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  return { user, workflowId, code: rig.sandbox.codeFor(user, 'email') };
}

function calls(operation: string, { username }: SandboxUser): number {
  return rig.sandbox.calls({ operation, username }).length;
}

describe('it says that a code was right', () => {
  const RIGHT = {
    'with the challenge of a firewall': 'any answer below 300 accepts a call',
    'with the empty object of a health check': 'a call is accepted without a request id',
    'with an object in a page, and a request id': 'an answer of any type accepts a call',
    'with the name of an exception in a success': 'a success may name an exception',
  } as const;
  attack.each<[string, Fault]>([
    ['with the challenge of a firewall', CHALLENGE],
    ['with a captive page', CAPTIVE_PAGE],
    ['with the empty object of a health check', EMPTY_OBJECT],
    ['with no content, and a request id', { answer: { status: 204, requestId: true } }],
    ['with a page, and a request id', { answer: { status: 200, headers: HTML, body: 'OK', requestId: true } }],
    [
      'with an object in a page, and a request id',
      { answer: { status: 200, headers: HTML, body: '{}', requestId: true } },
    ],
    ['with a list, and a request id', { answer: { status: 200, headers: JSON_TYPE, body: '[]', requestId: true } }],
    [
      'with the name of an exception in a success',
      { answer: { status: 200, headers: JSON_TYPE, body: '{"__type":"CodeMismatchException"}', requestId: true } },
    ],
  ])('%s: a wrong code is not verified, and the right one still is', RIGHT, async (_name, what) => {
    const { user, workflowId, code } = await awaitingCode();
    const set = fault(ATTEMPT, user, what);
    const submitted = rig.client.submitCode(workflowId, { code: otherThan(code) });
    await expect(submitted).rejects.toBeInstanceOf(CognitoUnavailableError);
    expect(await rig.client.status(workflowId)).toMatchObject({
      state: 'awaitingCode',
      attempts: [{ outcome: 'uncertain' }, { outcome: 'uncertain' }],
    });
    rig.sandbox.clearFaults(set);
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  });

  it('to each of the three calls: nothing is verified until the deadline', async () => {
    const user = await rig.user();
    for (const operation of [SEND, ATTEMPT, LOOK]) fault(operation, user, EMPTY_OBJECT);
    const { workflowId, status } = await rig.start(user, { deadline: '30 minutes' });
    expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: true });
    // Looks are tried again for up to 20 s, before and after the attempt.
    const submitted = rig.client.submitCode(workflowId, { code: '000000' }, { timeout: '1 minute' });
    await expect(submitted).rejects.toBeInstanceOf(CognitoUnavailableError);
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'expired' });
  });
});

attack(
  'hides that the attribute was verified before: nobody typed a code, so nothing is verified',
  'what was verified before proves',
  async () => {
    await rig.user(); // synchronises the clocks
    const user = await rig.sandbox.createUser({ attributes: { email: 'zoe@example.com' }, emailVerified: true });
    fault(LOOK, user, { ...CHALLENGE, times: 1 });
    const { accessToken } = user;
    // The token lives an hour, so there is a last look.
    const policy = { deadline: '30 minutes' } as const;
    const { workflowId } = await rig.client.start({ accessToken, attributeName: 'email', policy });
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'expired' });
  },
);

describe('it says that a call failed for good', () => {
  attack.each<[string, Fault]>([
    ['with the time-out of a proxy', { answer: { status: 408, headers: HTML, body: '<h1>Request Time-out</h1>' } }],
    ['with the refusal of a gateway', { answer: { status: 401, headers: JSON_TYPE, body: '{"code":"Unauthorized"}' } }],
    ['with a login page', { answer: { status: 302, headers: { location: 'https://login.example/' } } }],
    ['with "not found"', { answer: { status: 404 } }],
  ])('%s: an attempt is looked up and made once more', 'anything above 399 is a refusal', async (_name, what) => {
    const { user, workflowId, code } = await awaitingCode();
    fault(ATTEMPT, user, { ...what, times: 1 });
    const { result, status } = await rig.client.submitCode(workflowId, { code });
    expect(result).toBe('verified');
    expect(status.attempts).toMatchObject([{ outcome: 'uncertain' }, { outcome: 'accepted' }]);
  });

  attack(
    'after the attempt had its effect: the attribute is read, and the used code is not tried again',
    'anything above 399 is a refusal',
    async () => {
      const { user, workflowId, code } = await awaitingCode();
      fault(ATTEMPT, user, { answer: { status: 403, headers: HTML }, afterEffect: true, times: 1 });
      fault(LOOK, user, { answer: { status: 407 }, times: 1 });
      expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
      expect(calls(ATTEMPT, user)).toBe(1);
    },
  );
});

describe('it says that a send never left, or should be repeated', () => {
  attack.each<[string, Fault]>([
    [
      'by the fields of a network error',
      { answer: { status: 400, body: '{"code":"ECONNREFUSED","syscall":"connect"}' } },
    ],
    ['by "too many requests"', { answer: { status: 429, headers: { 'retry-after': '1' } } }],
    ['by asking for credentials for a proxy', { answer: { status: 407 } }],
    ['by a redirect', { answer: { status: 307, headers: { location: '/' } } }],
    ['by a page of success', CAPTIVE_PAGE],
  ])(
    '%s: one message, whose code works',
    { 'by asking for credentials for a proxy': 'anything above 399 is a refusal' },
    async (_name, what) => {
      const user = await rig.user();
      fault(SEND, user, { ...what, afterEffect: true });
      const { workflowId, status } = await rig.start(user);
      expect(status).toMatchObject({
        state: 'awaitingCode',
        deliveryUncertain: true,
        sendsLeft: 4,
        sends: [{ outcome: 'uncertain', reason: 'ForeignAnswer' }],
      });
      expect([calls(SEND, user), rig.sandbox.inbox(user).length]).toEqual([1, 1]);
      expect(await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })).toMatchObject({
        result: 'verified',
      });
    },
  );
});

describe('it repeats what it was told', () => {
  attack.each(['x-amzn-errortype', '__type', 'code', 'message'])(
    'as the %s: neither token nor code are in the history in plain text',
    {
      'x-amzn-errortype': 'a failure is called what the answer calls it',
      message: 'the words of an answer stay as they are',
    },
    async (place) => {
      const { user, workflowId, code } = await awaitingCode();
      const personal = 'zoe@example.com +15555550123';
      const said = place === 'message' ? `${user.accessToken} ${personal} \u202e${code}\u001b[2J` : user.accessToken;
      const body = JSON.stringify({ [place]: said, ...(place === 'code' ? { __type: 'NewException' } : {}) });
      const headers = { ...JSON_TYPE, ...(place.startsWith('x-') ? { [place]: user.accessToken } : {}) };
      fault(ATTEMPT, user, { answer: { status: 400, headers, body, requestId: true } });
      const error = await rig.client.submitCode(workflowId, { code }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ failure: { type: place === 'code' ? 'NewException' : 'HTTP 400' } });
      const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
      const seen = JSON.stringify([events, await rig.client.wait(workflowId)]);
      expect(seen).toContain(place === 'code' ? '"NewException"' : '"HTTP 400"');
      expect(seen).not.toContain(user.accessToken.slice(0, 30));
      expect(seen).not.toContain(code);
      expect(JSON.stringify(error)).not.toMatch(/\\u001b|\u202e|zoe@|5555550123/);
    },
  );
});

it.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
  'a worker with %s and an endpoint of its own sends nothing, counts nothing, and names the setting',
  async (setting) => {
    process.env[setting] = 'true';
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const taskQueue = `${rig.taskQueue}-${setting}`;
    const worker = await startWorker(rig, cognito, taskQueue);
    try {
      const client = new VerificationClient({
        client: rig.env.client,
        userPools: rig.userPools,
        taskQueue,
        now: rig.now,
        timeout: '6 seconds',
      });
      const user = await rig.user();
      const { accessToken } = user;
      const { workflowId, status } = await client.start({ accessToken, attributeName: 'email' });
      expect(status).toMatchObject({ state: 'sending', sendsLeft: 5, deliveryUncertain: false });
      const { outcome, failure } = await client.wait(workflowId);
      expect([outcome, failure?.type]).toEqual(['failed', 'CognitoUnavailable']);
      expect(failure?.message).toContain(setting);
      expect(calls(SEND, user)).toBe(0);
    } finally {
      delete process.env[setting];
      await worker.stop();
      cognito.destroy();
    }
  },
);
