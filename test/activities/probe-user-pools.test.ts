/** What a worker finds out about the endpoints of its user pools before it polls. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type SettingError, USER_POOL_SETTINGS } from '@cognito-verification/codec';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { probeUserPools } from '../../activities/probe-user-pools.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';

const ENDPOINT = 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER';
const SET = [ENDPOINT, 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'];
const POOLS = [{ userPoolId: 'eu-west-1_one' }, { userPoolId: 'eu-west-1_two' }, { userPoolId: 'eu-central-1_three' }];

let sandbox: Sandbox;
let server: Server | undefined;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterEach(() => {
  for (const name of SET) delete process.env[name];
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  sandbox.clearFaults();
  sandbox.clearCalls();
});
afterAll(() => sandbox?.close());

/** The warnings, with the settings of this process. */
async function probe(settings: Record<string, string>): Promise<readonly string[]> {
  Object.assign(process.env, settings);
  const clients = createCognitoClients();
  try {
    return await probeUserPools(clients, POOLS);
  } finally {
    clients.destroy();
  }
}

const problemsOf = async (settings: Record<string, string>) =>
  await probe(settings).then(
    (warnings) => ({ warnings }),
    (error: unknown) => (error as SettingError).problems,
  );

async function listening(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };
const ID = { 'x-amzn-requestid': '6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b' };

describe('Cognito', () => {
  it('is recognized by its refusal, with one call for each endpoint', async () => {
    expect(await probe({ [ENDPOINT]: sandbox.url })).toEqual([]);
    expect(sandbox.calls().map(({ operation }) => operation)).toEqual(['GetUser']);
    delete process.env[ENDPOINT];
    const clients = createCognitoClients({ endpoint: sandbox.url });
    await probeUserPools(clients, POOLS);
    clients.destroy();
    // That of each region, for all this code knows.
    expect(sandbox.calls()).toHaveLength(3);
  });

  it.each(['TooManyRequestsException', 'InternalErrorException', 'ForbiddenException', 'OperationNotEnabledException'])(
    'is recognized by %s too',
    async (name) => {
      sandbox.setFault({ operation: 'GetUser', exception: { name } });
      expect(await probe({ [ENDPOINT]: sandbox.url })).toEqual([]);
    },
  );
});

describe('something else', () => {
  it.each<[string, RequestListener]>([
    ['a login page', (_request, response) => response.end('<html>Sign in to the network</html>')],
    ['a health check', (_request, response) => response.end('OK')],
    ['a fake of a success', (_request, response) => response.writeHead(200, { ...JSON_TYPE, ...ID }).end('{}')],
    ['a redirect', (_request, response) => response.writeHead(301, { location: 'http://127.0.0.1:1' }).end()],
    ['a proxy', (_request, response) => response.writeHead(407).end('<h1>Proxy Authentication Required</h1>')],
    ['a firewall', (_request, response) => response.writeHead(403, JSON_TYPE).end('{"message": "Forbidden"}')],
    [
      'another service of AWS',
      (_request, response) => response.writeHead(400, ID).end('{"__type": "UnknownOperationException"}'),
    ],
    [
      "Cognito's words without a request id",
      (_request, response) => response.writeHead(400, JSON_TYPE).end('{"__type": "NotAuthorizedException"}'),
    ],
  ])('%s stops the worker with the name of the setting', async (_what, listener) => {
    const url = await listening(listener);
    const problem = { name: ENDPOINT, found: expect.stringMatching(/^"http.*where something other than Cognito/) };
    expect(await problemsOf({ [ENDPOINT]: url })).toMatchObject([problem]);
  });
});

describe('no endpoint', () => {
  it.each([
    ['AWS_USE_FIPS_ENDPOINT', { AWS_USE_FIPS_ENDPOINT: 'true', [ENDPOINT]: 'http://127.0.0.1:1' }],
    ['AWS_USE_DUALSTACK_ENDPOINT', { AWS_USE_DUALSTACK_ENDPOINT: 'true', [ENDPOINT]: 'http://127.0.0.1:1' }],
  ])('follows from %s: that stops the worker', async (name, settings) => {
    const problem = { name, found: expect.stringContaining('which leads to no endpoint') };
    expect(await problemsOf(settings)).toMatchObject([problem]);
  });

  it('follows from a URL that is none, which needs no try', async () => {
    expect(await problemsOf({ [ENDPOINT]: 'http://a b' })).toMatchObject([{ name: ENDPOINT, found: '"http://a b"' }]);
  });

  it('is named by the pool where no setting of the AWS SDK is to blame', async () => {
    const clients = createCognitoClients();
    const nowhere = [{ userPoolId: 'x' }];
    const broken = { ...clients, forUserPool: () => createCognitoClients({ region: 'not_a region' }).forUserPool('x') };
    await expect(probeUserPools(broken, nowhere)).rejects.toMatchObject({
      problems: [{ name: USER_POOL_SETTINGS.pools, found: expect.stringContaining('Region not accepted') }],
    });
    clients.destroy();
  });
});

describe('no answer', () => {
  it('only warns if nobody listens', async () => {
    const warnings = await probe({ [ENDPOINT]: 'http://127.0.0.1:1' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^http:\/\/127\.0\.0\.1:1 .*gives no answer for user pool eu-west-1_one \(ECONNREFUSED\)/,
    );
  });

  it.each([502, 503, 504])('only warns if a gateway says HTTP %i, since an outage ends', async (status) => {
    const url = await listening((_request, response) => response.writeHead(status).end('<h1>Bad Gateway</h1>'));
    expect(await probe({ [ENDPOINT]: url })).toEqual([expect.stringContaining(`(HTTP ${status}, `)]);
  });

  it('only warns if the line breaks, and is waited for three seconds, for all pools at once', async () => {
    const broken = await listening((request) => request.socket.destroy());
    expect(await probe({ [ENDPOINT]: broken })).toEqual([expect.stringContaining('gives no answer')]);
    server?.close();
    const silent = await listening(() => undefined);
    delete process.env[ENDPOINT];
    const clients = createCognitoClients({ endpoint: silent });
    const began = performance.now();
    const said = expect.stringContaining('no answer within');
    expect(await probeUserPools(clients, POOLS)).toEqual([said, said]);
    clients.destroy();
    expect(performance.now() - began).toBeLessThan(5_500);
  });
});
