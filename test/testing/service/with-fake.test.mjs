import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeVerifications } from '@cognito-verification/testing';
import { signUpStep } from './sign-up.mjs';

let verifications;
let step;
let accessToken;

beforeEach(() => {
  verifications = new FakeVerifications({ code: '123456' });
  ({ accessToken } = verifications.createUser());
  step = signUpStep(verifications);
});

const headers = () => ({ authorization: `Bearer ${accessToken}` });
const get = () => step(new Request('https://example.com/email', { headers: headers() }));
const post = (body = {}) =>
  step(new Request('https://example.com/email', { method: 'POST', headers: headers(), body: JSON.stringify(body) }));

test('a code is sent, and the right one verifies the address', async () => {
  assert.equal((await (await post()).json()).delivery.destination, 'z***@e***');
  const { result, attemptsLeft } = await (await post({ code: '000000' })).json();
  assert.deepEqual({ result, attemptsLeft }, { result: 'mismatch', attemptsLeft: 9 });
  assert.equal((await (await post({ code: '123 456' })).json()).result, 'verified');
});

test('the verification ends a day later', async () => {
  await post();
  await verifications.advance('1 day');
  assert.equal((await (await post({ code: '123456' })).json()).code, 'VerificationEnded');
});

test("Cognito's limit is told", async () => {
  verifications.refuse('send', 'LimitExceededException');
  const { state, retryAt } = await (await post()).json();
  assert.equal(state, 'rateLimited');
  assert.ok(Date.parse(retryAt) > verifications.now().getTime());
});

test('Temporal is away, and comes back', async () => {
  verifications.temporalIsAway = true;
  const answer = await get();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('retry-after'), '2');
  verifications.temporalIsAway = false;
  assert.equal((await get()).status, 404);
});

test('any other error, on demand', async () => {
  verifications.fail('submitCode', 'TooManyMessages');
  const answer = await post({ code: '123456' });
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get('retry-after'), '60');
});
