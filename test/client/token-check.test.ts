/** The client's own check of access tokens, against the Cognito sandbox and against what may answer in its place. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import {
  type ServedUserPool,
  VerificationClient,
  VerificationError,
  workflowIdFor,
} from '@cognito-verification/client';
import { Client } from '@temporalio/client';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';
import { sdkFor } from '../sandbox/running-sandbox.js';
import { newSigner } from './fixtures.js';

const REACHED = 'reached Temporal';

/** Stands for Temporal: a call that gets here has passed every check. */
const temporal = new Proxy<Client>(Object.create(Client.prototype) as Client, {
  get: (_target, name) => {
    if (name === 'options') return { namespace: 'default' };
    throw new Error(REACHED);
  },
});

const clientFor = (...userPools: ServedUserPool[]) =>
  new VerificationClient({ client: temporal, sealedElsewhere: true, userPools });

/** The code of the error, or that the call went on to Temporal. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  return error instanceof VerificationError ? error.code : String(error).replace('Error: ', '');
}

const start = async (client: VerificationClient, accessToken: string) =>
  await outcomeOf(client.start({ accessToken, attributeName: 'email' }));

let folder: string;
let sandbox: Sandbox;
let user: SandboxUser;
let pool: ServedUserPool;

const stateFile = () => join(folder, 'sandbox');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'token-check-'));
  sandbox = await startSandbox({ stateFile: stateFile() });
  user = await sandbox.createUser();
  pool = { userPoolId: user.userPoolId, endpoint: sandbox.url };
});
afterAll(async () => {
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the sandbox again where it was. */
async function comeBack(): Promise<void> {
  sandbox = await startSandbox({ stateFile: stateFile(), port: Number(new URL(sandbox.url).port) });
}

/** Gives the pools another signing key, as AWS may at any time. */
async function rotateKey(): Promise<void> {
  await sandbox.close();
  const state = JSON.parse(await readFile(stateFile(), 'utf8')) as Record<string, unknown>;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  state['signingKey'] = { kid: randomUUID(), privateJwk: await exportJWK(privateKey) };
  await writeFile(stateFile(), JSON.stringify(state));
  await comeBack();
}

/** The token with other claims, under the same signature. */
function altered(token: string, claims: Record<string, unknown>): string {
  const [header, payload = '', signature] = token.split('.');
  const changed = { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), ...claims };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

/** The token under a header that names another key. */
function under(kid: string, token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url');
  return [header, ...token.split('.').slice(1)].join('.');
}

