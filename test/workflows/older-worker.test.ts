/** While workers are replaced, one that knows nothing of a new value may make the calls: it looks at, and sends to, the old one. */
import { type ParsedRequest, Secret } from '@cognito-verification/contract';
import { expect, it } from 'vitest';
import { changedOf } from '../../workflows/cognito-calls.js';
import { Looks } from '../../workflows/looks.js';

const old = { salt: 'salt', valueDigest: 'old', verified: true };
const runId = '00000000-0000-4000-8000-000000000000';

it('what it reads before a send is no target', () => {
  const looks = new Looks({
    request: { attributeName: 'email' } as ParsedRequest,
    tokens: { toSettle: undefined },
    terms: { change: { newValue: new Secret('new@example.com') } },
  } as unknown as ConstructorParameters<typeof Looks>[0]);
  looks.noteSend(old, { first: true });
  expect(looks.target).toBeUndefined();
  looks.noteSend({ ...old, newValueDigest: 'new' }, { first: false });
  expect(looks.target).toMatchObject({ valueDigest: 'new', keptDigest: 'old' });
});

it('its answers fail the start, in place of a code for the old value or an end by it', () => {
  const tooOld = { verdict: 'failed', failure: { type: 'WorkerTooOld' } };
  expect(changedOf({ runId, alreadyVerified: true, attribute: old })).toMatchObject(tooOld);
  expect(changedOf({ runId, delivery: {}, attribute: old })).toMatchObject(tooOld);
  const attribute = { ...old, newValueDigest: 'new' };
  expect(changedOf({ runId, delivery: {}, attribute })).toMatchObject({ verdict: 'sent', attribute });
});
