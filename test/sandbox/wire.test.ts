import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RunningSandbox } from './running-sandbox.js';

const running = new RunningSandbox();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function post(operation: string | undefined, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const target = operation === undefined ? {} : { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}` };
  return fetch(running.sandbox.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', ...target, ...headers },
    body,
  });
}

describe('the wire', () => {
  it('carries answers as AWS JSON 1.1', async () => {
    const { accessToken: AccessToken } = await running.sandbox.createUser();
    const response = await post('GetUser', JSON.stringify({ AccessToken }), {
      authorization: 'AWS4-HMAC-SHA256 nonsense',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(response.headers.get('x-amzn-requestid')).toMatch(UUID);
  });

  it('carries exceptions in the body and in three headers', async () => {
    const response = await post('GetUser', JSON.stringify({ AccessToken: 'none' }));
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(response.headers.get('x-amzn-errortype')).toBe('NotAuthorizedException:');
    expect(response.headers.get('x-amzn-errormessage')).toBe('Invalid Access Token');
    expect(response.headers.get('x-amzn-requestid')).toMatch(UUID);
    expect(await response.json()).toEqual({ __type: 'NotAuthorizedException', message: 'Invalid Access Token' });
  });

  it('spells the headers as AWS does', async () => {
    const names = await new Promise<string[]>((resolve, reject) => {
      const request = get(running.sandbox.url, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.rawHeaders.filter((_value, index) => index % 2 === 0));
      });
      request.once('error', reject);
    });
    expect(names.map((name) => name.toLowerCase())).toEqual(
      expect.arrayContaining(['x-amzn-requestid', 'x-amzn-errortype', 'x-amzn-errormessage']),
    );
  });

  it('lists the alternatives to an unknown request', async () => {
    const response = await post('ListUsers', '{}');
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException:');
    const { message } = JSON.parse(await response.text());
    expect(message).toMatch(
      /^The Cognito sandbox does not have ListUsers\. It has AdminConfirmSignUp, .*VerifyUserAttribute\.$/,
    );
    expect(await (await post(undefined, '{}')).json()).toMatchObject({ __type: 'UnknownOperationException' });
    expect(await (await post('toString', '{}')).json()).toMatchObject({ __type: 'UnknownOperationException' });
  });

  it.each(['', '{', '[]', '"x"', '{"AccessToken":5}', '{"AccessToken":null}'])('survives the body %s', async (body) => {
    const response = await post('GetUser', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      __type: expect.stringMatching(/^(SerializationException|InvalidParameterException)$/),
    });
  });

  it('reports a missing member in Cognito’s words', async () => {
    expect(await (await post('GetUser', '')).json()).toEqual({
      __type: 'InvalidParameterException',
      message:
        "1 validation error detected: Value null at 'accessToken' failed to satisfy constraint: Member must not be null",
    });
  });

  it('serves the keys of existing pools only', async () => {
    const { userPoolId } = await running.sandbox.createUser();
    const jwks = await fetch(`${running.sandbox.url}/${userPoolId}/.well-known/jwks.json`);
    expect(await jwks.json()).toEqual({
      keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: expect.any(String), n: expect.any(String), e: 'AQAB' }],
    });
    expect((await fetch(`${running.sandbox.url}/other/.well-known/jwks.json`)).status).toBe(404);
  });
});

describe('the observed calls', () => {
  it('are listed in order, with the SDK’s retry headers, and without secrets', async () => {
    const user = await running.sandbox.createUser();
    running.sandbox.clearCalls();
    const code = await running.sendAndRead(user);
    await running.verify(user, code);
    await post('GetUser', JSON.stringify({ AccessToken: user.accessToken }), { 'amz-sdk-invocation-id': 'one-call' });
    const calls = running.sandbox.calls();
    expect(calls.map(({ operation, outcome }) => [operation, outcome])).toEqual([
      ['GetUserAttributeVerificationCode', 'ok'],
      ['VerifyUserAttribute', 'ok'],
      ['GetUser', 'ok'],
    ]);
    expect(calls[0]).toEqual({
      at: running.sandbox.now().toISOString(),
      service: 'cognito-idp',
      operation: 'GetUserAttributeVerificationCode',
      username: user.username,
      requestId: expect.stringMatching(UUID),
      sdkInvocationId: expect.stringMatching(UUID),
      outcome: 'ok',
      effect: 'ok',
    });
    expect(calls[2]?.sdkInvocationId).toBe('one-call');
    const listed = JSON.stringify(calls);
    expect(listed).not.toContain(user.accessToken);
    expect(listed).not.toContain(user.accessToken.split('.')[2]);
    expect(listed).not.toContain(code);
    expect(running.sandbox.calls({ operation: 'GetUser', username: user.username })).toHaveLength(1);
    expect(running.sandbox.calls({ username: 'somebody' })).toEqual([]);
  });
});