describe('a token of the sandbox', () => {
  it('is accepted, by each method that takes one', async () => {
    const client = clientFor(pool);
    const id = workflowIdFor({ ...user, attributeName: 'email' });
    const { accessToken } = user;
    expect(await start(client, accessToken)).toBe(REACHED);
    expect(await outcomeOf(client.renewAccessToken(id, { accessToken }))).toBe(REACHED);
    expect(await outcomeOf(client.resendCode(id, { accessToken }))).toBe(REACHED);
    expect(await outcomeOf(client.submitCode(id, { code: '123456', accessToken }))).toBe(REACHED);
  });

  it.each<[string, () => Promise<string> | string]>([
    ['forged', () => sandbox.issueAccessToken(user, { forged: true })],
    ['changed', () => altered(user.accessToken, { username: 'root' })],
    ['prolonged', () => altered(user.accessToken, { exp: 4_000_000_000 })],
    ['of another user by its claims', () => altered(user.accessToken, { sub: randomUUID() })],
    ['without a signature', () => `${user.accessToken.split('.').slice(0, 2).join('.')}.`],
    [
      'signed with nothing, and saying so',
      () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${user.accessToken.split('.')[1]}.c2ln`,
    ],
    ['of another pool', async () => (await sandbox.createUser()).accessToken],
    ['for identification', async () => (await signIn(user)).IdToken ?? ''],
  ])('is refused by each method if it is %s', async (_how, make) => {
    const client = clientFor(pool);
    const accessToken = await make();
    const id = workflowIdFor({ ...user, attributeName: 'email' });
    expect(await start(client, accessToken)).toBe('AccessTokenRefused');
    expect(await outcomeOf(client.renewAccessToken(id, { accessToken }))).toBe('AccessTokenRefused');
    expect(await outcomeOf(client.resendCode(id, { accessToken }))).toBe('AccessTokenRefused');
    expect(await outcomeOf(client.submitCode(id, { code: '123456', accessToken }))).toBe('AccessTokenRefused');
  });

  it('is refused once it has expired', async () => {
    const accessToken = await sandbox.issueAccessToken(user, { expiresInSeconds: 1 });
    await expect.poll(async () => await start(clientFor(pool), accessToken)).toBe('AccessTokenRefused');
    await expect(clientFor(pool).start({ accessToken, attributeName: 'email' })).rejects.toThrow(
      /^accessToken has expired at \d{4}-\d\d-\d\dT[\d:.]+Z; bring a fresh one\.$/,
    );
  });

  it('is of an app client that counts, where the pool names some', async () => {
    const [named, other] = [
      { ...pool, clientIds: [user.clientId] },
      { ...pool, clientIds: ['another'] },
    ];
    expect(await start(clientFor(named), user.accessToken)).toBe(REACHED);
    expect(await start(clientFor(other), user.accessToken)).toBe('AccessTokenRefused');
  });

  async function signIn({ clientId, username, password }: SandboxUser) {
    const sdk = sdkFor(sandbox);
    const AuthParameters = { USERNAME: username, PASSWORD: password };
    const { AuthenticationResult } = await sdk.send(
      new InitiateAuthCommand({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId: clientId, AuthParameters }),
    );
    sdk.destroy();
    return AuthenticationResult ?? {};
  }
});

describe('the keys of the pool', () => {
  it('are kept while its endpoint is away, and a token with another key waits for it', async () => {
    const client = clientFor(pool);
    expect(await start(client, user.accessToken)).toBe(REACHED);
    const stranger = await (await newSigner('another-key')).token({ iss: `${sandbox.url}/${user.userPoolId}` });
    await sandbox.close();
    expect(await start(client, user.accessToken)).toBe(REACHED);
    expect(await start(client, stranger)).toBe('KeysUnavailable');
    await comeBack();
    expect(await start(client, stranger)).toBe('AccessTokenRefused');
  });

  it('that were never had let nothing through, and are fetched as soon as that works', async () => {
    const client = clientFor(pool);
    await sandbox.close();
    expect(await start(client, user.accessToken)).toBe('KeysUnavailable');
    await expect(client.start({ accessToken: user.accessToken, attributeName: 'email' })).rejects.toThrow(
      /^No access token can be checked now: the public keys at http.*jwks\.json cannot be had \(ECONNREFUSED\)\. .*AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER/,
    );
    await comeBack();
    expect(await start(client, user.accessToken)).toBe(REACHED);
  });

  it('are fetched again when a token names a new one, and those that are gone count no more', async () => {
    const client = clientFor(pool);
    expect(await start(client, user.accessToken)).toBe(REACHED);
    await rotateKey();
    const fresh = await sandbox.issueAccessToken(user);
    expect(await start(client, fresh)).toBe(REACHED);
    expect(await start(client, user.accessToken)).toBe('AccessTokenRefused');
    user = { ...user, accessToken: fresh };
  });
});

describe('an endpoint of a pool', () => {
  let server: Server;
  let asked: number;

  async function answering(listener: RequestListener): Promise<ServedUserPool> {
    asked = 0;
    server = createServer((request, response) => {
      asked += 1;
      listener(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    return {
      userPoolId: 'eu-west-1_pool',
      endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`,
    };
  }
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it.each<[string, RequestListener]>([
    ['a page', (_request, response) => response.end('<html>Sign in to the network</html>')],
    ['a redirect', (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['an error', (_request, response) => response.writeHead(503).end()],
    ['no key set', (_request, response) => response.end('{"keys": "none"}')],
    ['a megabyte', (_request, response) => response.end(JSON.stringify({ keys: [], more: 'x'.repeat(2 ** 20) }))],
    ['a broken line', (request) => request.socket.destroy()],
  ])('that answers with %s makes no key known', async (_what, listener) => {
    const client = clientFor(await answering(listener));
    expect(await start(client, await (await newSigner('key')).token())).toBe('KeysUnavailable');
  });

  it('is not asked for each forged token, and the good ones go through meanwhile', async () => {
    const signer = await newSigner('key');
    const client = clientFor(await answering((_request, response) => response.end(JSON.stringify(signer.keySet))));
    expect(await start(client, await signer.token())).toBe(REACHED);
    for (let count = 0; count < 30; count++) {
      expect(await start(client, under(`forged-${count}`, await signer.token()))).not.toBe(REACHED);
    }
    expect(asked).toBe(2);
    expect(await start(client, await signer.token())).toBe(REACHED);
  });

  it.each<[string, Record<string, unknown>]>([
    ['does not say what it is for', { token_use: undefined }],
    ['does not say when it expires', { exp: undefined }],
  ])('signs a token that %s: it is refused', async (_what, claims) => {
    const signer = await newSigner('key');
    const client = clientFor(await answering((_request, response) => response.end(JSON.stringify(signer.keySet))));
    expect(await start(client, await signer.token(claims))).toBe('AccessTokenRefused');
  });
});

describe('keys in a file', () => {
  const REGION = 'https://cognito-idp.eu-west-1.amazonaws.com';

  async function fileOf(keys: Record<string, unknown>): Promise<string> {
    // A name that a URL would read as something else.
    const file = join(folder, `keys #${randomUUID()}%20?.json`);
    await writeFile(file, JSON.stringify(keys));
    return file;
  }

  it.each([
    ['eu-west-1_pool', `${REGION}/eu-west-1_pool`, REACHED],
    ['eu-west-1_pool', 'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool', REACHED],
    ['cn-north-1_pool', 'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_pool', REACHED],
    ['eusc-de-east-1_pool', 'https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_pool', REACHED],
    ['eu-west-1_pool', 'http://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool', 'AccessTokenRefused'],
    ['eu-west-1_pool', 'https://cognito-idp.eu-west-2.amazonaws.com/eu-west-1_pool', 'AccessTokenRefused'],
    ['eu-west-1_pool', 'https://cognito-idp.example.com/eu-west-1_pool', 'AccessTokenRefused'],
  ])('check a token of %s from %s: %s', async (userPoolId, iss, expected) => {
    const signer = await newSigner('key');
    const client = clientFor({ userPoolId, keysFile: await fileOf({ [userPoolId]: signer.keySet }) });
    expect(await start(client, await signer.token({ iss }))).toBe(expected);
  });

  it('are those of one pool: the key of another pool in the file signs nothing for it', async () => {
    const [ours, theirs] = [await newSigner('ours'), await newSigner('theirs')];
    const keysFile = await fileOf({ 'eu-west-1_pool': ours.keySet, 'eu-west-1_other': theirs.keySet });
    const client = clientFor({ userPoolId: 'eu-west-1_pool', keysFile }, { userPoolId: 'eu-west-1_other', keysFile });
    expect(await start(client, await ours.token())).toBe(REACHED);
    expect(await start(client, await theirs.token())).toBe('AccessTokenRefused');
    expect(await start(client, await theirs.token({ iss: `${REGION}/eu-west-1_other` }))).toBe(REACHED);
  });

  it('follow a rotation when the file does', async () => {
    const [before, after] = [await newSigner('before'), await newSigner('after')];
    const keysFile = await fileOf({ 'eu-west-1_pool': before.keySet });
    const client = clientFor({ userPoolId: 'eu-west-1_pool', keysFile });
    expect(await start(client, await before.token())).toBe(REACHED);
    await writeFile(keysFile, JSON.stringify({ 'eu-west-1_pool': after.keySet }));
    expect(await start(client, await after.token())).toBe(REACHED);
  });

  it('are unavailable if the file is gone before the first token comes', async () => {
    const client = clientFor({ userPoolId: 'eu-west-1_pool', keysFile: join(folder, 'none') });
    expect(await start(client, await (await newSigner('key')).token())).toBe('KeysUnavailable');
  });
});
