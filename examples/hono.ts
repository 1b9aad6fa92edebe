/**
 * The verification of an e-mail address in a sign-up, with Hono. Each request carries the access token of the signed-in user. A
 * phone number goes the same way: 'phone_number' in place of 'email'.
 */
import { errorResponse, publicStatus, VerificationClient, type Verifications } from '@cognito-verification/client';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';

export function createApp(verifications: Verifications): Hono {
  const app = new Hono();
  // The object can reach the verifications of this user and no others.
  const mine = (c: Context) => verifications.forUser({ authorization: c.req.header('authorization') });
  // A browser that repeats a request repeats its key too: nothing is sent or counted twice.
  const key = (c: Context) => c.req.header('idempotency-key');
  // The error for a body that is no JSON would quote it in the log.
  const posted = async (c: Context) => Object((await c.req.json().catch(() => undefined)) ?? {});

  app.get('/verifications/email', async (c) => c.json(publicStatus(await mine(c).status('email'))));
  app.post('/verifications/email', async (c) => {
    const { status } = await mine(c).start('email', { requestId: key(c) });
    return c.json(publicStatus(status));
  });
  app.put('/verifications/email/value', async (c) => {
    // The worker changes the attribute in Cognito, which sends the code to the new value. A user pool that does not keep the old
    // one until the new one is verified needs `replaceAtOnce: true`.
    const { newValue = '' } = await posted(c);
    const { status } = await mine(c).start('email', { newValue, requestId: key(c) });
    return c.json(publicStatus(status));
  });
  app.post('/verifications/email/code', async (c) => {
    const { code = '' } = await posted(c);
    const answer = await mine(c).submitCode('email', code, { attemptId: key(c), signal: c.req.raw.signal });
    return c.json({ result: answer.result, retryAt: answer.retryAt, ...publicStatus(answer.status) });
  });
  app.post('/verifications/email/resend', async (c) =>
    c.json(publicStatus(await mine(c).resendCode('email', { requestId: key(c) }))),
  );

  app.onError((error) => {
    console.error(error.stack); // For the log, and not for the browser. Hono logs nothing of what is thrown below.
    const { body, ...init } = errorResponse(error);
    return Response.json(body, init);
  });
  return app;
}

if (import.meta.filename === process.argv[1])
  serve({ fetch: createApp(VerificationClient.fromSettings()).fetch, port: Number(process.env['PORT'] ?? 3000) });
