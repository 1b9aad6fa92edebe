/** The verification step of a sign-up, with Express, in CommonJS. Each request carries the access token of the signed-in user. */
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

  app.get('/verifications/:attribute', async (request, response) => {
    response.json(publicStatus(await mine(request).status(request.params.attribute)));
  });
  app.post('/verifications/:attribute', async (request, response) => {
    const { status } = await mine(request).start(request.params.attribute, { requestId: key(request) });
    response.json(publicStatus(status));
  });
  app.post('/verifications/:attribute/code', async (request, response) => {
    const { attribute } = request.params;
    const answer = await mine(request).submitCode(attribute, request.body?.code, { attemptId: key(request) });
    response.json({ result: answer.result, retryAt: answer.retryAt, ...publicStatus(answer.status) });
  });
  app.post('/verifications/:attribute/resend', async (request, response) => {
    const status = await mine(request).resendCode(request.params.attribute, { requestId: key(request) });
    response.json(publicStatus(status));
  });

  // Express knows by the four parameters that it takes errors.
  app.use((error, _request, response, _next) => {
    const { status, headers, body } = errorResponse(error);
    console.error(String(error)); // For the log, and not for the browser.
    response.status(status).set(headers).json(body);
  });
  return app;
}

module.exports = { createApp };

if (require.main === module) {
  const verifications = VerificationClient.fromSettings();
  const server = createApp(verifications).listen(Number(process.env.PORT ?? 3000));
  process.once('SIGTERM', () => {
    server.close();
    void verifications.close();
  });
}
