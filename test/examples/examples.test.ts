/** The examples for services: each is asked the same, with the fake in place of the client. */
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Verifications } from '@cognito-verification/client';
import { FakeVerifications } from '@cognito-verification/testing';
import { getRequestListener } from '@hono/node-server';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createApp } from '../../examples/hono.js';
import { handling } from '../../examples/lambda.js';
import { routes } from '../../examples/next-route.js';
import { ROOT } from '../docs/pages.js';

/** One request to an example. */
interface Asked {
  readonly what: 'status' | 'start' | 'code' | 'resend';
  readonly accessToken: string;
  readonly code?: string;
}
interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}
type Ask = (asked: Asked) => Promise<Answered>;

const answeredBy = async (response: Response): Promise<Answered> => ({
  status: response.status,
  retryAfter: response.headers.get('retry-after'),
  body: (await response.json()) as Answered['body'],
});

/** Over a socket. */
async function overHttp(listener: (...request: Parameters<RequestListener>) => unknown): Promise<Ask> {
  const server = createServer((...request) => void listener(...request)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return async ({ what, accessToken, code }) => {
    const path = what === 'code' || what === 'resend' ? `email/${what}` : 'email';
    const response = await fetch(`http://127.0.0.1:${port}/verifications/${path}`, {
      method: what === 'status' ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      ...(code !== undefined && { body: JSON.stringify({ code }) }),
    });
    return await answeredBy(response);
  };
}

const require = createRequire(import.meta.url);
const EXPRESS = require('../../examples/express.cjs') as {
  createApp(verifications: Verifications): RequestListener;
};
/** Of the same copy of the client as the example in CommonJS, which vitest does not load. */
const COMMON_JS = require('@cognito-verification/testing') as { FakeVerifications: typeof FakeVerifications };

const EXAMPLES: Record<string, (verifications: Verifications) => Ask | Promise<Ask>> = {
  'hono.ts': (verifications) => overHttp(getRequestListener(createApp(verifications).fetch)),
  'express.cjs': (verifications) => overHttp(EXPRESS.createApp(verifications)),
  'next-route.ts': (verifications) => {
    const { GET, POST } = routes(() => verifications);
    return async ({ what, accessToken, code }) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      const url = 'https://example.com/api/verifications/email';
      const posted = what === 'resend' ? { resend: true } : code !== undefined && { code };
      const body = posted ? JSON.stringify(posted) : null;
      const response =
        what === 'status'
          ? await GET(new Request(url, { headers }))
          : await POST(new Request(url, { method: 'POST', headers, body }));
      return await answeredBy(response);
    };
  },
  'lambda.ts': (verifications) => {
    const handle = handling(() => verifications);
    return async ({ what, accessToken, code }) => {
      const event = await apiGatewayEvent(accessToken);
      const route = what === 'code' || what === 'resend' ? `/${what}` : '';
      const routeKey = `${what === 'status' ? 'GET' : 'POST'} /verifications/{attribute}${route}`;
      const body = code === undefined ? event.body : Buffer.from(JSON.stringify({ code })).toString('base64');
      const { statusCode, headers, body: text } = await handle({ ...event, routeKey, body });
      return await answeredBy(new Response(text, { status: statusCode, headers }));
    };
  },
};

/** As API Gateway's documentation shows one. */
async function apiGatewayEvent(accessToken: string) {
  const text = await readFile(new URL('api-gateway-event.json', import.meta.url), 'utf8');
  return JSON.parse(text.replace('THE_ACCESS_TOKEN', accessToken)) as Parameters<ReturnType<typeof handling>>[0] & {
    body: string;
  };
}

async function withFake(example: keyof typeof EXAMPLES) {
  // The examples log the errors.
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const Fake = example.endsWith('.cjs') ? COMMON_JS.FakeVerifications : FakeVerifications;
  const verifications = new Fake({ code: '123456' });
  const { accessToken } = verifications.createUser();
  const send = await EXAMPLES[example]?.(verifications);
  const ask = async (what: Asked['what'], code?: string, token = accessToken) =>
    await send?.({ what, accessToken: token, ...(code !== undefined && { code }) });
  return { verifications, ask };
}

