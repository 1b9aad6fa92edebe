/** The client, with a Temporal server, a worker and the sandbox, tells the same stories as the fake. */
import { UpdateUserAttributesCommand } from '@aws-sdk/client-cognito-identity-provider';
import { it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';
import { STORIES, type Subject } from './contract.js';

const rig = useRig('local');
const OPERATIONS = { send: 'GetUserAttributeVerificationCode', attempt: 'VerifyUserAttribute' } as const;

const userWhoKeeps = () =>
  rig.sandbox.createUser({
    attributes: { email: 'zoe@example.com', phone_number: '+15555550123' },
    requireVerificationBeforeUpdate: true,
  });

const subjectOf = (newUser: () => Promise<SandboxUser>): Subject<SandboxUser> => ({
  get verifications() {
    return rig.client;
  },
  user: newUser,
  code: (user) => rig.sandbox.codeFor(user, 'email'),
  refuse: ({ username }, call, name) => {
    rig.sandbox.setFault({ operation: OPERATIONS[call], username, exception: { name }, times: 1 });
  },
  changeEmail: async (user, Value) => {
    const cognito = sdkFor(rig.sandbox);
    const UserAttributes = [{ Name: 'email', Value }];
    await cognito.send(new UpdateUserAttributesCommand({ AccessToken: user.accessToken, UserAttributes }));
    cognito.destroy();
  },
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  token: (user) => rig.sandbox.issueAccessToken(user),
});

for (const [name, { play, tells, keepsOriginal }] of Object.entries(STORIES)) {
  it.concurrent(name, async ({ expect }) => {
    const newUser = keepsOriginal ? userWhoKeeps : () => rig.user();
    expect(await play(subjectOf(newUser))).toEqual(tells);
  });
}
