import { cognitoEndpoint } from '@cognito-verification/codec';
import { expect, it } from 'vitest';
import { plainTransports } from '../../worker/plain-transport.js';

const warnings = (address: string, tls: true | undefined, environment: Record<string, string> = {}) =>
  plainTransports({ address, security: tls ? { tls } : {} }, cognitoEndpoint(environment));

it.each(['localhost:7233', '127.0.0.1:7233', '[::1]:7233', 'localhost'])('Temporal at %s needs no TLS', (address) => {
  expect(warnings(address, undefined)).toEqual([]);
});

it.each(['temporal.example.com:7233', '10.0.0.7:7233', '[2001:db8::1]:7233', 'temporal'])(
  'Temporal at %s without TLS causes a warning',
  (address) => {
    expect(warnings(address, undefined)).toEqual([expect.stringContaining(`${address} has no TLS`)]);
    expect(warnings(address, true)).toEqual([]);
  },
);

it.each([
  ['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER', 'http://cognito.example.com:9320/x?key=canary'],
  ['AWS_ENDPOINT_URL', 'http://user:canary@10.0.0.7'],
])('%s=%s causes a warning', (name, url) => {
  const [warning, ...more] = warnings('localhost:7233', undefined, { [name]: url });
  expect(more).toEqual([]);
  expect(warning).toContain(`${name}: Calls to Cognito at ${new URL(url).origin} have no TLS`);
  expect(warning).not.toContain('canary');
});

it.each(['http://127.0.0.1:9320', 'http://localhost:9320', 'http://[::1]:9320', 'https://cognito.example.com'])(
  'Cognito at %s causes none',
  (url) => {
    expect(warnings('localhost:7233', undefined, { AWS_ENDPOINT_URL: url })).toEqual([]);
  },
);
