/** Whatever a service may meet, its tests can have it from the fake: each state, each error, any time. */
import { HTTP_STATUS, VERIFICATION_STATES, type VerificationErrorCode } from '@cognito-verification/client';
import { type FailingMethod, FakeVerifications } from '@cognito-verification/testing';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { thrownBy } from '../client/fixtures.js';

afterEach(() => {
  vi.useRealTimers();
});

function withUser(options: ConstructorParameters<typeof FakeVerifications>[0] = {}) {
  const verifications = new FakeVerifications(options);
  const user = verifications.createUser();
  return { verifications, user, mine: verifications.forUser({ accessToken: user.accessToken }) };
}

type Fake = ReturnType<typeof withUser>;

/** How each state is reached. */
const REACHED: Record<(typeof VERIFICATION_STATES)[number], (fake: Fake) => unknown> = {
  sending: async ({ verifications, mine }) => {
    onTestFinished(verifications.hold('send'));
    void mine.start('email');
    const asked = () => mine.status('email').catch(() => undefined);
    await expect.poll(asked).toMatchObject({ state: 'sending' });
  },
  awaitingCode: ({ mine }) => mine.start('email'),
  rateLimited: async ({ verifications, mine }) => {
    verifications.refuse('send', 'LimitExceededException');
    await mine.start('email');
  },
  awaitingToken: async ({ verifications, mine }) => {
    verifications.refuse('send', 'NotAuthorizedException', { message: 'Access Token has been revoked' });
    await mine.start('email');
  },
  verified: async ({ mine }) => {
    await mine.start('email');
    await mine.submitCode('email', '123456');
  },
  alreadyVerified: async ({ verifications, user, mine }) => {
    verifications.setAttribute(user, 'email', { value: 'zoe@example.com', verified: true });
    await mine.start('email');
  },
  expired: async ({ verifications, mine }) => {
    await mine.start('email', { policy: { deadline: '10 minutes' } });
    await verifications.advance('10 minutes');
  },
  failed: async ({ verifications, mine }) => {
    verifications.refuse('send', 'InvalidParameterException');
    await thrownBy(mine.start('email'));
  },
  cancelled: async ({ mine }) => {
    await mine.start('email');
    await mine.cancel('email');
  },
};

it.each(Object.entries(REACHED))('is in state %s', async (state, reach) => {
  const fake = withUser();
  await reach(fake);
  expect(await fake.mine.status('email')).toMatchObject({ state });
});

it('throws each error of the client, from each method, as often as it was told', async () => {
  const { verifications, user } = withUser();
  const { accessToken } = user;
  const start = await verifications.start({ accessToken, attributeName: 'email' });
  const methods: Record<FailingMethod, () => Promise<unknown>> = {
    start: () => verifications.start({ accessToken, attributeName: 'email' }),
    status: () => verifications.status(start),
    submitCode: () => verifications.submitCode(start, { code: '123456' }),
    resendCode: () => verifications.resendCode(start),
    confirm: () => verifications.confirm(start),
    renewAccessToken: () => verifications.renewAccessToken(start, { accessToken }),
    cancel: () => verifications.cancel(start),
    wait: () => verifications.wait(start),
    watch: () => verifications.watch(start).next(),
    list: () => verifications.list().next(),
  };
  for (const code of Object.keys(HTTP_STATUS) as VerificationErrorCode[]) {
    for (const [method, call] of Object.entries(methods)) {
      verifications.fail(method as FailingMethod, code);
      expect(await thrownBy(call()), `${method} ${code}`).toMatchObject({ code });
    }
  }
  const own = new Error('of my own');
  verifications.fail('status', own, { times: 2 });
  expect(await thrownBy(verifications.status(start))).toBe(own);
  expect(await thrownBy(verifications.status(start))).toBe(own);
  expect(await verifications.status(start)).toMatchObject({ state: 'awaitingCode' });
});

it('has a clock that only a test moves: codes and tokens expire, sends go out, locks open', async () => {
  const { verifications, user, mine } = withUser({ code: codes('111111', '222222', '333333') });
  await mine.start('email', { policy: { codeLifetime: '5 minutes', resendAfter: '20 minutes' } });
  expect(verifications.codeFor(user, 'email')).toBe('111111');
  const refused = await thrownBy(mine.resendCode('email'));
  expect(refused).toMatchObject({ code: 'ResendNotAllowed', retryAfterSeconds: 30 });
  await verifications.advance('6 minutes');
  expect(await mine.submitCode('email', '111111')).toMatchObject({ result: 'codeExpired' });
  await mine.resendCode('email');
  const again = await thrownBy(mine.resendCode('email'));
  expect(again).toMatchObject({ code: 'ResendNotAllowed', retryAfterSeconds: 60 });
  await verifications.advance('20 minutes');
  expect(verifications.codeFor(user, 'email')).toBe('333333');
  verifications.refuse('attempt', 'LimitExceededException');
  expect(await mine.submitCode('email', '333333')).toMatchObject({ result: 'rateLimited' });
  await verifications.advance('2 minutes');
  expect(await mine.submitCode('email', '333333')).toMatchObject({ result: 'rateLimited' });
  await verifications.advance('1 hour');
  expect(await thrownBy(mine.renewAccessToken('email'))).toMatchObject({ code: 'AccessTokenRefused' });
});

