import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { GetUserAttributeVerificationCodeCommand, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SandboxUser } from '../../sandbox/index.js';
import { MINUTE, RunningSandbox, refusal, SECOND } from './running-sandbox.js';

const running = new RunningSandbox();
const SEND = 'GetUserAttributeVerificationCode';
const SOON = { interval: 5, timeout: 20_000 };
let user: SandboxUser;

beforeEach(async () => {
  user = await running.sandbox.createUser();
  running.sandbox.clearCalls();
});

function getUser(of: SandboxUser = user) {
  return running.client.send(new GetUserCommand({ AccessToken: of.accessToken }));
}

function outcomes(operation?: string): string[] {
  return running.sandbox.calls({ operation }).map(({ outcome }) => outcome);
}

/** The outcomes of forty requests when half of them should fail. */
async function outcomesOfShare(seed: number): Promise<string> {
  running.sandbox.clearCalls();
  const id = running.sandbox.setFault({ operation: 'GetUser', share: 0.5, seed, htmlError: 503 });
  for (let count = 0; count < 40; count += 1) await getUser().catch(() => undefined);
  running.sandbox.clearFaults(id);
  return outcomes().join(' ');
}

async function failure(call: Promise<unknown>): Promise<Error> {
  const error: unknown = await call.then(
    () => new Error('The call was expected to fail, and did not'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('Something that is no Error was thrown');
  return error;
}

describe('a fault chooses its requests', () => {
  it('by operation', async () => {
    running.sandbox.setFault({ operation: SEND, exception: { name: 'TooManyRequestsException' } });
    await getUser();
    expect((await refusal(running.send(user))).name).toBe('TooManyRequestsException');
  });

  it('without a condition', async () => {
    running.sandbox.setFault({ operation: '*', exception: { name: 'ForbiddenException' } });
    expect((await refusal(getUser())).name).toBe('ForbiddenException');
    expect((await refusal(running.send(user))).name).toBe('ForbiddenException');
  });

  it('by user', async () => {
    const otherUser = await running.sandbox.createUser();
    running.sandbox.setFault({
      operation: 'GetUser',
      username: otherUser.username,
      exception: { name: 'ForbiddenException' },
    });
    await getUser(user);
    expect((await refusal(getUser(otherUser))).name).toBe('ForbiddenException');
  });

  it('by number', async () => {
    running.sandbox.setFault({ operation: 'GetUser', nth: 2, exception: { name: 'ForbiddenException' } });
    await getUser();
    await refusal(getUser());
    await getUser();
    expect(outcomes()).toEqual(['ok', 'ForbiddenException', 'ok']);
  });

  it('a limited number of times', async () => {
    running.sandbox.setFault({ operation: 'GetUser', times: 2, exception: { name: 'ForbiddenException' } });
    await refusal(getUser());
    await refusal(getUser());
    await getUser();
  });

  it('by share, with the same ones for the same seed', async () => {
    const first = await outcomesOfShare(7);
    expect(await outcomesOfShare(7)).toBe(first);
    expect(await outcomesOfShare(8)).not.toBe(first);
    const hit = first.split('http 503').length - 1;
    expect(hit).toBeGreaterThan(10);
    expect(hit).toBeLessThan(30);
  });

  it('never, with a share of 0, and always, with a share of 1', async () => {
    const id = running.sandbox.setFault({ operation: 'GetUser', share: 0, exception: { name: 'ForbiddenException' } });
    for (let count = 0; count < 10; count += 1) await getUser();
    running.sandbox.clearFaults(id);
    running.sandbox.setFault({ operation: 'GetUser', share: 1, exception: { name: 'ForbiddenException' } });
    for (let count = 0; count < 10; count += 1) await refusal(getUser());
  });
});

describe('an exception', () => {
  it('has the given name, text and status, and no effect', async () => {
    const exception = { name: 'NewException', message: 'Never seen before', status: 418 };
    running.sandbox.setFault({ operation: SEND, exception });
    expect(await refusal(running.send(user))).toEqual(exception);
    expect(running.sandbox.inbox(user)).toEqual([]);
    const [call] = running.sandbox.calls({ operation: SEND });
    expect(call).toMatchObject({ outcome: 'NewException', username: user.username });
    expect(call).not.toHaveProperty('effect');
  });

  it('can come after the effect', async () => {
    running.sandbox.setFault({ operation: SEND, exception: { name: 'InternalErrorException' }, afterEffect: true });
    expect((await refusal(running.send(user))).status).toBe(500);
    expect(running.sandbox.inbox(user)).toHaveLength(1);
    expect(running.sandbox.calls({ operation: SEND })[0]).toMatchObject({
      outcome: 'InternalErrorException',
      effect: 'ok',
    });
  });
});

describe('a cut connection', () => {
  it('before the effect leaves nothing behind', async () => {
    running.sandbox.setFault({ operation: SEND, dropConnection: 'beforeEffect' });
    expect(await failure(running.send(user))).toMatchObject({ code: 'ECONNRESET' });
    expect(running.sandbox.inbox(user)).toEqual([]);
    expect(outcomes(SEND)).toEqual(['dropped']);
  });

  it('after the effect has sent the code', async () => {
    running.sandbox.setFault({ operation: SEND, dropConnection: 'afterEffect' });
    expect(await failure(running.send(user))).toMatchObject({ code: 'ECONNRESET' });
    expect(running.sandbox.calls({ operation: SEND })[0]).toMatchObject({ outcome: 'dropped', effect: 'ok' });
    running.sandbox.clearFaults();
    await running.verify(user, running.sandbox.codeFor(user, 'email'));
  });

  it('after a verification answers ExpiredCodeException to the repeated call', async () => {
    const code = await running.sendAndRead(user);
    running.sandbox.setFault({ operation: 'VerifyUserAttribute', dropConnection: 'afterEffect', times: 1 });
    await failure(running.verify(user, code));
    expect((await refusal(running.verify(user, code))).name).toBe('ExpiredCodeException');
    expect(running.sandbox.attribute(user, 'email').verified).toBe(true);
  });
});

describe('an answer that does not come from Cognito', () => {
  it.each([500, 502, 503, 504])('is HTML with status %i', async (status) => {
    running.sandbox.setFault({ operation: 'GetUser', htmlError: status });
    expect(await failure(getUser())).toMatchObject({ $metadata: { httpStatusCode: status } });
    const raw = await post('GetUser', { AccessToken: user.accessToken });
    expect(raw.headers.get('content-type')).toContain('text/html');
    expect(await raw.text()).toContain(`<h1>${status}`);
  });

  it.each([200, 202, 204, 205, 301, 304, 404, 429, 503, 999])('is anything, with status %i', async (status) => {
    const headers = { 'content-type': 'text/plain', location: 'https://login.example', 'x-note': 'caf\u00e9' };
    running.sandbox.setFault({ operation: 'GetUser', answer: { status, headers, body: 'Please sign in \u{1f511}' } });
    const raw = await request('GetUser', { AccessToken: user.accessToken });
    expect(raw).toMatchObject({ status, headers });
    expect(raw.headers).not.toHaveProperty('x-amzn-requestid');
    expect(raw.body).toBe([204, 304].includes(status) ? '' : 'Please sign in \u{1f511}');
    expect(outcomes()).toEqual([`http ${status}`]);
  });

  it('is whatever a property test draws', async () => {
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 999 }),
      headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,20}$/), fc.stringMatching(/^[!-~]{0,200}$/)),
      body: fc.string({ unit: 'binary' }),
      requestId: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(answer, async (drawn) => {
        const id = running.sandbox.setFault({ operation: 'GetUser', answer: drawn });
        const { status, headers, body } = await request('GetUser', { AccessToken: user.accessToken });
        expect({ status, headers }).toMatchObject({ status: drawn.status, headers: { ...drawn.headers } });
        expect('x-amzn-requestid' in headers).toBe(drawn.requestId);
        if (![204, 304].includes(drawn.status)) expect(body).toBe(Buffer.from(drawn.body).toString());
        running.sandbox.clearFaults(id);
      }),
      { numRuns: 100 },
    );
    expect(await getUser()).toMatchObject({ Username: user.username });
  });

  it('can have the request id, and can come after the effect', async () => {
    running.sandbox.setFault({ operation: SEND, answer: { status: 201, requestId: true }, afterEffect: true });
    const { accessToken: AccessToken } = user;
    const { status, headers, body } = await request(SEND, { AccessToken, AttributeName: 'email' });
    const [call] = running.sandbox.calls({ operation: SEND });
    expect({ status, requestId: headers['x-amzn-requestid'], body }).toEqual({
      status: 201,
      requestId: call?.requestId,
      body: '',
    });
    expect(call).toMatchObject({ outcome: 'http 201', effect: 'ok' });
    expect(running.sandbox.inbox(user)).toHaveLength(1);
  });

  it('is {} after the effect', async () => {
    running.sandbox.setFault({ operation: SEND, emptyAnswer: true });
    expect(await running.send(user)).toBeUndefined();
    expect(running.sandbox.inbox(user)).toHaveLength(1);
    expect(outcomes(SEND)).toEqual(['empty']);
    expect((await refusal(running.send(user, 'given_name'))).name).toBe('InvalidParameterException');
  });
});

