import type { UserVerifications } from '@cognito-verification/client';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

const CLAIMS = {
  sub: '2f0e',
  iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool',
  token_use: 'access',
  scope: 'aws.cognito.signin.user.admin',
  exp: 4_000_000_000,
};

/** An unsigned access token with Cognito's claims. Code that decodes tokens without checking them accepts it. */
export function accessToken(claims: Record<string, unknown> = {}): string {
  const parts = [{ alg: 'RS256' }, { ...CLAIMS, ...claims }];
  return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'c2lnbmF0dXJl'].join('.');
}

/** The reason of a rejected promise; fails if the promise resolves. */
export async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown, but answered: ${JSON.stringify(answer)}`);
}

/** A value that a caller without types, or a JSON parser, may pass. */
export function untyped(value: unknown): never {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is the point
  return value as never;
}

/** Signs access tokens like a user pool of Amazon Cognito. */
export interface Signer {
  /** What the pool would publish. */
  keySet: { keys: JWK[] };
  token(claims?: Record<string, unknown>): Promise<string>;
}

/** A key pair of a user pool. */
export async function newSigner(kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  return {
    keySet: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] },
    token: (claims = {}) =>
      new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey),
  };
}

/** Every method but `start`, on the given run. */
export const CALLS_OF_A_USER: Record<string, (user: UserVerifications, run?: string) => Promise<unknown>> = {
  status: (user, run) => user.status('email', { run }),
  submitCode: (user, run) => user.submitCode('email', '123456', { run }),
  resendCode: (user, run) => user.resendCode('email', {}, { run }),
  renewAccessToken: (user, run) => user.renewAccessToken('email', { run }),
  confirm: (user, run) => user.confirm('email', {}, { run }),
  cancel: (user, run) => user.cancel('email', { run }),
  wait: (user, run) => user.wait('email', { run, timeout: '1 second' }),
};

/** What each call says: the code of its error, or the state. */
export async function toldBy(user: UserVerifications, run: string): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const [name, call] of Object.entries(CALLS_OF_A_USER)) {
    told[name] = await call(user, run).then(
      (answer) => {
        const { state, outcome } = Object(answer) as { state?: string; outcome?: string };
        return state ?? outcome ?? 'no error';
      },
      (error: unknown) => String((error as { code?: string }).code),
    );
  }
  return told;
}
