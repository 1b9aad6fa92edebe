/** What the tests of a change of address have in common: the users, the request, and what Cognito has done. */
import { UpdateUserAttributesCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { AttributeName } from '@cognito-verification/contract';
import type { Rig, SandboxUser } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';

export const UPDATE = 'UpdateUserAttributes';
export const OLD = { email: 'zoe@example.com', phone_number: '+15555550123' };
export const NEW = { email: 'yan.new@other.example', phone_number: '+15555550199' };
export const UNVERIFIED = { emailVerified: false, phoneNumberVerified: false };

export const change = ({ accessToken }: SandboxUser, attributeName: AttributeName = 'email', more: object = {}) => ({
  accessToken,
  attributeName,
  newValue: NEW[attributeName],
  ...more,
});

/** @param rig read when it is used, since it is there only once the tests begin */
export function changesIn(rig: Rig) {
  return {
    userIn: (keeps: boolean, flags = { emailVerified: true, phoneNumberVerified: true }): Promise<SandboxUser> =>
      rig.sandbox.createUser({ attributes: OLD, ...flags, requireVerificationBeforeUpdate: keeps }),
    inbox: (user: SandboxUser) => rig.sandbox.inbox(user).map(({ destination }) => destination),
    updates: ({ username }: SandboxUser) => rig.sandbox.calls({ operation: UPDATE, username }).length,
    /** As the user can do it elsewhere. */
    update: async ({ accessToken: AccessToken }: SandboxUser, Value: string): Promise<void> => {
      const sdk = sdkFor(rig.sandbox);
      const command = new UpdateUserAttributesCommand({ AccessToken, UserAttributes: [{ Name: 'email', Value }] });
      await sdk.send(command).finally(() => sdk.destroy());
    },
  };
}