describe('latency', () => {
  it('delays the answer, and the effect takes place even after the caller has disconnected', async () => {
    running.sandbox.setFault({ operation: SEND, latencyMs: 60 });
    const started = performance.now();
    await running.send(user);
    expect(performance.now() - started).toBeGreaterThanOrEqual(59);

    running.sandbox.clearFaults();
    // Long enough for the poll below to see the request waiting, even on a busy machine.
    running.sandbox.setFault({ operation: SEND, latencyMs: 500 });
    const controller = new AbortController();
    const command = new GetUserAttributeVerificationCodeCommand({
      AccessToken: user.accessToken,
      AttributeName: 'email',
    });
    const abandoned = failure(running.client.send(command, { abortSignal: controller.signal }));
    await expect.poll(() => outcomes(SEND), SOON).toEqual(['ok', 'pending']);
    controller.abort();
    expect((await abandoned).name).toBe('AbortError');
    await expect.poll(() => outcomes(SEND), SOON).toEqual(['ok', 'ok']);
    expect(running.sandbox.inbox(user)).toHaveLength(2);
  });
});

describe('latency after the effect', () => {
  it('sends the message while the caller still waits', async () => {
    running.sandbox.setFault({ operation: SEND, latencyMs: 500, afterEffect: true });
    const sent = running.send(user);
    await expect.poll(() => running.sandbox.inbox(user), SOON).toHaveLength(1);
    expect(outcomes(SEND)).toEqual(['pending']);
    expect(await sent).toMatchObject({ DeliveryMedium: 'EMAIL' });
    expect(outcomes(SEND)).toEqual(['ok']);
  });
});

