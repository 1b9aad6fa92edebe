/** The command `doctor`, as far as it needs no server. */
import { describe, expect, it } from 'vitest';
import { runCli, someKeys, startCli } from '../cli/run-cli.js';
import { silentPort } from './broken-temporal.js';

const env = { VERIFICATION_ENCRYPTION_KEYS: someKeys(), VERIFICATION_USER_POOLS: 'us-east-1_AbC123xyz' };

describe('the command', () => {
  it.each([
    [['--only', 'nothing'], /there is no such check or area.*\n {2}temporal +connection, server-version/],
    [['--only', 'clock', '--without', 'temporal'], /leaves out every check/],
    [['--country', 'Germany'], /ISO 3166-1/],
    [['--user-pool', 'foo'], /"foo" is no id of a user pool/],
    [['--web-ui', 'https://ui.example.com/'], /no slash at its end/],
  ])('%j asks nothing', async (args, message) => {
    const { code, stderr } = await runCli(['doctor', ...args], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('prints a policy, with the keys of AWS KMS where there are some', async () => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1';
    const { code, stdout } = await runCli(['doctor', '--iam-policy'], {
      env: { VERIFICATION_ENCRYPTION_KMS_KEYS: key },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Resource: '*' },
        { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: [key] },
      ],
    });
  });

  it('ends at Ctrl-C, with nothing changed', async () => {
    let called = false;
    const port = await silentPort(() => {
      called = true;
    });
    const { child, ended } = startCli(['doctor', '--only', 'connection'], {
      env: { ...env, TEMPORAL_ADDRESS: `127.0.0.1:${port}` },
    });
    await expect.poll(() => called, { interval: 10 }).toBe(true);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: 'Interrupted. Nothing was changed.\n' });
  });
});
