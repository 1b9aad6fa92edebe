/** What counts as an answer of Cognito, at a server that answers with anything. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CognitoIdentityProviderClient,
  GetUserCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CognitoRefusal, ForeignAnswer, plainWord } from '../../activities/cognito-answer.js';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import { createActivities } from '../../activities/create-activities.js';
import { failureName, readFailure } from '../../activities/failures.js';
import { CLAIMS, SUB, tokenOf } from '../sample-token.js';

interface Raw {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const USER_POOL_ID = 'eu-central-1_AbC123xyz';
const TOKEN = tokenOf({ ...CLAIMS, exp: Date.now() / 1000 + 3600 });
const CODE = '482913';
const ID = { 'x-amzn-requestid': 'f3b1c2d4-0000-4000-8000-00000000abcd' };
const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };
const HTML = { 'content-type': 'text/html; charset=utf-8' };

let answer: (response: ServerResponse) => void;
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => answer(response));
});
let clients: CognitoClients;
let bare: CognitoIdentityProviderClient;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  clients = createCognitoClients({ endpoint });
  bare = new CognitoIdentityProviderClient({ endpoint, region: 'eu-central-1', maxAttempts: 1 });
});
afterAll(() => {
  clients.destroy();
  bare.destroy();
  server.closeAllConnections();
  server.close();
});

function answerWith({ status, headers = {}, body = '' }: Raw): void {
  answer = (response) => {
    response.statusCode = status;
    response.setHeaders(new Map(Object.entries(headers)));
    response.end(Buffer.from(body));
  };
}

function verify(client: CognitoIdentityProviderClient): Promise<unknown> {
  return client.send(new VerifyUserAttributeCommand({ AccessToken: TOKEN, AttributeName: 'email', Code: CODE }));
}

async function thrownBy(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => 'accepted',
    (error: unknown) => error,
  );
}

const checked = () => thrownBy(verify(clients.forUserPool(USER_POOL_ID)));

describe('an answer that accepts a call', () => {
  it.each<[string, Raw]>([
    ["Cognito's own", { status: 200, headers: { ...JSON_TYPE, ...ID }, body: '{}' }],
    [
      'with plain JSON',
      { status: 200, headers: { 'content-type': 'application/json; charset=utf-8', ...ID }, body: '{}' },
    ],
  ])('%s', async (_name, raw) => {
    answerWith(raw);
    expect(await checked()).toBe('accepted');
  });

  it('is read whole, up to the limits of a user with all attributes', async () => {
    const UserAttributes = Array.from({ length: 75 }, (_, at) => ({
      Name: `custom:${at}`,
      Value: '\u{1f511}'.repeat(1024),
    }));
    const body = JSON.stringify({ Username: 'zoe', UserAttributes });
    answerWith({ status: 200, headers: { ...JSON_TYPE, ...ID }, body });
    const command = new GetUserCommand({ AccessToken: TOKEN });
    expect(await clients.forUserPool(USER_POOL_ID).send(command)).toMatchObject({ UserAttributes });
  });
});

/** To the AWS SDK alone these are successes, or refusals for good. */
describe('an answer of something in between: nothing is known', () => {
  it.each<[string, Raw, 'accepted' | 'refused']>([
    ['a challenge of a firewall', { status: 202, headers: { 'x-amzn-waf-action': 'challenge' } }, 'accepted'],
    ['a status of success without a body', { status: 204, headers: ID }, 'accepted'],
    ['a health check', { status: 200, body: 'OK', headers: { 'content-type': 'text/plain' } }, 'refused'],
    ['no body', { status: 200, headers: { ...JSON_TYPE, ...ID } }, 'accepted'],
    ['JSON without a request id', { status: 200, headers: JSON_TYPE, body: '{}' }, 'accepted'],
    [
      'a request id of no known form',
      { status: 200, headers: { ...JSON_TYPE, 'x-amzn-requestid': '' }, body: '{}' },
      'accepted',
    ],
    [
      "another service's request id",
      { status: 200, headers: { ...JSON_TYPE, 'x-amz-request-id': 'f3b1c2d4-0000-4000' }, body: '{}' },
      'accepted',
    ],
    ['a content type that is not JSON', { status: 200, headers: { ...HTML, ...ID }, body: '{}' }, 'accepted'],
    ['JSON that is no object', { status: 200, headers: { ...JSON_TYPE, ...ID }, body: '[]' }, 'accepted'],
    [
      'an exception with the status of success',
      { status: 200, headers: { ...JSON_TYPE, ...ID, 'x-amzn-errortype': 'CodeMismatchException' }, body: '{}' },
      'accepted',
    ],
    ['another status of success', { status: 201, headers: { ...JSON_TYPE, ...ID }, body: '{}' }, 'accepted'],
    ['a redirect to a login', { status: 302, headers: { location: 'https://login.example/' } }, 'refused'],
    ['not modified', { status: 304 }, 'refused'],
    ['a time-out of a proxy', { status: 408, headers: HTML, body: '<h1>Request Time-out</h1>' }, 'refused'],
    ['a page of a load balancer', { status: 503, headers: HTML, body: '<h1>503</h1>' }, 'refused'],
    [
      'a limit of a gateway',
      { status: 429, headers: JSON_TYPE, body: '{"message":"API rate limit exceeded"}' },
      'refused',
    ],
    [
      'the code of a gateway',
      { status: 401, headers: JSON_TYPE, body: '{"code":"Unauthorized","message":"No"}' },
      'refused',
    ],
    ['a name that is no word', { status: 400, headers: JSON_TYPE, body: '{"__type":"not a word"}' }, 'refused'],
    ['a name that is no text', { status: 400, headers: JSON_TYPE, body: '{"__type":{"a":1}}' }, 'refused'],
    [
      'a claim that nothing was sent',
      { status: 400, headers: JSON_TYPE, body: '{"code":"ECONNREFUSED","syscall":"connect"}' },
      'refused',
    ],
    ['a status that nobody uses', { status: 999 }, 'refused'],
  ])('%s', async (_name, raw, alone) => {
    answerWith(raw);
    const error = await checked();
    expect(error).toBeInstanceOf(ForeignAnswer);
    expect((error as Error).message).toContain(`HTTP ${raw.status}`);
    expect((error as Error).message).not.toContain(raw.body || 'location');
    expect(readFailure(error)).toMatchObject({ send: 'uncertain', attempt: 'uncertain' });
    const withoutTheCheck = await thrownBy(verify(bare));
    expect(withoutTheCheck === 'accepted' ? 'accepted' : 'refused').toBe(alone);
  });

  it('says in words what answered, and never what it said', async () => {
    answerWith({ status: 202, headers: HTML, body: `<p>${TOKEN}</p>` });
    expect((await checked()) as Error).toMatchObject({
      message: 'Something that is not Cognito answered: HTTP 202, text/html, without x-amzn-requestid',
    });
    answerWith({ status: 204, headers: ID });
    expect((await checked()) as Error).toMatchObject({
      message: 'Something that is not Cognito answered: HTTP 204, no content type, with x-amzn-requestid',
    });
    answerWith({ status: 202, headers: { 'content-type': `text/${TOKEN}` } });
    expect(((await checked()) as Error).message).toContain('an unreadable content type');
  });
});

