/** A change of the address or the number by the user, under both settings of the pool. */
import {
  CreateUserPoolClientCommand,
  GetUserAttributeVerificationCodeCommand,
  GetUserCommand,
  UpdateUserAttributesCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import type { NewUser, SandboxUser } from '../../sandbox/index.js';
import { otherThan, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();

const ATTRIBUTES = [
  { name: 'email', old: 'old@bakery.example', next: 'new@mill.example', third: 'third@mill.example' },
  { name: 'phone_number', old: '+491701238920', next: '+491701238921', third: '+491701238922' },
] as const;
type Name = (typeof ATTRIBUTES)[number]['name'];

describe.each(ATTRIBUTES)('a change of $name', ({ name, old, next, third }) => {
  const newUser = (settings: NewUser = {}) =>
    running.sandbox.createUser({
      attributes: { email: 'old@bakery.example', phone_number: '+491701238920' },
      emailVerified: true,
      phoneNumberVerified: true,
      ...settings,
    });
  const keeping = (settings: NewUser = {}) => newUser({ requireVerificationBeforeUpdate: true, ...settings });
  const change = (user: SandboxUser, Value: string) => update(user, name, Value);
  const state = (user: SandboxUser) => running.sandbox.attribute(user, name);
  const inbox = (user: SandboxUser) => running.sandbox.inbox(user).map(({ destination }) => destination);
  const code = (user: SandboxUser) => running.sandbox.codeFor(user, name);

  describe('in a pool that keeps the old value', () => {
    it('sends a code to the new value, shows the old one as verified, and changes with the right code', async () => {
      const user = await keeping();
      const { CodeDeliveryDetailsList } = await change(user, next);
      expect(CodeDeliveryDetailsList).toMatchObject([{ AttributeName: name }]);
      expect(CodeDeliveryDetailsList?.[0]?.Destination).toContain(name === 'email' ? 'n***@' : '8921');
      expect(inbox(user)).toEqual([next]);
      expect(await profile(user, name)).toEqual([old, 'true']);
      expect((await refusal(running.verify(user, otherThan(code(user)), name))).name).toBe('CodeMismatchException');
      expect(await profile(user, name)).toEqual([old, 'true']);
      await running.verify(user, code(user), name);
      expect(await profile(user, name)).toEqual([next, 'true']);
      expect((await refusal(running.verify(user, code(user), name))).name).toBe('ExpiredCodeException');
    });

    it('sends again to the new value when it is asked for it again, or nothing (updateToPending)', async () => {
      const user = await keeping();
      await change(user, next);
      const [first, again] = [code(user), await change(user, next)];
      expect([again.CodeDeliveryDetailsList?.length, inbox(user)]).toEqual([1, [next, next]]);
      if (first !== code(user))
        expect((await refusal(running.verify(user, first, name))).name).toBe('CodeMismatchException');
      running.sandbox.setSwitches({ updateToPending: 'sendsNothing' });
      expect((await change(user, next)).CodeDeliveryDetailsList).toEqual([]);
      expect(inbox(user)).toEqual([next, next]);
      expect(state(user)).toEqual({ value: old, verified: true, pendingValue: next });
      await running.verify(user, code(user), name);
      expect(state(user)).toEqual({ value: next, verified: true });
    });

    it.each([
      ['currentValue', old, { value: old, verified: true, pendingValue: next }],
      ['pendingValue', next, { value: next, verified: true }],
    ] as const)('has the code of a re-send go to the %s (sendWhilePending)', async (sendWhilePending, to, after) => {
      running.sandbox.setSwitches({ sendWhilePending });
      const user = await keeping();
      await change(user, next);
      await resend(user, name);
      expect(inbox(user)).toEqual([next, to]);
      await running.verify(user, code(user), name);
      expect(state(user)).toEqual(after);
    });

    it('is withdrawn by another one, and by the old value', async () => {
      const user = await keeping();
      await change(user, next);
      const first = code(user);
      await change(user, third);
      expect([inbox(user), state(user).pendingValue]).toEqual([[next, third], third]);
      if (first !== code(user))
        expect((await refusal(running.verify(user, first, name))).name).toBe('CodeMismatchException');
      expect((await change(user, old)).CodeDeliveryDetailsList).toEqual([]);
      expect(state(user)).toEqual({ value: old, verified: true });
      expect((await refusal(running.verify(user, code(user), name))).name).toBe('ExpiredCodeException');
    });
  });

  describe('in a pool that does not keep it', () => {
    it('takes effect at once, is not verified, and sends a code to the new value', async () => {
      const user = await newUser();
      expect((await change(user, next)).CodeDeliveryDetailsList).toMatchObject([{ AttributeName: name }]);
      expect(running.sandbox.inbox(user)).toMatchObject([
        { destination: next, triggerSource: 'CustomMessage_UpdateUserAttribute' },
      ]);
      expect(await profile(user, name)).toEqual([next, 'false']);
      await running.verify(user, code(user), name);
      expect(await profile(user, name)).toEqual([next, 'true']);
    });

    it('sends again by GetUserAttributeVerificationCode alone', async () => {
      const user = await newUser();
      await change(user, next);
      expect((await change(user, next)).CodeDeliveryDetailsList).toEqual([]);
      await resend(user, name);
      expect(inbox(user)).toEqual([next, next]);
      await running.verify(user, code(user), name);
      expect(await profile(user, name)).toEqual([next, 'true']);
    });
  });

  describe.each([true, false])('in both (keeps it: %s)', (requireVerificationBeforeUpdate) => {
    const both = (settings: NewUser = {}) => newUser({ requireVerificationBeforeUpdate, ...settings });

    it('sends nothing for the value that is there', async () => {
      const user = await both();
      expect((await change(user, old)).CodeDeliveryDetailsList).toEqual([]);
      expect([inbox(user), state(user)]).toEqual([[], { value: old, verified: true }]);
    });

    it('is done, with one message, when the answer to it is lost', async () => {
      const user = await both();
      running.sandbox.setFault({ operation: 'UpdateUserAttributes', dropConnection: 'afterEffect', times: 1 });
      await expect(change(user, next)).rejects.toThrow();
      expect(inbox(user)).toEqual([next]);
      await running.verify(user, code(user), name);
      expect(state(user)).toEqual({ value: next, verified: true });
    });

    it('is not done by a client that may not write it', async () => {
      const user = await both();
      const settings = { ClientName: 'reader', WriteAttributes: ['given_name'] };
      const { UserPoolClient } = await running.client.send(
        new CreateUserPoolClientCommand({ UserPoolId: user.userPoolId, ...settings }),
      );
      const reader = { ...user, clientId: UserPoolClient?.ClientId ?? '' };
      expect(await refusal(change(reader, next))).toMatchObject({
        name: 'NotAuthorizedException',
        message: 'A client attempted to write unauthorized attribute',
      });
      expect([inbox(user), state(user)]).toEqual([[], { value: old, verified: true }]);
    });

    it.each(['whenVerified', 'whenChanged'] as const)(
      'meets an alias of another user %s (aliasCheck)',
      async (when) => {
        running.sandbox.setSwitches({ aliasCheck: when });
        const owner = await both({ aliasAttributes: [name], attributes: { [name]: next } });
        const user = await both({ poolId: owner.userPoolId, attributes: { [name]: old } });
        const before = state(user);
        const taken = when === 'whenChanged' ? change(user, next) : change(user, next).then(() => verify(user));
        const verify = (as: SandboxUser) => running.verify(as, code(as), name);
        expect(await refusal(taken)).toMatchObject({
          name: 'AliasExistsException',
          message: `An account with the ${name === 'email' ? 'email' : 'phone number'} already exists.`,
        });
        expect(inbox(user)).toEqual(when === 'whenChanged' ? [] : [next]);
        if (when === 'whenChanged') expect(state(user)).toEqual(before);
        else expect(state(user).value).toBe(requireVerificationBeforeUpdate ? old : next);
        expect(state(owner)).toEqual({ value: next, verified: true });
      },
    );
  });
});

async function update(user: SandboxUser, Name: Name, Value: string) {
  const AccessToken = await running.sandbox.issueAccessToken(user);
  return running.client.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes: [{ Name, Value }] }));
}

async function resend(user: SandboxUser, AttributeName: Name) {
  const AccessToken = await running.sandbox.issueAccessToken(user);
  return running.client.send(new GetUserAttributeVerificationCodeCommand({ AccessToken, AttributeName }));
}

/** The value and the flag that `GetUser` shows. */
async function profile(user: SandboxUser, name: Name): Promise<(string | undefined)[]> {
  const AccessToken = await running.sandbox.issueAccessToken(user);
  const { UserAttributes = [] } = await running.client.send(new GetUserCommand({ AccessToken }));
  const shown = new Map(UserAttributes.map(({ Name, Value }) => [Name, Value]));
  return [shown.get(name), shown.get(`${name}_verified`)];
}