it.each(Object.keys(EXAMPLES))('%s verifies an address', async (example) => {
  const { verifications, ask } = await withFake(example);
  expect(await ask('status')).toMatchObject({ status: 404, body: { code: 'VerificationNotFound' } });
  expect(await ask('start')).toMatchObject({
    status: 200,
    body: { state: 'awaitingCode', delivery: { destination: 'z***@e***' } },
  });
  expect(await ask('resend')).toMatchObject({ status: 429, retryAfter: '30', body: { code: 'ResendNotAllowed' } });
  await verifications.advance('30 seconds');
  expect(await ask('resend')).toMatchObject({ status: 200, body: { sendsLeft: 3 } });
  expect(await ask('code', '000000')).toMatchObject({ status: 200, body: { result: 'mismatch', attemptsLeft: 9 } });
  expect(await ask('code', '123 456')).toMatchObject({ status: 200, body: { result: 'verified', state: 'verified' } });
  expect(await ask('code', '123456')).toMatchObject({ status: 409, body: { code: 'VerificationEnded' } });
});

it.each(Object.keys(EXAMPLES))('%s lets nobody in, and says so while Temporal is away', async (example) => {
  const { verifications, ask } = await withFake(example);
  for (const token of ['no token', ''])
    expect(await ask('start', undefined, token)).toMatchObject({ status: 401, body: { code: 'AccessTokenRefused' } });
  verifications.temporalIsAway = true;
  const text = expect.any(String);
  const body = { code: 'TemporalUnavailable', text, retryAfterSeconds: 2 };
  expect(await ask('start')).toEqual({ status: 503, retryAfter: '2', body });
});

it.each(Object.keys(EXAMPLES))('%s leaves an error of something else to its framework', async (example) => {
  const { verifications, ask } = await withFake(example);
  const bug = new Error('a bug of the service');
  verifications.fail('status', bug);
  const answered = ask('status').then(
    () => 'an answer of ours',
    (error: unknown) => error,
  );
  // Next.js and Lambda get the error. The others answer without JSON.
  expect(await answered).toEqual(
    example.startsWith('next') || example.startsWith('lambda') ? bug : expect.any(SyntaxError),
  );
});

it('the one with Hono changes an address', async () => {
  const verifications = new FakeVerifications({ code: '123456', keepsOriginal: true });
  const user = verifications.createUser({ verified: ['email'] });
  const app = createApp(verifications);
  const headers = { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' };
  const send = async (method: string, path: string, body: string) =>
    await answeredBy(await app.request(`/verifications/email/${path}`, { method, headers, body }));
  const ask = async (method: string, path: string, body: object) => await send(method, path, JSON.stringify(body));
  for (const body of ['{}', 'null', '["yan@sample.org"]', 'newValue=yan@sample.org', ''])
    expect(await send('PUT', 'value', body), body).toMatchObject({ status: 400, body: { code: 'InvalidRequest' } });
  expect(await ask('PUT', 'value', { newValue: 'yan@sample.org' })).toMatchObject({
    status: 200,
    body: { state: 'awaitingCode', delivery: { destination: 'y***@s***' }, oldValue: 'kept' },
  });
  expect(await ask('POST', 'code', { code: '123456' })).toMatchObject({ status: 200, body: { result: 'verified' } });
  expect(verifications.attribute(user, 'email')).toMatchObject({ value: 'yan@sample.org', verified: true });
});

it('the handler takes the event as it is', async () => {
  const verifications = new FakeVerifications({ code: '123456' });
  const { accessToken } = verifications.createUser();
  await verifications.forUser({ accessToken }).start('email');
  const { statusCode, body } = await handling(() => verifications)(await apiGatewayEvent(accessToken));
  expect([statusCode, JSON.parse(body)]).toMatchObject([200, { result: 'verified' }]);
});

it('no example has more than 80 lines, and each is in the documentation', async () => {
  const page = await readFile(join(ROOT, 'docs/onboarding-service.md'), 'utf8');
  const names = await readdir(join(ROOT, 'examples'));
  expect(new Set(names)).toEqual(new Set(Object.keys(EXAMPLES)));
  for (const name of names) {
    expect(page).toContain(`(../examples/${name})`);
    const lines = (await readFile(join(ROOT, 'examples', name), 'utf8')).trimEnd().split('\n');
    expect(lines.length, name).toBeLessThan(80);
  }
});
