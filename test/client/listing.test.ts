import { describe, expect, it } from 'vitest';
import { InvalidRequestError } from '../../client/errors.js';
import { listLimit, listQuery } from '../../client/listing.js';
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
