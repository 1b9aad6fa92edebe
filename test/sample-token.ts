/** An access token like Cognito's, and variants of it; all are unsigned. */
import { REQUIRED_SCOPE } from '@cognito-verification/contract';

export const SUB = '6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b';

export const CLAIMS = {
  sub: SUB,
  iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC123xyz',
  token_use: 'access',
  scope: REQUIRED_SCOPE,
  exp: 1_800_000_000,
};

export const base64Url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8').toString('base64url');

export const tokenOf = (claims: unknown): string => `${base64Url({ alg: 'RS256' })}.${base64Url(claims)}.c2ln`;

export const TOKEN = tokenOf(CLAIMS);

/** The error that a call throws. */
export function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('It was expected to be refused');
}