describe('a refusal by Cognito', () => {
  it.each<[string, Raw, string, string | undefined]>([
    [
      'as Cognito refuses',
      {
        status: 400,
        headers: { ...JSON_TYPE, ...ID, 'x-amzn-errortype': 'CodeMismatchException:' },
        body: '{"__type":"CodeMismatchException","message":"Wrong"}',
      },
      'CodeMismatchException',
      ID['x-amzn-requestid'],
    ],
    [
      'by the header alone',
      { status: 400, headers: { 'x-amzn-errortype': 'CodeMismatchException:http://internal.amazon.com/' } },
      'CodeMismatchException',
      undefined,
    ],
    [
      'by the body alone, as other endpoints do',
      { status: 400, headers: JSON_TYPE, body: '{"__type":"com.amazonaws.cognito#CodeMismatchException"}' },
      'CodeMismatchException',
      undefined,
    ],
    ['without a name', { status: 404, headers: ID }, 'HTTP 404', ID['x-amzn-requestid']],
    [
      'under the name of a token',
      { status: 400, headers: { ...ID, 'x-amzn-errortype': TOKEN } },
      'HTTP 400',
      ID['x-amzn-requestid'],
    ],
    [
      'with fields that an error has',
      {
        status: 400,
        headers: JSON_TYPE,
        body: JSON.stringify({
          __type: 'NewException',
          name: TOKEN,
          code: TOKEN,
          syscall: 'connect',
          $fault: 'server',
          $metadata: { httpStatusCode: 503, requestId: TOKEN },
        }),
      },
      'NewException',
      undefined,
    ],
  ])('%s', async (_name, raw, name, requestId) => {
    answerWith(raw);
    const error = await checked();
    expect(error).toBeInstanceOf(CognitoRefusal);
    expect([failureName(error), (error as CognitoRefusal).requestId]).toEqual([name, requestId]);
    expect(readFailure(error).attempt).toBe(name === 'CodeMismatchException' ? 'mismatch' : 'failed');
  });
});

