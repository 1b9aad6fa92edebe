import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetUserCommand, VerifyUserAttributeCommand } from '@aws-sdk/client-cognito-identity-provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxOptions, type SandboxUser, startSandbox } from '../../sandbox/index.js';
import { HOUR, NOON, refusal, sdkFor } from './running-sandbox.js';

let folder: string;
let stateFile: string;
let sandbox: Sandbox;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cognito-sandbox-'));
  stateFile = join(folder, 'sandbox.json');
  sandbox = await start();
});

afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

function start(options: SandboxOptions = {}): Promise<Sandbox> {
  return startSandbox({ stateFile, clock: () => NOON, ...options });
}

async function restart(): Promise<void> {
  const { port } = new URL(sandbox.url);
  await sandbox.close();
  sandbox = await start({ port: Number(port) });
}

function getUser({ accessToken: AccessToken }: SandboxUser) {
  return sdkFor(sandbox).send(new GetUserCommand({ AccessToken }));
}

function post(operation: string, body: object): Promise<Response> {
  const headers = { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}` };
  return fetch(sandbox.url, { method: 'POST', headers, body: JSON.stringify(body) });
}

function askForCode({ accessToken: AccessToken }: SandboxUser): Promise<Response> {
  return post('GetUserAttributeVerificationCode', { AccessToken, AttributeName: 'email' });
}

describe('a state file', () => {
  it('keeps keys, pools, users, codes, inbox and limits', async () => {
    const user = await sandbox.createUser();
    for (let count = 1; count <= 5; count += 1) await askForCode(user);
    const inbox = sandbox.inbox();
    await restart();
    expect(sandbox.inbox()).toEqual(inbox);
    expect(await (await askForCode(user)).json()).toMatchObject({ __type: 'LimitExceededException' });
    const { accessToken: AccessToken } = user;
    const Code = sandbox.codeFor(user, 'email');
    await sdkFor(sandbox).send(new VerifyUserAttributeCommand({ AccessToken, AttributeName: 'email', Code }));
    await restart();
    expect(sandbox.attribute(user, 'email').verified).toBe(true);
    const { ClientId, AuthParameters } = {
      ClientId: user.clientId,
      AuthParameters: { USERNAME: user.username, PASSWORD: user.password },
    };
    const signedIn = await post('InitiateAuth', { AuthFlow: 'USER_PASSWORD_AUTH', ClientId, AuthParameters });
    expect(signedIn.status).toBe(200);
  });

  it('keeps revocation and the clock', async () => {
    const user = await sandbox.createUser();
    sandbox.advanceClock(HOUR);
    const late = { ...user, accessToken: await sandbox.issueAccessToken(user) };
    const now = sandbox.now();
    await restart();
    expect(sandbox.now()).toEqual(now);
    expect((await refusal(getUser(user))).message).toBe('Access Token has expired');
    await getUser(late);
    sandbox.revokeTokens(user);
    await restart();
    expect((await refusal(getUser(late))).message).toBe('Access Token has been revoked');
  });

  it('holds every effect before the answer leaves', async () => {
    const user = await sandbox.createUser();
    await Promise.all([askForCode(user), askForCode(user), askForCode(user)]);
    // Finds what a second sandbox would find if the first were killed now.
    const second = await start();
    expect(second.inbox()).toEqual(sandbox.inbox());
    expect(second.inbox()).toHaveLength(3);
    await second.close();
  });

  it('is written atomically, and only its owner can read it', async () => {
    await sandbox.createUser();
    expect(JSON.parse(await readFile(stateFile, 'utf8'))).toMatchObject({ format: 1 });
    expect((await stat(stateFile)).mode & 0o077).toBe(0);
    expect(await readdir(folder)).toEqual(['sandbox.json']);
  });

  it('is not written through what somebody else has put in its way', async () => {
    const victim = join(folder, 'of-the-victim');
    await writeFile(victim, 'precious');
    await symlink(victim, `${stateFile}.next`);
    await sandbox.createUser();
    expect(await readFile(victim, 'utf8')).toBe('precious');
    await writeFile(`${stateFile}.next`, 'open to all', { mode: 0o666 });
    await chmod(`${stateFile}.next`, 0o666);
    await sandbox.createUser();
    expect((await lstat(stateFile)).mode & 0o777).toBe(0o600);
  });

  it('holds no password', async () => {
    const { password } = await sandbox.createUser();
    expect(await readFile(stateFile, 'utf8')).not.toContain(password);
  });

  it.each(['{"format":2}', 'no JSON', ''])('with the contents %j is refused by name', async (content) => {
    const otherFile = join(folder, 'other.json');
    await writeFile(otherFile, content);
    await expect(startSandbox({ stateFile: otherFile })).rejects.toThrow(
      `The sandbox state in ${otherFile} cannot be read`,
    );
    expect(await readFile(otherFile, 'utf8')).toBe(content);
  });
});
