import { AccessTokenRefusedError } from '@cognito-verification/client';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { attributeVerification } from '../../workflows/index.js';
import { collect, type SandboxUser, useRig } from '../rig.js';

const rig = useRig('local');

const request = (user: SandboxUser, accessToken = user.accessToken) => ({
  accessToken,
  attributeName: 'email' as const,
});
const sendsSeen = (user: SandboxUser) =>
  rig.sandbox.calls({ operation: 'GetUserAttributeVerificationCode', username: user.username }).length;

describe('one verification for each user and attribute', () => {
  it('the same start ten times at once: one workflow, one message, ten equal answers', async () => {
    const user = await rig.user();
    const starts = Array.from({ length: 10 }, () => rig.client.start({ ...request(user), requestId: 'sign-up-4711' }));
    const answers = await Promise.all(starts);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status.state).toBe('awaitingCode');
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
    expect(sendsSeen(user)).toBe(1);
    const runs = rig.env.client.workflow.list({ query: `WorkflowId = '${answers[0]?.workflowId}'` });
    await expect.poll(async () => (await collect(runs)).length).toBe(1);
  });

  it('ten different starts at once: they join, and one message leaves', async () => {
    const user = await rig.user();
    const answers = await Promise.all(Array.from({ length: 10 }, () => rig.client.start(request(user))));
    expect(new Set(answers.map(({ workflowId }) => workflowId)).size).toBe(1);
    for (const { status } of answers) expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });

  it('email and phone_number of one user are two verifications', async () => {
    const user = await rig.user();
    const email = await rig.client.start(request(user));
    const phone = await rig.client.start({ ...request(user), attributeName: 'phone_number' });
    expect(phone.workflowId).not.toBe(email.workflowId);
    expect(phone.status).toMatchObject({ delivery: { deliveryMedium: 'SMS' } });
    // NIST SP 800-63A-4: ten minutes for SMS.
    const sentAt = Date.parse(phone.status.sends[0]?.at ?? '');
    expect(Date.parse(phone.status.codeExpiresAt ?? '') - sentAt).toBe(10 * 60_000);
  });

  it('a finished one may be started again; the old request id still gets its old answer, and sends nothing', async () => {
    const user = await rig.user();
    const first = await rig.client.start({ ...request(user), requestId: 'first' });
    await rig.client.submitCode(first.workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    const again = await rig.client.start({ ...request(user), requestId: 'second', reverify: true });
    // The message of the first one counts, and its cool-down holds.
    expect(again.status).toMatchObject({ state: 'rateLimited', sendsLeft: 4 });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });
});

describe('an attacker who starts first cannot lock the real user out', () => {
  it('a verification opened with a forged token continues with the good one of the next start', async () => {
    const user = await rig.user();
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    const opened = await rig.unchecked.start(request(user, forged));
    expect(opened.status).toMatchObject({ state: 'awaitingToken', sendsLeft: 5, joined: false });
    const second = await rig.client.start(request(user));
    expect(second.workflowId).toBe(opened.workflowId);
    expect(second.status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, joined: true });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await rig.client.submitCode(second.workflowId, { code })).toMatchObject({ result: 'verified' });
  });

  it('a forged token that joins an open verification does not replace the good one', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.client.start(request(user));
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    await rig.unchecked.start(request(user, forged));
    await rig.unchecked.renewAccessToken(workflowId, { accessToken: forged });
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({
      result: 'verified',
      status: { attemptsLeft: 9 },
    });
  });

  it('a token of another user or pool is refused', async () => {
    const [user, other] = [await rig.user(), await rig.user()];
    const { workflowId } = await rig.client.start(request(user));
    const { accessToken } = other;
    await expect(rig.client.renewAccessToken(workflowId, { accessToken })).rejects.toBeInstanceOf(
      AccessTokenRefusedError,
    );
    const code = rig.sandbox.codeFor(user, 'email');
    await expect(rig.client.submitCode(workflowId, { code, accessToken })).rejects.toBeInstanceOf(
      AccessTokenRefusedError,
    );
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  });
});

describe('what the Web UI and the list show', () => {
  it('the search attributes, the static summary and the name of the workflow', async () => {
    expect(attributeVerification.name).toBe(WORKFLOW_TYPE);
    // In a pool of its own.
    const user = await rig.sandbox.createUser();
    const { workflowId } = await rig.client.start(request(user));
    expect(workflowId).toBe(workflowIdFor({ userPoolId: user.userPoolId, sub: user.sub, attributeName: 'email' }));
    const listed = () => collect(rig.client.list({ userPoolId: user.userPoolId, state: 'awaitingCode' }));
    await expect.poll(listed).toMatchObject([{ workflowId, state: 'awaitingCode', attributeName: 'email' }]);
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    await expect
      .poll(() => collect(rig.client.list({ userPoolId: user.userPoolId, state: 'verified' })))
      .toMatchObject([{ workflowId }]);
    const described = await rig.env.client.workflow.getHandle(workflowId).describe();
    const names = Object.keys(described.searchAttributes).filter((name) => name.startsWith('Verification'));
    expect(names.sort()).toEqual(Object.values(SEARCH_ATTRIBUTES).sort());
  });
});
