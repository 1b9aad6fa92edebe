/** The target, where a look at it and a send are under way together. */
import type { ParsedRequest } from '@cognito-verification/contract';
import { expect, it, vi } from 'vitest';
import type { AttributeSnapshot } from '../../activities/attribute-snapshot.js';
import { Looks } from '../../workflows/looks.js';

const readAttribute = vi.fn<() => Promise<unknown>>();

vi.mock('@temporalio/workflow', async (load) => ({
  ...(await load<object>()),
  log: { warn: () => undefined },
  CancellationScope: class {
    run = (work: () => Promise<unknown>) => work();
    cancel = () => undefined;
  },
}));
vi.mock('../../workflows/cognito-calls.js', async (load) => ({
  ...(await load<object>()),
  readAttribute: () => readAttribute(),
}));
vi.mock('../../workflows/access-tokens.js', async (load) => ({
  ...(await load<object>()),
  withToken: (_tokens: unknown, _kind: unknown, call: (held: object) => unknown) => call({ tokenInput: {} }),
}));

it('is what a send has read before its message, whatever a look reads that began before', async () => {
  const snapshot = (valueDigest: string, salt: string) => ({ verified: false, valueDigest, salt }) as AttributeSnapshot;
  const targetRead = vi.fn<() => void>();
  const request = { owner: { userPoolId: 'eu-central-1_AbC123xyz', sub: 'a-user' }, attributeName: 'email' };
  const looks = new Looks({
    request: request as ParsedRequest,
    tokens: { toSettle: undefined },
    terms: { change: {} },
    targetRead,
  } as unknown as ConstructorParameters<typeof Looks>[0]);
  looks.needTarget();
  readAttribute.mockResolvedValue({ verdict: 'read', attribute: snapshot('read later', 'another salt') });
  looks.start();
  looks.noteSend(snapshot('read before the message', 'salt'), { first: false });
  await vi.waitFor(() => expect(looks.state).toBe('settled'));
  expect(looks.settle()).toBeUndefined();
  expect(looks.target).toMatchObject({ valueDigest: 'read before the message', salt: 'salt' });
  expect(looks.due).toBe(false);
  expect(targetRead).not.toHaveBeenCalled();
});

it('tells which value the user has as the newest look does: the old one, the new one, or neither', () => {
  const shown = (valueDigest?: string) =>
    ({ verified: true, valueDigest, newValueDigest: 'new', salt: 'salt' }) as AttributeSnapshot;
  const request = { owner: { userPoolId: 'eu-central-1_AbC123xyz', sub: 'a-user' }, attributeName: 'email' };
  const looks = new Looks({
    request: request as ParsedRequest,
    terms: { change: { newValue: 'the new value' } },
    targetRead: () => undefined,
  } as unknown as ConstructorParameters<typeof Looks>[0]);
  looks.noteOldValue({ verdict: 'sent', oldValue: 'replaced' });
  looks.takeTarget(shown('old'));
  expect(looks.oldValue).toBe('kept');
  looks.judge('found', shown());
  expect(looks.oldValue).toBe('kept');
  looks.judge('found', shown('a third one'));
  expect(looks.oldValue).toBeUndefined();
  looks.noteOldValue({ verdict: 'sent', oldValue: 'kept' });
  looks.noteOldValue({ verdict: 'rateLimited' });
  expect(looks.oldValue).toBe('kept');
  // It may have changed the value, and nobody could read that.
  looks.noteOldValue({ verdict: 'uncertain' });
  expect(looks.oldValue).toBeUndefined();
});
