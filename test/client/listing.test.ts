import { setImmediate as turn } from 'node:timers/promises';
import type { VerificationState, VerificationStatus } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { InvalidRequestError, VerificationNotFoundError } from '../../client/errors.js';
import { inState, listLimit, listQuery, type VerificationListing } from '../../client/listing.js';

import { untyped } from './fixtures.js';

describe('the query of a list', () => {
  it('names the workflow type and every field of the filter', () => {
    expect(listQuery({})).toBe("WorkflowType = 'attributeVerification'");
    expect(listQuery({ state: 'rateLimited', attributeName: 'email', userPoolId: 'eu-west-1_abc', open: true })).toBe(
      "WorkflowType = 'attributeVerification' AND VerificationState = 'rateLimited' AND VerificationAttribute = 'email' AND VerificationUserPool = 'eu-west-1_abc' AND ExecutionStatus = 'Running'",
    );
    expect(listQuery({ state: 'awaitingCode' })).toMatch(
      /AND VerificationState IN \('codePending'\) AND ExecutionStatus = 'Running'$/,
    );
    expect(listQuery({ state: 'sending' })).toMatch(
      /AND VerificationState IN \('sending', 'codePending'\) AND ExecutionStatus = 'Running'$/,
    );
    expect(listQuery({ state: 'failed', open: false })).toMatch(
      / AND \(VerificationState = 'failed' OR ExecutionStatus = 'Failed'\) AND ExecutionStatus != 'Running'$/,
    );
    expect(listQuery({ open: false })).toMatch(/ExecutionStatus != 'Running'$/);
  });

  it.each([
    { userPoolId: "x' OR WorkflowType = 'payroll" },
    { userPoolId: 'x\\' },
    { userPoolId: '' },
    { state: "sending' OR 'a' = 'a" },
    { attributeName: "email'--" },
  ])('accepts nothing that could end a quoted value: %j', (filter) => {
    expect(() => listQuery(untyped(filter))).toThrow(InvalidRequestError);
  });
});

it.each([0, -1, 1.5, Number.NaN])('a limit of %d is refused', (limit) => {
  expect(() => listLimit(limit)).toThrow(InvalidRequestError);
});

describe('the states that are asked for', () => {
  /** Asks as many verifications, of which each answers as `stateOf` says. */
  async function ask(count: number, stateOf: (index: number) => VerificationState | Error) {
    let inFlight = 0;
    let most = 0;
    const asked: number[] = [];
    const status = async ({ workflowId }: { workflowId: string }) => {
      const index = Number(workflowId);
      asked.push(index);
      inFlight += 1;
      most = Math.max(most, inFlight);
      // The later ones answer sooner.
      for (let turns = 0; turns < 40 - (index % 40); turns++) await turn();
      inFlight -= 1;
      const state = stateOf(index);
      if (state instanceof Error) throw state;
      return { state } as VerificationStatus;
    };
    const row = (index: number): VerificationListing => ({
      workflowId: String(index),
      state: 'codePending',
      attributeName: 'email',
      userPoolId: undefined,
      startedAt: '',
      executionStatus: 'RUNNING',
    });
    const rows = (async function* () {
      for (let index = 0; index < count; index++) yield row(index);
    })();
    const found: VerificationListing[] = [];
    for await (const one of inState({ status }, rows, 'awaitingCode')) found.push(one);
    return { found, most, asked };
  }

  it('ten at a time, in the order of the list, and only those in the state', async () => {
    const { found, most } = await ask(35, (index) => (index % 3 === 0 ? 'sending' : 'awaitingCode'));
    expect(most).toBe(10);
    expect(found.map(({ workflowId }) => Number(workflowId))).toEqual(
      Array.from({ length: 35 }, (_, index) => index).filter((index) => index % 3 !== 0),
    );
    expect(found.every(({ state, unanswered }) => state === 'awaitingCode' && unanswered === undefined)).toBe(true);
  });

  it('one that gives no answer is listed with the reason, and one that is gone is not', async () => {
    const { found } = await ask(3, (index) =>
      index === 0 ? new Error('no worker') : index === 1 ? new VerificationNotFoundError('1') : 'awaitingCode',
    );
    expect(found.map(({ workflowId, state, unanswered }) => [workflowId, state, unanswered])).toEqual([
      ['0', 'codePending', 'Error'],
      ['2', 'awaitingCode', undefined],
    ]);
  });

  it('none any more once ten in a row gave no answer: nobody waits for each of them', async () => {
    const { found, asked } = await ask(100, () => new Error('no worker'));
    expect(found).toHaveLength(100);
    expect(asked.length).toBeLessThanOrEqual(20);
    expect(found.at(-1)).toMatchObject({ state: 'codePending', unanswered: 'NotAsked' });
  });
});