describe('a lost message', () => {
  it('is accepted, has a code, and never arrives', async () => {
    running.sandbox.setFault({ operation: SEND, neverDelivered: true });
    expect(await running.send(user)).toMatchObject({ DeliveryMedium: 'EMAIL' });
    expect(running.sandbox.inbox(user)).toEqual([]);
    expect(() => running.sandbox.codeFor(user, 'email')).toThrow(`${user.username} has received no code for email`);
    expect((await refusal(running.verify(user, 'no-code'))).name).toBe('CodeMismatchException');
  });
});

describe('throttling', () => {
  it('empties a bucket for all users, which refills', async () => {
    const otherUser = await running.sandbox.createUser();
    running.sandbox.setFault({ operation: 'GetUser', tokenBucket: { perSecond: 2, burst: 2 } });
    await getUser();
    await getUser(otherUser);
    expect(await refusal(getUser())).toEqual({
      name: 'TooManyRequestsException',
      message: 'Rate exceeded',
      status: 400,
    });
    running.sandbox.advanceClock(SECOND / 2);
    await getUser();
    await refusal(getUser(otherUser));
    running.sandbox.advanceClock(MINUTE);
    await getUser();
    await getUser();
    await refusal(getUser());
  });

  it('can have a bucket for each user', async () => {
    const otherUser = await running.sandbox.createUser();
    running.sandbox.setFault({ operation: 'GetUser', tokenBucket: { perSecond: 1, burst: 1, perUser: true } });
    await getUser();
    await refusal(getUser());
    await getUser(otherUser);
  });

  it('can be an hourly limit for each user', async () => {
    const otherUser = await running.sandbox.createUser();
    running.sandbox.setFault({ operation: 'GetUser', perUserHourly: 2 });
    await getUser();
    await getUser();
    expect((await refusal(getUser())).name).toBe('LimitExceededException');
    await getUser(otherUser);
  });
});