const codes =
  (...all: string[]) =>
  () =>
    all.shift() ?? '999999';

it('fails as while Temporal is away, also what waits, and goes on after that', async () => {
  const { verifications, mine } = withUser();
  await mine.start('email');
  verifications.temporalIsAway = true;
  const calls = [mine.status('email'), mine.start('email'), mine.submitCode('email', '123456'), mine.wait('email')];
  for (const call of calls)
    expect(await thrownBy(call)).toMatchObject({ code: 'TemporalUnavailable', httpStatus: 503 });
  verifications.temporalIsAway = false;
  expect(await mine.submitCode('email', '123456')).toMatchObject({ result: 'verified' });
});

it('lets Cognito answer later: a code stays unchecked so long', async () => {
  const { verifications, mine } = withUser();
  await mine.start('email');
  const answer = verifications.hold('attempt');
  const submitted = mine.submitCode('email', '123456');
  await expect.poll(async () => (await mine.status('email')).attempts).toMatchObject([{ outcome: 'checking' }]);
  await answer();
  expect(await submitted).toMatchObject({ result: 'verified' });
});

it('keeps messages back as the guard of the worker does, and lets them go by the clock', async () => {
  const { verifications, mine } = withUser();
  verifications.keepBack('UnprovenMessages', { wait: '20 minutes' });
  const { status } = await mine.start('phone_number');
  expect(status).toMatchObject({ state: 'rateLimited', held: 'UnprovenMessages' });
  expect(Date.parse(status.retryAt ?? '') - verifications.now().getTime()).toBe(20 * 60_000);
  await verifications.advance('20 minutes');
  expect(await mine.submitCode('phone_number', '123456')).toMatchObject({ result: 'verified' });

  const another = verifications.forUser({ accessToken: verifications.createUser().accessToken });
  verifications.keepBack('CountryNotAllowed', { times: Number.POSITIVE_INFINITY });
  expect(await thrownBy(another.start('phone_number'))).toMatchObject({ failure: { type: 'CountryNotAllowed' } });
  verifications.accept();
  expect(await another.start('phone_number')).toMatchObject({ status: { state: 'awaitingCode' } });
});

it('tries again what did not reach Cognito, without a wait', async () => {
  const { verifications, mine } = withUser();
  verifications.refuse('send', 'ECONNREFUSED', { times: 3 });
  expect(await mine.start('email')).toMatchObject({ status: { state: 'awaitingCode' } });
  verifications.refuse('attempt', 'TooManyRequestsException', { times: Number.POSITIVE_INFINITY });
  expect(await thrownBy(mine.submitCode('email', '123456'))).toMatchObject({ code: 'CognitoUnavailable' });
  verifications.accept();
  expect(await mine.submitCode('email', '123456')).toMatchObject({ result: 'verified' });
});

it('takes references in place of tokens', async () => {
  const { verifications, user } = withUser();
  const { userPoolId, sub } = user;
  const mine = verifications.forUser({ accessTokenReference: 'session-1', userPoolId, sub });
  await mine.start('phone_number');
  expect(await mine.submitCode('phone_number', '123456')).toMatchObject({ result: 'verified' });
  expect(verifications.attribute(user, 'phone_number')).toEqual({ value: '+15555550123', verified: true });
});

it('works while the timers of a test are fake', async () => {
  vi.useFakeTimers();
  const { verifications, mine } = withUser();
  await mine.start('email');
  const ended = mine.wait('email');
  await verifications.advance('1 day');
  expect(await ended).toMatchObject({ outcome: 'expired' });
});

it('keeps two fakes apart', async () => {
  const [one, other] = [withUser(), withUser()];
  await Promise.all([one.mine.start('email'), other.mine.start('email')]);
  await one.verifications.advance('1 day');
  expect(await one.mine.wait('email')).toMatchObject({ outcome: 'expired' });
  expect(await other.mine.status('email')).toMatchObject({ state: 'awaitingCode' });
  expect(
    await thrownBy(one.verifications.forUser({ accessToken: other.user.accessToken }).status('email')),
  ).toMatchObject({
    code: 'AccessTokenRefused',
  });
});

it('forgets what waits once it is closed', async () => {
  const { verifications, mine } = withUser();
  await mine.start('email');
  const waiting = thrownBy(mine.wait('email'));
  await verifications.close();
  expect(await waiting).toMatchObject({ code: 'CallAborted' });
});
