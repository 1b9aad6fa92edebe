/**
 * The verification of an e-mail address in a sign-up, with Express, in CommonJS. Each request carries the access token of the
 * signed-in user. A phone number goes the same way: 'phone_number' in place of 'email'.
 */
const { errorResponse, publicStatus, VerificationClient } = require('@cognito-verification/client');
const express = require('express');

/** @param {import('@cognito-verification/client').Verifications} verifications */
function createApp(verifications) {
  const app = express();
  app.use(express.json());
  // The object can reach the verifications of this user and no others.
  const mine = (request) => verifications.forUser({ authorization: request.get('authorization') });
  // A browser that repeats a request repeats its key too: nothing is sent or counted twice.
  const key = (request) => request.get('idempotency-key');

  app.get('/verifications/email', async (request, response) => {
    response.json(publicStatus(await mine(request).status('email')));
  });
  app.post('/verifications/email', async (request, response) => {
    const { status } = await mine(request).start('email', { requestId: key(request) });
    response.json(publicStatus(status));
  });
  app.post('/verifications/email/code', async (request, response) => {
    const answer = await mine(request).submitCode('email', request.body?.code, { attemptId: key(request) });
    response.json({ result: answer.result, retryAt: answer.retryAt, ...publicStatus(answer.status) });
  });
  app.post('/verifications/email/resend', async (request, response) => {
    response.json(publicStatus(await mine(request).resendCode('email', { requestId: key(request) })));
  });

  // After the routes. Express knows by the four parameters that it takes errors.
  app.use((error, _request, response, _next) => {
    const { status, headers, body } = errorResponse(error);
    console.error(String(error)); // For the log, and not for the browser.
    response.status(status).set(headers).json(body);
  });
  return app;
}

module.exports = { createApp };
if (require.main === module) createApp(VerificationClient.fromSettings()).listen(process.env.PORT ?? 3000);
