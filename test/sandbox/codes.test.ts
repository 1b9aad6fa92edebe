import { AdminUpdateUserAttributesCommand } from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../sandbox/index.js';
import { HOUR, otherThan, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();
const EXPIRED = {
  name: 'ExpiredCodeException',
  message: 'Invalid code provided, please request a code again.',
  status: 400,
};
const MISMATCH = {
  name: 'CodeMismatchException',
  message: 'Invalid verification code provided, please try again.',
  status: 400,
};

describe('a code', () => {
  it('goes to the address, is masked in the answer, and verifies the attribute', async () => {
    const user = await running.sandbox.createUser({ attributes: { email: 'zoe@bakery.example' } });
    expect(await running.send(user)).toEqual({
      AttributeName: 'email',
      DeliveryMedium: 'EMAIL',
      Destination: 'z***@b***',
    });
    const [message] = running.sandbox.inbox(user);
    expect(message).toMatchObject({
      at: running.sandbox.now().toISOString(),
      userPoolId: user.userPoolId,
      username: user.username,
      attributeName: 'email',
      medium: 'EMAIL',
      destination: 'zoe@bakery.example',
      subject: 'Your verification code',
      triggerSource: 'CustomMessage_VerifyUserAttribute',
    });
    expect(message?.code).toMatch(/^\d{6}$/);
    expect(message?.body).toContain(message?.code);
    expect(running.sandbox.attribute(user, 'email').verified).toBe(false);
    await running.verify(user, running.sandbox.codeFor(user, 'email'));
    expect(running.sandbox.attribute(user, 'email')).toEqual({ value: 'zoe@bakery.example', verified: true });
  });

  it('goes to the phone and shows its last four digits', async () => {
    const user = await running.sandbox.createUser({ attributes: { phone_number: '+491701238920' } });
    expect(await running.send(user, 'phone_number')).toEqual({
      AttributeName: 'phone_number',
      DeliveryMedium: 'SMS',
      Destination: '+********8920',
    });
    expect(running.sandbox.inbox(user)[0]).toMatchObject({ medium: 'SMS', destination: '+491701238920' });
    expect(running.sandbox.inbox(user)[0]?.subject).toBeUndefined();
    await running.verify(user, running.sandbox.codeFor(user, 'phone_number'), 'phone_number');
    expect(running.sandbox.attribute(user, 'phone_number').verified).toBe(true);
  });

  it('is valid for 24 hours and not a moment longer', async () => {
    const [early, late] = [await running.sandbox.createUser(), await running.sandbox.createUser()];
    const codes = [await running.sendAndRead(early), await running.sendAndRead(late)] as const;
    running.sandbox.advanceClock(24 * HOUR - 1);
    await running.verify(early, codes[0]);
    running.sandbox.advanceClock(1);
    expect(await refusal(running.verify(late, codes[1]))).toEqual(EXPIRED);
    expect(await refusal(running.verify(late, otherThan(codes[1])))).toEqual(EXPIRED);
  });

  it('is refused as a mismatch if it is wrong, and a right one still works afterwards', async () => {
    const user = await running.sandbox.createUser();
    const code = await running.sendAndRead(user);
    expect(await refusal(running.verify(user, otherThan(code)))).toEqual(MISMATCH);
    await running.verify(user, code);
  });

  it('is used up by success: no later code is accepted', async () => {
    const user = await running.sandbox.createUser();
    const code = await running.sendAndRead(user);
    await running.verify(user, code);
    expect(await refusal(running.verify(user, code))).toEqual(EXPIRED);
    expect(await refusal(running.verify(user, otherThan(code)))).toEqual(EXPIRED);
  });

  it('belongs to one attribute and one user', async () => {
    const attributes = { email: 'zoe@bakery.example', phone_number: '+491701238920' };
    const [user, other] = [await running.sandbox.createUser({ attributes }), await running.sandbox.createUser()];
    const code = await running.sendAndRead(user, 'email');
    expect(await refusal(running.verify(user, code, 'phone_number'))).toEqual(EXPIRED);
    expect(await refusal(running.verify(other, code))).toEqual(EXPIRED);
    await running.sendAndRead(user, 'phone_number');
    await running.verify(user, code, 'email');
    await running.verify(user, running.sandbox.codeFor(user, 'phone_number'), 'phone_number');
  });

  it('is sent again for an attribute that is already verified', async () => {
    const user = await running.sandbox.createUser({ emailVerified: true });
    await running.verify(user, await running.sendAndRead(user));
    expect(running.sandbox.attribute(user, 'email').verified).toBe(true);
  });

  it('is accepted with another token than the one that requested it', async () => {
    const user = await running.sandbox.createUser();
    const code = await running.sendAndRead(user);
    running.sandbox.advanceClock(2 * HOUR);
    await running.verify(user, code);
  });

  it('comes from the generator given to the sandbox', async () => {
    const sandbox = await startSandbox({ generateCode: () => '424242' });
    const user = await sandbox.createUser();
    const body = { AccessToken: user.accessToken, AttributeName: 'email' };
    await fetch(sandbox.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.GetUserAttributeVerificationCode' },
      body: JSON.stringify(body),
    });
    expect(sandbox.codeFor(user, 'email')).toBe('424242');
    await sandbox.close();
  });

  it('is always the one that a test has set, until it takes it back', async () => {
    running.sandbox.setSwitches({ code: '424242' });
    const [user, other] = [await running.sandbox.createUser(), await running.sandbox.createUser()];
    expect([await running.sendAndRead(user), await running.sendAndRead(other)]).toEqual(['424242', '424242']);
    expect((await refusal(running.verify(user, '424243'))).name).toBe('CodeMismatchException');
    await running.verify(user, '424242');
    running.sandbox.setSwitches({ code: null });
    const codes = [await running.sendAndRead(user), await running.sendAndRead(user)];
    expect(new Set([...codes, '424242']).size).toBeGreaterThan(1);
    expect(() => running.sandbox.setSwitches({ code: 'two words' })).toThrow('switches.code');
  });
});

