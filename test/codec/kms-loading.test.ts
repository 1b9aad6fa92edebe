import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

/** Prints what a process has loaded of the KMS client after it has sealed and opened a payload. */
const SCRIPT = `
  import { createRequire } from 'node:module';
  import { clientDataConverter, keyRingFromSettings } from '@cognito-verification/codec';
  const [codec] = clientDataConverter(keyRingFromSettings()).payloadCodecs;
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') };
  const ended = await codec.encode([payload]).then((sealed) => codec.decode(sealed)).then(() => 'opened', (error) => error.name);
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('client-kms'));
  console.log(JSON.stringify({ ended, loaded: loaded.length > 0 }));
`;

async function outcome(settings: Record<string, string>): Promise<unknown> {
  const env = { PATH: process.env['PATH'], AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...settings };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', SCRIPT], { env });
  return JSON.parse(stdout);
}

it('the KMS client is loaded only if KMS is used', async () => {
  const keys = `a:${randomBytes(32).toString('base64')}`;
  expect(await outcome({ VERIFICATION_ENCRYPTION_KEYS: keys })).toEqual({ ended: 'opened', loaded: false });
  const kms = {
    VERIFICATION_ENCRYPTION_KMS_KEYS: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  expect(await outcome(kms)).toEqual({ ended: 'NotSealedError', loaded: true });
});
