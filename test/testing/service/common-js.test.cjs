const assert = require('node:assert/strict');
const { test } = require('node:test');
const { FakeVerifications } = require('@cognito-verification/testing');
const { startSandbox } = require('@cognito-verification/testing/sandbox');

test('CommonJS, as Jest loads it', async () => {
  const verifications = new FakeVerifications();
  const { accessToken } = verifications.createUser();
  const mine = verifications.forUser({ accessToken });
  await mine.start('email');
  assert.equal((await mine.submitCode('email', '123456')).result, 'verified');
  const sandbox = await startSandbox();
  await sandbox.close();
});
