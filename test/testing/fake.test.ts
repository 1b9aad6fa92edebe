/** The fake tells the stories of the contract; `real.test.ts` shows that they are true. */
import { type FakeUser, FakeVerifications } from '@cognito-verification/testing';
import { expect, it } from 'vitest';
import { STORIES, type Subject } from './contract.js';

function subject(keepsOriginal = false): Subject<FakeUser> {
  const verifications = new FakeVerifications({ code: '123456', keepsOriginal });
  return {
    verifications,
    user: () => Promise.resolve(verifications.createUser()),
    code: (user) => verifications.codeFor(user, 'email') ?? '',
    refuse: (_, call, exception) => verifications.refuse(call, exception),
    changeEmail: async (user, value) => verifications.setAttribute(user, 'email', { value, verified: false }),
    pass: (ms) => verifications.advance(ms),
    token: (user) => Promise.resolve(verifications.accessToken(user)),
  };
}

it.each(Object.entries(STORIES))('%s', async (_, { play, tells, keepsOriginal }) => {
  expect(await play(subject(keepsOriginal))).toEqual(tells);
});
