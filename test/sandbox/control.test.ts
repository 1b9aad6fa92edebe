import { createServer } from 'node:http';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { type SandboxUser, startSandbox } from '../../sandbox/index.js';
import { HOUR, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();

/** An answer of the server. It has no static type; each test states what it expects. */
type Answer = ReturnType<typeof JSON.parse>;

async function control(method: string, path: string, body?: unknown): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(`${running.sandbox.url}/_sandbox/${path}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const answer = await response.text();
  return { status: response.status, answer: answer === '' ? undefined : JSON.parse(answer) };
}

async function newUser(wanted: object = {}): Promise<SandboxUser> {
  return (await control('POST', 'users', wanted)).answer;
}

async function load(): Promise<string> {
  return (await fetch(running.sandbox.url)).text();
}

describe('over HTTP', () => {
  it('the sandbox says that it is up', async () => {
    expect(await control('GET', 'health')).toEqual({ status: 200, answer: { status: 'ok' } });
  });

  it('a user is created and gets tokens', async () => {
    const user = await newUser({ attributes: { email: 'zoe@bakery.example' }, username: 'zoe', emailVerified: true });
    expect(running.sandbox.attribute(user, 'email')).toEqual({ value: 'zoe@bakery.example', verified: true });
    const { userPoolId, username } = user;
    const { status, answer } = await control('POST', 'tokens', {
      userPoolId,
      username,
      expiresInSeconds: 60,
    });
    expect(status).toBe(201);
    const { exp = 0, iat = 0, username: claimed } = decodeJwt(answer.accessToken);
    expect([exp - iat, claimed]).toEqual([60, 'zoe']);
  });

  it('a pool is created, and a user in it with the tokens of a sign-in', async () => {
    const { status, answer: pool } = await control('POST', 'user-pools', { requireVerificationBeforeUpdate: true });
    expect([status, pool]).toEqual([201, { userPoolId: expect.any(String), clientId: expect.any(String) }]);
    const user = await newUser({ poolId: pool.userPoolId });
    expect(user).toMatchObject(pool);
    expect(decodeJwt(user.idToken)).toMatchObject({ sub: user.sub, aud: pool.clientId, token_use: 'id' });
    expect(user.refreshToken).toBeTypeOf('string');
    expect((await control('POST', 'user-pools', { aliasAttributes: ['name'] })).status).toBe(400);
  });

  it('the inbox is read, filtered by user, and emptied', async () => {
    const [user, other] = [await newUser(), await newUser()];
    await running.send(user);
    await running.send(other);
    expect((await control('GET', `inbox?username=${user.username}`)).answer).toEqual(running.sandbox.inbox(user));
    expect((await control('GET', 'inbox')).answer).toEqual(running.sandbox.inbox());
    expect(await control('DELETE', 'inbox')).toEqual({ status: 204, answer: undefined });
    expect((await control('GET', 'inbox')).answer).toEqual([]);
  });

  it('the calls are read, filtered, and cleared', async () => {
    const user = await newUser();
    await running.send(user);
    const path = `calls?operation=GetUserAttributeVerificationCode&username=${user.username}`;
    expect((await control('GET', path)).answer).toEqual(running.sandbox.calls({ username: user.username }));
    await control('DELETE', 'calls');
    expect((await control('GET', 'calls')).answer).toEqual([]);
  });

  it('a fault is set, listed and cleared by its id, and all faults are cleared at once', async () => {
    const user = await newUser();
    const fault = { operation: 'GetUserAttributeVerificationCode', exception: { name: 'TooManyRequestsException' } };
    const { status, answer } = await control('POST', 'faults', fault);
    expect(status).toBe(201);
    expect((await refusal(running.send(user))).name).toBe('TooManyRequestsException');
    const { id } = answer;
    expect((await control('GET', 'faults')).answer).toEqual([{ id, ...fault, seen: 1, applied: 1 }]);
    expect((await control('DELETE', `faults/${id}`)).status).toBe(204);
    expect((await control('DELETE', `faults/${id}`)).status).toBe(404);
    await running.send(user);
    await control('POST', 'faults', fault);
    await control('DELETE', 'faults');
    expect((await control('GET', 'faults')).answer).toEqual([]);
  });

  it.each<[unknown, number]>([
    ['2 hours', 2 * HOUR],
    ['90 seconds', 90_000],
    ['1 day', 24 * HOUR],
    [1500, 1500],
  ])('the clock is moved by %s', async (advance, ms) => {
    const before = running.sandbox.now().getTime();
    const { status, answer } = await control('POST', 'clock', { advance });
    expect(status).toBe(200);
    expect(running.sandbox.now().getTime() - before).toBe(ms);
    expect((await control('GET', 'clock')).answer).toEqual(answer);
  });

  it('the switches are read and changed', async () => {
    const { answer } = await control('PATCH', 'switches', { resend: 'bothValid' });
    expect(answer).toEqual({ ...running.sandbox.switches(), resend: 'bothValid' });
    expect((await control('GET', 'switches')).answer).toEqual(answer);
  });

  it('the custom-message trigger is set and removed', async () => {
    const user = await newUser();
    await control('POST', 'custom-message', { url: 'http://127.0.0.1:1/' });
    expect((await refusal(running.send(user))).name).toBe('UnexpectedLambdaException');
    await control('POST', 'custom-message', { url: null });
    await running.send(user);
  });

  it.each([
    [
      'POST',
      'faults',
      { operation: 'x', htmlError: 500 },
      /^body\.operation: .*Expected \("\*" \| .* but received "x"$/,
    ],
    ['POST', 'faults', '{', /^body must be JSON$/],
    [
      'POST',
      'clock',
      { advance: 'soon' },
      /^body\.advance: .*Expected milliseconds, or words such as "90 seconds".* but received "soon"$/,
    ],
    ['POST', 'clock', { advance: -1 }, /^body\.advance: .*Expected >=0 but received -1$/],
    ['POST', 'clock', {}, /^body\.advance: .*Expected "advance" but received undefined$/],
    [
      'PATCH',
      'switches',
      { window: 'day' },
      /^body\.window: .*Expected \("sliding" \| "fixedHour"\) but received "day"$/,
    ],
    [
      'PATCH',
      'switches',
      { windows: 'sliding' },
      /^body\.windows: .*Expected one of resend, window, .* but received "windows"$/,
    ],
    ['POST', 'users', { attributes: { email: 5 } }, /^body\.attributes\.email: .*Expected string but received 5$/],
    ['POST', 'users', { status: 'LOST' }, /^body\.status: .*Expected \("CONFIRMED" \| .* but received "LOST"$/],
    [
      'POST',
      'users',
      { aliasAttributes: ['name'] },
      /^body\.aliasAttributes\.0: .*Expected \("email" \| "phone_number"\) but received "name"$/,
    ],
    ['POST', 'users', { poolId: 'us-east-1_none' }, /^User pool us-east-1_none does not exist\.$/],
    ['POST', 'users', { password: 'short' }, /^Password did not conform with policy/],
    ['POST', 'users', [], /^body: .*Expected an object but received Array$/],
    ['POST', 'tokens', { username: 'zoe' }, /^body\.userPoolId: .*Expected "userPoolId" but received undefined$/],
    ['POST', 'tokens', {}, /^body\.userPoolId: .*; body\.username: /],
    ['PATCH', 'switches', [], /^body: .*Expected an object but received Array$/],
    ['PATCH', 'switches', null, /^body: .*Expected an object but received null$/],
    ['PATCH', 'switches', { sendsPerHour: 1.5 }, /^body\.sendsPerHour: .*integer.* 1\.5$/],
    ['POST', 'custom-message', { url: 'ftp://x' }, /^body\.url: .*Expected http or https, or null, but received /],
  ])('%s %s %j is refused', async (method, path, body, message) => {
    const { status, answer } = await control(method, path, body);
    expect({ status, answer }).toEqual({ status: 400, answer: { message: expect.stringMatching(message) } });
  });

  it('an unknown path is named', async () => {
    expect(await control('GET', 'nothing')).toEqual({
      status: 404,
      answer: { message: 'Nothing at GET /_sandbox/nothing; see /_sandbox/' },
    });
  });
});

describe('the page', () => {
  it('shows the newest message first, the time and the faults, and loads nothing from elsewhere', async () => {
    running.sandbox.clearInbox();
    expect(await load()).toContain('No message yet.');
    const [first, second] = [await running.sandbox.createUser(), await running.sandbox.createUser()];
    await running.send(first);
    await running.send(second);
    running.sandbox.setFault({ operation: 'GetUser', htmlError: 503 });
    const page = await load();
    expect(page).toContain(running.sandbox.codeFor(first, 'email'));
    expect(page.indexOf(second.username)).toBeLessThan(page.indexOf(first.username));
    expect(page).toContain(running.sandbox.now().toISOString());
    expect(page).toContain('&quot;htmlError&quot;:503');
    expect(page).toContain('href="/_sandbox/inbox"');
    expect(page).not.toMatch(/(?:src|href)="(?!\/_sandbox\/)/);
    expect(page).not.toContain(first.accessToken);
  });

  it('shows a message as text and runs none of it', async () => {
    running.sandbox.setCustomMessage(() => ({ response: { emailMessage: '<script>alert(1)</script>{####}' } }));
    await running.send(await running.sandbox.createUser());
    const page = await load();
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script>');
  });
});

describe('starting and closing', () => {
  it('reports that the port is taken', async () => {
    await expect(startSandbox({ port: Number(new URL(running.sandbox.url).port) })).rejects.toThrow(/EADDRINUSE/);
  });

  it('ends open requests and frees the port', async () => {
    const sandbox = await startSandbox();
    const { port } = new URL(sandbox.url);
    sandbox.setFault({ operation: 'GetUser', latencyMs: 600_000 });
    const open = fetch(sandbox.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.GetUser' },
      body: '{}',
    });
    const failed = expect(open).rejects.toThrow('fetch failed');
    await expect.poll(() => sandbox.calls(), { interval: 5, timeout: 20_000 }).toHaveLength(1);
    await sandbox.close();
    await failed;
    await sandbox.close();
    const next = createServer();
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(Number(port), '127.0.0.1', resolve);
    });
    await new Promise((resolve) => next.close(resolve));
  });

  it('does not move a clock back', () => {
    expect(() => running.sandbox.advanceClock(-1)).toThrow('The sandbox clock only moves ahead');
    expect(() => running.sandbox.advanceClock(Number.NaN)).toThrow('The sandbox clock only moves ahead');
  });
});
