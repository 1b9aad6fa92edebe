import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { CustomMessageEvent } from '../../sandbox/index.js';
import { RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();
const PHONE = { attributes: { phone_number: '+491701238920' } };
let server: Server | undefined;

afterEach(async () => {
  const closing = server;
  server = undefined;
  closing?.closeAllConnections();
  await new Promise((resolve) => (closing === undefined ? resolve(undefined) : closing.close(resolve)));
});

/** An HTTP server that answers each event with this status and body. */
async function trigger(answer: (event: CustomMessageEvent) => [status: number, body: unknown]): Promise<string> {
  const started = createServer((request, response) => {
    let json = '';
    request.on('data', (chunk: Buffer) => (json += chunk.toString()));
    request.on('end', () => {
      const event: CustomMessageEvent = JSON.parse(json);
      const [status, body] = answer(event);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
}

describe('the custom-message trigger', () => {
  it('receives Cognito’s event, without the code', async () => {
    const events: CustomMessageEvent[] = [];
    running.sandbox.setCustomMessage((event) => {
      events.push(event);
      return event;
    });
    const user = await running.sandbox.createUser({ attributes: { email: 'zoe@bakery.example' } });
    await running.send(user, 'email', { verificationId: 'v-1' });
    expect(events).toEqual([
      {
        version: '1',
        triggerSource: 'CustomMessage_VerifyUserAttribute',
        region: 'us-east-1',
        userPoolId: user.userPoolId,
        userName: user.username,
        callerContext: { awsSdkVersion: expect.any(String), clientId: user.clientId },
        request: {
          userAttributes: {
            sub: user.sub,
            'cognito:user_status': 'CONFIRMED',
            email: 'zoe@bakery.example',
            email_verified: 'false',
          },
          codeParameter: '{####}',
          clientMetadata: { verificationId: 'v-1' },
        },
        response: { smsMessage: null, emailMessage: null, emailSubject: null },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(running.sandbox.codeFor(user, 'email'));
    await running.changeEmail(user, 'new@bakery.example');
    expect(events[1]).toMatchObject({
      triggerSource: 'CustomMessage_UpdateUserAttribute',
      request: { userAttributes: { email: 'new@bakery.example' } },
    });
  });

  it('shapes the message', async () => {
    running.sandbox.setCustomMessage((event) => {
      const { codeParameter, clientMetadata } = event.request;
      event.response.emailSubject = `Hello ${clientMetadata?.['name']}`;
      event.response.emailMessage = `<b>${codeParameter}</b> is yours`;
      event.response.smsMessage = `SMS ${codeParameter}`;
      return event;
    });
    const user = await running.sandbox.createUser({
      attributes: { email: 'zoe@bakery.example', phone_number: '+491701238920' },
    });
    await running.send(user, 'email', { name: 'Zoe' });
    await running.send(user, 'phone_number');
    const [mail, sms] = running.sandbox.inbox(user);
    expect(mail).toMatchObject({ subject: 'Hello Zoe', body: `<b>${mail?.code}</b> is yours` });
    expect(sms?.body).toBe(`SMS ${sms?.code}`);
  });

  it('can be called over HTTP, and the user can read its errors', async () => {
    running.sandbox.setCustomMessage(
      await trigger((event) => [
        200,
        event.request.clientMetadata?.['refuse'] === undefined
          ? { ...event, response: { ...event.response, smsMessage: `By HTTP: ${event.request.codeParameter}` } }
          : { errorType: 'Error', errorMessage: 'Number is blocked' },
      ]),
    );
    const user = await running.sandbox.createUser(PHONE);
    await running.send(user, 'phone_number');
    expect(running.sandbox.inbox(user)[0]?.body).toMatch(/^By HTTP: \d{6}$/);
    expect(await refusal(running.send(user, 'phone_number', { refuse: 'yes' }))).toEqual({
      name: 'UserLambdaValidationException',
      message: 'CustomMessage failed with error Number is blocked.',
      status: 400,
    });
  });
});

describe('a trigger that fails', () => {
  it('by throwing refuses the send, which does not count', async () => {
    running.sandbox.setSwitches({ sendsPerHour: 1 });
    const user = await running.sandbox.createUser(PHONE);
    running.sandbox.setCustomMessage(() => {
      throw new Error('Ünknown\ncountry');
    });
    const refused = await refusal(running.send(user, 'phone_number'));
    expect(refused.name).toBe('UserLambdaValidationException');
    expect(refused.message).toBe('CustomMessage failed with error Ünknown\ncountry.');
    expect(running.sandbox.inbox(user)).toEqual([]);
    running.sandbox.setCustomMessage(undefined);
    await running.send(user, 'phone_number');
  });

  it.each([
    ['nothing', undefined],
    ['no response', { request: {} }],
    ['a number as text', { response: { smsMessage: 42 } }],
  ])('by answering %s causes an InvalidLambdaResponseException', async (_what, answer) => {
    running.sandbox.setCustomMessage(() => answer);
    const user = await running.sandbox.createUser(PHONE);
    expect(await refusal(running.send(user, 'phone_number'))).toEqual({
      name: 'InvalidLambdaResponseException',
      message: 'Unrecognizable lambda output',
      status: 400,
    });
  });

  it.each([
    ['without the code', 'Hello', /failed to satisfy constraint: Member must satisfy regular expression/],
    ['that is empty', '', /^The message is empty\.$/],
    ['that is too long', `{####}${'x'.repeat(140)}`, /failed .* have length less than or equal to 140$/],
  ])('by a text %s causes an InvalidParameterException', async (_what, smsMessage, message) => {
    running.sandbox.setCustomMessage(() => ({ response: { smsMessage } }));
    const user = await running.sandbox.createUser(PHONE);
    const refused = await refusal(running.send(user, 'phone_number'));
    expect(refused.name).toBe('InvalidParameterException');
    expect(refused.message).toMatch(message);
  });

  it('by texts for e-mails that Cognito sends itself causes an InvalidLambdaResponseException', async () => {
    running.sandbox.setCustomMessage(() => ({ response: { emailMessage: '{####}' } }));
    const user = await running.sandbox.createUser({ emailAccount: 'COGNITO_DEFAULT' });
    expect((await refusal(running.send(user))).name).toBe('InvalidLambdaResponseException');
  });

  it('by not answering is called three times', async () => {
    running.sandbox.setSwitches({ triggerTimeoutMs: 20 });
    let tries = 0;
    running.sandbox.setCustomMessage(() => {
      tries += 1;
      return new Promise(() => undefined);
    });
    const user = await running.sandbox.createUser(PHONE);
    expect((await refusal(running.send(user, 'phone_number'))).name).toBe('UnexpectedLambdaException');
    expect(tries).toBe(3);
  });

  it('by not answering at first is tolerated', async () => {
    running.sandbox.setSwitches({ triggerTimeoutMs: 50 });
    let tries = 0;
    running.sandbox.setCustomMessage((event) => {
      tries += 1;
      return tries < 3 ? new Promise(() => undefined) : event;
    });
    const user = await running.sandbox.createUser(PHONE);
    await running.send(user, 'phone_number');
    expect(running.sandbox.inbox(user)).toHaveLength(1);
  });

  it('by being absent, or with an HTTP error, causes an UnexpectedLambdaException', async () => {
    const user = await running.sandbox.createUser(PHONE);
    running.sandbox.setCustomMessage('http://127.0.0.1:1/');
    expect((await refusal(running.send(user, 'phone_number'))).name).toBe('UnexpectedLambdaException');
    running.sandbox.setCustomMessage(await trigger(() => [502, 'Bad gateway']));
    expect((await refusal(running.send(user, 'phone_number'))).name).toBe('UnexpectedLambdaException');
  });

  it('leaves an attribute that was to be changed as it was', async () => {
    const user = await running.sandbox.createUser({ attributes: { email: 'old@bakery.example' }, emailVerified: true });
    running.sandbox.setCustomMessage(() => {
      throw new Error('no');
    });
    expect((await refusal(running.changeEmail(user, 'new@bakery.example'))).name).toBe('UserLambdaValidationException');
    expect(running.sandbox.attribute(user, 'email')).toEqual({ value: 'old@bakery.example', verified: true });
  });
});