describe('a changed attribute', () => {
  it('invalidates the code that went to the old address', async () => {
    running.sandbox.setSwitches({ resend: 'bothValid' });
    const user = await running.sandbox.createUser();
    const code = await running.sendAndRead(user);
    await running.changeEmail(user, 'new@bakery.example');
    expect((await refusal(running.verify(user, code))).name).toBe('CodeMismatchException');
  });

  it('sends nothing and keeps the code if the value stays the same', async () => {
    const user = await running.sandbox.createUser({ attributes: { email: 'zoe@bakery.example' }, emailVerified: true });
    const code = await running.sendAndRead(user);
    expect((await running.changeEmail(user, 'zoe@bakery.example')).CodeDeliveryDetailsList).toEqual([]);
    expect(running.sandbox.inbox(user)).toHaveLength(1);
    expect(running.sandbox.attribute(user, 'email').verified).toBe(true);
    await running.verify(user, code);
  });

  it('is removed by an empty value', async () => {
    const user = await running.sandbox.createUser({ emailVerified: true });
    await running.changeEmail(user, '');
    expect(running.sandbox.attribute(user, 'email')).toEqual({ verified: false });
  });

  it('needs no code if an administrator vouches for it', async () => {
    const user = await running.sandbox.createUser({ requireVerificationBeforeUpdate: true });
    const change = (UserAttributes: { Name: string; Value: string }[]) =>
      running.client.send(
        new AdminUpdateUserAttributesCommand({ UserPoolId: user.userPoolId, Username: user.username, UserAttributes }),
      );
    await change([
      { Name: 'email', Value: 'admin@bakery.example' },
      { Name: 'email_verified', Value: 'true' },
    ]);
    expect(running.sandbox.attribute(user, 'email')).toEqual({ value: 'admin@bakery.example', verified: true });
    expect(running.sandbox.inbox(user)).toEqual([]);
    await change([{ Name: 'email', Value: 'later@bakery.example' }]);
    expect(running.sandbox.attribute(user, 'email')).toEqual({
      value: 'admin@bakery.example',
      verified: true,
      pendingValue: 'later@bakery.example',
    });
    expect(running.sandbox.inbox(user)).toHaveLength(1);
  });
});
