import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { collect, useRig } from '../rig.js';

/**
 * An endpoint like other Cognito emulators: it answers a send with `{}`, knows only three operations, tells neither the
 * user's `sub` nor a flag that was never set, sends no `x-amzn-ErrorType`, issues tokens from `http://localhost:PORT/POOL`, and
 * publishes no keys. Some send no request id either.
 */
const CODE = '246813';
const phone = { Name: 'phone_number', Value: '+15555550123' };
let flag: { Name: string; Value: string }[] = [];
let requestId: string | undefined;
const endpoint = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    const { Code } = JSON.parse(body) as { Code?: string };
    const [status, answer] =
      operation === 'GetUserAttributeVerificationCode'
        ? [200, {}]
        : operation === 'GetUser'
          ? [200, { Username: 'zoe', UserAttributes: [phone, ...flag] }]
          : operation !== 'VerifyUserAttribute'
            ? [400, { __type: 'UnknownOperationException', message: `${operation} is not supported` }]
            : Code === CODE
              ? [200, {}]
              : [400, { __type: 'CodeMismatchException', message: 'Incorrect confirmation code' }];
    if (operation === 'VerifyUserAttribute' && status === 200)
      flag = [{ Name: 'phone_number_verified', Value: 'true' }];
    if (requestId !== undefined) response.setHeader('x-amzn-requestid', requestId);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks = await collect<Buffer>(request);
  return Buffer.concat(chunks).toString();
}

let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    endpoint.listen(0, '127.0.0.1', resolve);
  });
  url = `http://localhost:${(endpoint.address() as AddressInfo).port}`;
});
const rig = useRig('local', {
  cognito: () => createCognitoClients({ endpoint: url.replace('localhost', '127.0.0.1') }),
});
afterAll(() => {
  endpoint.closeAllConnections();
  endpoint.close();
});

async function tokenOf(sub: string): Promise<string> {
  // A pool that the worker of the rig serves.
  const { userPoolId } = await rig.user();
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { iss: `${url}/${userPoolId}`, sub, token_use: 'access', exp: Date.now() / 1000 + 3600 };
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`;
}

it('verifies against an endpoint that answers a send with {} and issues its own tokens', async () => {
  requestId = randomUUID();
  const accessToken = await tokenOf('a1b2-c3');
  const { workflowId, status } = await rig.unchecked.start({ accessToken, attributeName: 'phone_number' });
  expect(workflowId).toMatch(/^verify\/[\w-]+\/a1b2-c3\/phone_number$/);
  expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: false, sends: [{ outcome: 'sent' }] });
  expect(await rig.unchecked.submitCode(workflowId, { code: '000000' })).toMatchObject({ result: 'mismatch' });
  expect(await rig.unchecked.submitCode(workflowId, { code: CODE })).toMatchObject({ result: 'verified' });
  expect(await rig.unchecked.wait(workflowId)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
});

it('takes nothing that an endpoint without request ids accepts: no send, no look, no code', async () => {
  requestId = undefined;
  const accessToken = await tokenOf('a1b2-c4');
  const { workflowId, status } = await rig.unchecked.start({ accessToken, attributeName: 'phone_number' });
  expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: true, sends: [{ outcome: 'uncertain' }] });
  const submitted = rig.unchecked.submitCode(workflowId, { code: CODE });
  await expect(submitted).rejects.toMatchObject({ code: 'CognitoUnavailable' });
  expect((await rig.unchecked.status(workflowId)).state).toBe('awaitingCode');
  await rig.unchecked.cancel(workflowId);
});
