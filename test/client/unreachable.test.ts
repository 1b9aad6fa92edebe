import { expect, it } from 'vitest';
import { splitUnreachable, unreachable } from '../../client/unreachable.js';

it.each([
  ['Failed to connect before the deadline', 'no answer in time'],
  ['connect ECONNREFUSED 127.0.0.1:7233.', 'connect ECONNREFUSED 127.0.0.1:7233'],
])('that the service is not reached is said without a deadline: %s', (words, said) => {
  const { message } = unreachable({ address: 'host:7233', security: {} }, new Error(words));
  expect(message).toMatch(new RegExp(`^Cannot reach the Temporal Service at host:7233 without TLS: ${said}\\. `));
});

const alert = (words: string) =>
  `No connection established. Last error: Error: 808C026DE37F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${words}:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 116  (2026-11-28T15:30:57.023Z). Resolution note: `;

it.each([
  // As a Temporal Server answers a client of Node.js.
  [true, alert('tlsv13 alert certificate required'), /shows none\. Name .*TEMPORAL_TLS_CLIENT_CERT_PATH/],
  [true, alert('sslv3 alert certificate expired'), /which has expired\. Renew .*TEMPORAL_TLS_CLIENT_CERT_PATH/],
  [true, alert('tlsv1 alert unknown ca'), /\(unknown ca\)\. Correct TEMPORAL_TLS_CLIENT_CERT_PATH/],
  [true, alert('sslv3 alert bad certificate'), /\(bad certificate\)\. Correct TEMPORAL_TLS_CLIENT_CERT_PATH/],
  [true, 'unable to verify the first certificate', /TEMPORAL_TLS_SERVER_CA_CERT_PATH/],
  [true, 'certificate has expired', /TLS: its certificate has expired\. Renew the certificate of the service/],
  [false, 'Failed to connect (2026-11-28T15:31:47.025Z)', /TLS: Failed to connect\. The service may speak TLS only/],
  [
    true,
    'code: \'Internal error\', message: "protocol error: invalid compression flag: 60 while receiving response with status: 404 Not Found"',
    /TLS: what answers is no Temporal Service, but .* \(response with status: 404\)\. Correct TEMPORAL_ADDRESS/,
  ],
  [false, 'Protocol error', /TLS: what answers does not speak gRPC .*TEMPORAL_TLS/],
  [true, 'Request unauthorized.', /TLS: Request unauthorized\. .*TEMPORAL_API_KEY/],
])('with TLS %s, %s: says what is wrong, and what to do, in two halves', (tls, words, says) => {
  const { message } = unreachable({ address: 'host:7233', security: { tls } }, new Error(words));
  expect(message).toMatch(says);
  expect(message).not.toMatch(/SSL routines|openssl|2026-11/);
  const { found, advice } = splitUnreachable(message);
  expect(`${found} ${advice}`).toBe(message);
});