describe('several faults', () => {
  it('add up: the first one answers, and latencies are summed', async () => {
    running.sandbox.setFault({ operation: 'GetUser', latencyMs: 30 });
    running.sandbox.setFault({ operation: 'GetUser', latencyMs: 30, exception: { name: 'ForbiddenException' } });
    running.sandbox.setFault({ operation: 'GetUser', htmlError: 500 });
    const started = performance.now();
    expect((await refusal(getUser())).name).toBe('ForbiddenException');
    expect(performance.now() - started).toBeGreaterThanOrEqual(59);
  });

  it('are cleared one by one or together', async () => {
    const id = running.sandbox.setFault({ operation: 'GetUser', exception: { name: 'ForbiddenException' } });
    running.sandbox.setFault({ operation: 'GetUser', exception: { name: 'InternalErrorException' } });
    running.sandbox.clearFaults(id);
    expect((await refusal(getUser())).name).toBe('InternalErrorException');
    running.sandbox.clearFaults();
    await getUser();
  });
});

describe('an invalid fault', () => {
  it.each([
    [
      { operation: 'GetUsers', htmlError: 500 },
      /^fault\.operation: .*Expected \("\*" \| "AdminConfirmSignUp" \| .* but received "GetUsers"$/,
    ],
    [{ operation: 'GetUser' }, /^fault: .*Expected at least one of exception, /],
    [{ operation: 'GetUser', share: 2, htmlError: 500 }, /^fault\.share: .*Expected <=1 but received 2$/],
    [{ operation: 'GetUser', htmlError: 404 }, /^fault\.htmlError: .*Expected >=500 but received 404$/],
    [
      { operation: 'GetUser', emptyAnswer: true, afterEffect: true },
      /^fault: .*afterEffect needs exception, htmlError, answer or latencyMs$/,
    ],
    [{ operation: 'GetUser', answer: { status: 199 } }, /^fault\.answer\.status: .*Expected >=200 but received 199$/],
    [{ operation: 'GetUser', answer: { status: 200, headers: { 'a b': 'c' } } }, /Invalid header name$/],
    [{ operation: 'GetUser', answer: { status: 200, headers: { a: 'b\r\nc: d' } } }, /Invalid header value$/],
    [{ operation: 'GetUser', answer: { status: 200, headers: { 'Content-Length': '1' } } }, /frame the answer itself$/],
  ])('%j is refused', (fault, message) => {
    expect(() => running.sandbox.setFault(fault)).toThrow(message);
  });
});

/** With Node's own client, because `fetch` refuses some statuses. */
async function request(operation: string, body: object) {
  const sent = http.request(running.sandbox.url, {
    method: 'POST',
    headers: { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}` },
  });
  sent.end(JSON.stringify(body));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

function post(operation: string, body: object): Promise<Response> {
  return fetch(running.sandbox.url, {
    method: 'POST',
    headers: { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}` },
    body: JSON.stringify(body),
  });
}
