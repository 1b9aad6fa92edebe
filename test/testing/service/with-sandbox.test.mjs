import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeVerifications } from '@cognito-verification/testing';
import { startSandbox } from '@cognito-verification/testing/sandbox';
import { signUpStep } from './sign-up.mjs';

let sandbox;

before(async () => {
  sandbox = await startSandbox({ generateCode: () => '246810' });
});
after(() => sandbox.close());

test('the code that the sandbox has sent verifies the address there', async () => {
  const step = signUpStep(new FakeVerifications({ sandbox }));
  const user = await sandbox.createUser({ attributes: { email: 'zoe@example.com' } });
  const headers = { authorization: `Bearer ${user.accessToken}` };
  const post = (body) =>
    step(new Request('https://example.com', { method: 'POST', headers, body: JSON.stringify(body) }));
  await post({});
  assert.equal(sandbox.codeFor(user, 'email'), '246810');
  assert.equal((await (await post({ code: '246810' })).json()).result, 'verified');
  assert.deepEqual(sandbox.attribute(user, 'email').verified, true);
});
