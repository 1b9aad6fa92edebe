/** The verification step of a sign-up, with Hono. Each request carries the access token of the signed-in user. */
import {
  type AttributeName,
  errorResponse,
  publicStatus,
  VerificationClient,
  type Verifications,
} from '@cognito-verification/client';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';

export function createApp(verifications: Verifications): Hono {
  const app = new Hono();
  // The object can reach the verifications of this user and no others.
  const mine = (c: Context) => verifications.forUser({ authorization: c.req.header('authorization') });
  // The client refuses any other attribute.
  const attribute = (c: Context) => c.req.param('attribute') as AttributeName;
  // A browser that repeats a request repeats its key too: nothing is sent or counted twice.
  const key = (c: Context) => c.req.header('idempotency-key');

  app.get('/verifications/:attribute', async (c) => c.json(publicStatus(await mine(c).status(attribute(c)))));
  app.post('/verifications/:attribute', async (c) => {
    const { status } = await mine(c).start(attribute(c), { requestId: key(c) });
    return c.json(publicStatus(status));
  });
  app.put('/verifications/:attribute/value', async (c) => {
    // The worker changes the attribute in Cognito, which sends the code to the new value.
    const { newValue } = await c.req.json<{ newValue: string }>();
    const { status } = await mine(c).start(attribute(c), { newValue, requestId: key(c) });
    return c.json(publicStatus(status));
  });
  app.post('/verifications/:attribute/code', async (c) => {
    const { code } = await c.req.json<{ code: string }>().catch(() => ({ code: '' }));
    const answer = await mine(c).submitCode(attribute(c), code, { attemptId: key(c), signal: c.req.raw.signal });
    return c.json({ result: answer.result, retryAt: answer.retryAt, ...publicStatus(answer.status) });
  });
  app.post('/verifications/:attribute/resend', async (c) =>
    c.json(publicStatus(await mine(c).resendCode(attribute(c), { requestId: key(c) }))),
  );

  app.onError((error) => {
    const { body, ...init } = errorResponse(error);
    console.error(String(error)); // For the log, and not for the browser.
    return Response.json(body, init);
  });
  return app;
}

if (import.meta.filename === process.argv[1]) {
  const verifications = VerificationClient.fromSettings();
  const server = serve({ fetch: createApp(verifications).fetch, port: Number(process.env['PORT'] ?? 3000) });
  process.once('SIGTERM', () => {
    server.close();
    void verifications.close();
  });
}
