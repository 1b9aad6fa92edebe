/** A reader of the namespace, without a key, tries to find the value that was verified. */
import { createHmac } from 'node:crypto';
import { isVerifiedValue } from '@cognito-verification/client';
import { expect } from 'vitest';
import { useRig } from '../rig.js';
import { attack } from './attack.js';

const rig = useRig('local');
const EMAIL = 'zoe@example.com';

attack(
  'neither the digest of the value nor its key can be read or guessed, and no two verifications share them',
  'the digest of a value has a key that can be guessed',
  async () => {
    const values: { digest: string; salt: string }[] = [];
    for (const user of [await rig.user(), await rig.user()]) {
      const { workflowId } = await rig.start(user);
      await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
      const outcome = await rig.client.wait(workflowId);
      expect(isVerifiedValue(outcome, EMAIL)).toBe(true);
      const { digest, salt } = outcome.value ?? expect.unreachable();
      values.push({ digest, salt });

      const handle = rig.env.client.workflow.getHandle(workflowId);
      const { runId } = await handle.describe();
      const history = JSON.stringify(await handle.fetchHistory(), (_name, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      );
      for (const secret of [digest, salt, EMAIL]) expect(history).not.toContain(secret);
      for (const key of [
        '',
        user.sub,
        user.userPoolId,
        workflowId,
        runId,
        `${user.userPoolId}${user.sub}`,
        `${workflowId}${runId}`,
      ])
        expect(createHmac('sha256', key).update(EMAIL).digest('base64url')).not.toBe(digest);
      expect(Buffer.from(salt, 'base64url')).toHaveLength(32);
    }
    const [one, other] = values;
    expect(one?.salt).not.toBe(other?.salt);
    expect(one?.digest).not.toBe(other?.digest);
  },
);