it('an answer that never ends is given up, and one without measure is not kept', async () => {
  answer = (response) => {
    response.writeHead(200, { ...JSON_TYPE, ...ID });
    response.write('{');
  };
  const started = performance.now();
  const error = await checked();
  expect(performance.now() - started).toBeLessThan(6_000);
  expect([failureName(error), readFailure(error).send]).toEqual(['ETIMEDOUT', 'uncertain']);
  answer = (response) => {
    response.writeHead(200, { ...JSON_TYPE, ...ID });
    const more = () => {
      while (response.write(' '.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };
  expect(await checked()).toBeInstanceOf(ForeignAnswer);
});

describe('what the AWS SDK cannot resolve or build was never sent', () => {
  it.each([
    [{ AWS_USE_FIPS_ENDPOINT: 'true' }, 'AWS_USE_FIPS_ENDPOINT'],
    [{ AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'AWS_USE_DUALSTACK_ENDPOINT'],
    [{ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://[bad' }, 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER'],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:99999' }, 'AWS_ENDPOINT_URL'],
    [{ AWS_REGION: '-' }, 'AWS_REGION'],
    [{ AWS_DEFAULTS_MODE: 'none' }, 'AWS_DEFAULTS_MODE'],
  ])('%j', async (environment, setting) => {
    const endpoint = setting.startsWith('AWS_USE') ? 'http://127.0.0.1:9' : undefined;
    // A worker does not start with some of them, so they come later.
    const unbuildable = createCognitoClients({ endpoint });
    const before = { ...process.env };
    Object.assign(process.env, environment);
    try {
      const error = await thrownBy(verify(unbuildable.forUserPool('local_AbC123xyz')));
      const { send, attempt, remedy } = readFailure(error);
      expect([failureName(error), send, attempt]).toEqual(['RequestNotBuilt', 'unreachable', 'unreachable']);
      expect(remedy).toContain(setting);
      unbuildable.destroy();
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});

/** Anything, and often something that is nearly Cognito's. */
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2_000 }),
  fc.json(),
  fc.constantFrom('', '{}', '[]', 'null', TOKEN, CODE, `\u202e${CODE}\u001b[2J`),
);
const name = fc.oneof(
  anything,
  fc.constantFrom(
    'LimitExceededException',
    'CodeMismatchException',
    'NewException',
    'SlowDown',
    `X${CODE}`,
    `${TOKEN}:`,
  ),
);
const body = fc.oneof(
  anything,
  fc
    .dictionary(fc.constantFrom('__type', 'message', 'Message', 'code', 'name', '$metadata', '$fault', 'syscall'), name)
    .map((fields) => JSON.stringify(fields)),
);
const header = (text: fc.Arbitrary<string>) => text.map((value) => value.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''));
const raw = fc.record({
  status: fc.oneof(fc.integer({ min: 200, max: 999 }), fc.constantFrom(200, 202, 400, 429, 503)),
  headers: fc.record(
    {
      'content-type': fc.oneof(header(anything), fc.constantFrom('application/json', JSON_TYPE['content-type'])),
      'x-amzn-requestid': fc.oneof(header(anything), fc.constant(ID['x-amzn-requestid'])),
      'x-amzn-errortype': header(name),
      'x-amzn-errormessage': header(anything),
    },
    { requiredKeys: [] },
  ),
  body,
});

it('whatever answers: what enters a history is bounded, without secrets, and proves nothing that Cognito did not say', async () => {
  const activities = createActivities(clients, { userPools: [{ userPoolId: USER_POOL_ID }] });
  const call = { userPoolId: USER_POOL_ID, sub: SUB, attributeName: 'email', accessToken: TOKEN } as const;
  const logger = new DefaultLogger('ERROR', () => undefined);
  const run = (operation: 'sendCode' | 'verifyCode' | 'readAttribute') => {
    const environment = new MockActivityEnvironment({ scheduleToCloseTimeoutMs: 60_000 }, { logger });
    const input = { ...call, code: CODE, recordAttribute: false };
    return thrownBy(
      environment.run<[typeof input], unknown, (given: typeof input) => Promise<unknown>>(activities[operation], input),
    );
  };
  await fc.assert(
    fc.asyncProperty(raw, fc.constantFrom('sendCode', 'verifyCode', 'readAttribute'), async (drawn, operation) => {
      answerWith(drawn);
      const thrown = await run(operation);
      if (thrown === 'accepted') {
        expect([drawn.status, drawn.headers['x-amzn-requestid']]).toEqual([200, ID['x-amzn-requestid']]);
        expect(drawn.headers['content-type']).toMatch(/json/);
        return;
      }
      expect(thrown).toBeInstanceOf(ApplicationFailure);
      const { type, message, details, nonRetryable } = thrown as ApplicationFailure;
      expect(type).toSatisfy((text: string) => plainWord(text) !== undefined || /^HTTP \d{3}$/.test(text));
      expect(message.length).toBeLessThan(1_000);
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const [{ failure, requestId }] = details as [{ failure: string; requestId?: string }];
      if (requestId !== undefined) expect(requestId).toMatch(/^[A-Za-z\d-]{16,64}$/);
      const shown = JSON.stringify([type, message, requestId]);
      expect(shown).not.toContain(TOKEN.slice(0, 20));
      if (operation === 'verifyCode') expect(shown).not.toContain(CODE);
      if (type === 'ForeignAnswer') expect(message).toContain('AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER');
      if (type === 'ForeignAnswer')
        expect([failure, nonRetryable]).toEqual(['uncertain', operation !== 'readAttribute']);
    }),
    { numRuns: 300 },
  );
});
