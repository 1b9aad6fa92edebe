/** The protocol's own rules: ids, policies, requests and messages. */
import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  InvalidInputError,
  POLICY_FIELDS,
  parseAwaitDelivery,
  parseCodeConfirmed,
  parseRenewAccessToken,
  parseRequest,
  parseResendCode,
  parseSubmitCode,
  parseWorkflowId,
  resolvePolicy,
  type VerificationPolicy,
  type VerificationRequest,
  workflowIdFor,
} from '@cognito-verification/contract';
import { type Fields, PAYLOADS } from '@cognito-verification/contract/fields';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorOf, SUB, TOKEN } from '../sample-token.js';

function errorIn(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('workflow ids', () => {
  const key = fc.record({
    userPoolId: fc.stringMatching(/^[\w-]{1,55}$/),
    sub: fc.stringMatching(/^[\w-]{1,128}$/),
    attributeName: fc.constantFrom(...ATTRIBUTE_NAMES),
  });

  test('an id consists of a pool, a user and an attribute, and is parsed back into them', () => {
    expect(workflowIdFor({ userPoolId: 'eu-central-1_AbC', sub: SUB, attributeName: 'email' })).toBe(
      `verify/eu-central-1_AbC/${SUB}/email`,
    );
    fc.assert(
      fc.property(key, (one) => {
        expect(parseWorkflowId(workflowIdFor(one))).toEqual(one);
      }),
    );
  });

  test('two verifications share an id only if they share the pool, the user and the attribute', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(workflowIdFor(one) === workflowIdFor(other)).toBe(same);
      }),
    );
  });

  test.each([
    '',
    'verify',
    'verify/a/b',
    'verify/a/b/address',
    'verify/a/b/email/',
    'verify//b/email',
    'other/a/b/email',
  ])('the id "%s" belongs to no verification', (id) => {
    expect(parseWorkflowId(id)).toBeUndefined();
  });
});

describe('policies', () => {
  const ranges = Object.entries(POLICY_FIELDS).flatMap(([name, field]) =>
    field.kind === 'choice' ? [] : [[name, field] as const],
  );

  test.each(ATTRIBUTE_NAMES)('the defaults apply to %s if nothing is specified', (attributeName: AttributeName) => {
    expect(resolvePolicy({}, attributeName)).toEqual({
      deadlineMs: 24 * 3_600_000,
      codeLifetimeMs: attributeName === 'email' ? 24 * 3_600_000 : 600_000,
      resendCooldownMs: 30_000,
      maxSends: POLICY_FIELDS.maxSends.default,
      maxAttempts: POLICY_FIELDS.maxAttempts.default,
      confirmation: 'recheck',
      codeFormat: 'sixDigits',
    });
  });

  test.each(ranges)('%s may be anything within its limits, both included', (field, { least, most }) => {
    for (const value of [least, most]) expect(() => resolvePolicy({ [field]: value }, 'email')).not.toThrow();
  });

  test.each(ranges)('%s outside its limits is refused with its name and what is allowed', (field, { least, most }) => {
    const wrong =
      typeof least === 'string' ? [-1, 0, '31 days', 'soon', '', Number.NaN, {}] : [0, -1, 21, 1.5, '3', Number.NaN];
    for (const value of wrong) {
      const { message } = errorOf(() =>
        parseRequest({ accessToken: TOKEN, attributeName: 'email', policy: { [field]: value } }),
      );
      expect(message).toMatch(new RegExp(`^policy\\.${field} must be`));
      expect(message).toContain(String(least));
      expect(message).toContain(String(most));
    }
  });

  test('an unknown choice is refused with the list of allowed ones', () => {
    const policy = { confirmation: 'maybe' } as unknown as VerificationPolicy;
    const { message } = errorOf(() => parseRequest({ accessToken: TOKEN, attributeName: 'email', policy }));
    expect(message).toBe("policy.confirmation must be one of 'recheck', 'trust'; found \"maybe\"");
  });

  test('an unknown field is refused and not ignored: it may be a misspelt limit', () => {
    const policy = { maxSend: 1 } as VerificationPolicy;
    const { message } = errorOf(() => parseRequest({ accessToken: TOKEN, attributeName: 'email', policy }));
    expect(message).toContain('policy.maxSend');
    expect(message).toContain('maxSends');
  });
});

describe('a request by reference', () => {
  const user = { userPoolId: 'eu-central-1_AbC123xyz', sub: SUB };
  const request = { accessTokenReference: 'session-1', ...user, attributeName: 'email' } as const;

  test('names the user, since a reference does not', () => {
    const parsed = parseRequest(request);
    expect(parsed).toMatchObject({ tokenInput: { accessTokenReference: 'session-1' }, owner: user });
    expect(parseRequest({ accessToken: TOKEN, attributeName: 'email' }).owner).toEqual(user);
  });

  test.each([
    ['with a token too', { ...request, accessToken: TOKEN }, /^accessTokenReference cannot come together with/],
    ['with neither', { attributeName: 'email' }, /^accessToken must be .* unless accessTokenReference is there/],
    ['without a pool', { ...request, userPoolId: undefined }, /^userPoolId must be the id of the user pool/],
    ['without a user', { ...request, sub: undefined }, /^sub must be the user's sub/],
    ['with an invalid pool', { ...request, userPoolId: 'a/b' }, /^userPoolId must be/],
    ['with a user that would change the workflow id', { ...request, sub: 'a/b' }, /^sub must be/],
    [
      'with a pool next to a token',
      { accessToken: TOKEN, attributeName: 'email', userPoolId: user.userPoolId },
      /^userPoolId cannot come together with accessToken, whose claims say it/,
    ],
    ['that is empty', { ...request, accessTokenReference: '' }, /^accessTokenReference must be a string of 1 to 512/],
    ['with a space', { ...request, accessTokenReference: 'a b' }, /^accessTokenReference must be a string of 1 to 512/],
    ['that is too long', { ...request, accessTokenReference: 'x'.repeat(513) }, /^accessTokenReference must be/],
    ['beyond ASCII', { ...request, accessTokenReference: 'ä' }, /^accessTokenReference must be/],
    ['that is not text', { ...request, accessTokenReference: 7 }, /^accessTokenReference must be/],
    ['that is a token', { ...request, accessTokenReference: TOKEN }, /^accessTokenReference holds a JSON Web Token/],
  ])('%s is refused with the field', (_name, input, message) => {
    const error = errorOf(() => parseRequest(input));
    expect(error).toMatchObject({ type: 'InvalidRequest' });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(TOKEN);
  });

  test('accepts any printable text of up to 512 characters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x21-\x7e]{1,512}$/), (accessTokenReference) => {
        fc.pre(!/^(Bearer)?eyJ/.test(accessTokenReference));
        expect(parseRenewAccessToken({ accessTokenReference })).toEqual({ accessTokenReference });
      }),
    );
  });

  test('a wrong combination does not compile', () => {
    const requests: VerificationRequest[] = [
      { accessToken: TOKEN, attributeName: 'email' },
      request,
      // @ts-expect-error -- only one of the two is allowed
      { accessToken: TOKEN, accessTokenReference: 'session-1', attributeName: 'email' },
      // @ts-expect-error -- the claims of the token already name the user
      { accessToken: TOKEN, ...user, attributeName: 'email' },
      // @ts-expect-error -- a reference does not name the user
      { accessTokenReference: 'session-1', attributeName: 'email' },
      // @ts-expect-error -- one of the two is required
      { attributeName: 'email' },
    ];
    expect(requests.map((one) => String(errorIn(() => parseRequest(one))))).toEqual([
      'undefined',
      'undefined',
      ...Array.from({ length: 4 }, () => expect.stringMatching(/^InvalidInputError/)),
    ]);
  });
});

describe('messages', () => {
  test('a code has six digits, or no spaces if the policy allows any form, and is never quoted', () => {
    for (const code of ['12345', '1234567', '12 345', 'abcdef', '١٢٣٤٥٦']) {
      const { message } = errorOf(() => parseSubmitCode({ code }, 'sixDigits'));
      expect(message).toMatch(/^code must/);
      expect(message).not.toContain(code);
    }
    expect(parseSubmitCode({ code: '012345' }, 'sixDigits').code.reveal()).toBe('012345');
    expect(parseSubmitCode({ code: 'aB-9' }, 'nonSpace').code.reveal()).toBe('aB-9');
    expect(() => parseSubmitCode({ code: 'x'.repeat(2049) }, 'nonSpace')).toThrow('2048');
  });

  test.each([
    ['awaitDelivery', (input: unknown) => parseAwaitDelivery(input, 'email')],
    ['submitCode', (input: unknown) => parseSubmitCode({ ...(input as object), code: '123456' })],
    ['resendCode', parseResendCode],
    ['renewAccessToken', parseRenewAccessToken],
  ])('%s refuses an unknown field and a token that is not text, without quoting them', (_name, parse) => {
    expect(errorOf(() => parse({ accesToken: TOKEN })).message).toMatch(/^accesToken is not a field of/);
    for (const accessToken of [7, { token: TOKEN }, '']) {
      const error = errorOf(() => parse({ accessToken }));
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error.message).toMatch(/^accessToken must be/);
      expect(error.message).not.toContain(TOKEN);
    }
  });

  test('any request is parsed or refused with a field: nothing else is thrown, and no value is shown', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        for (const parse of [
          parseRequest,
          (one: unknown) => parseAwaitDelivery(one, 'email'),
          parseSubmitCode,
          parseResendCode,
          parseRenewAccessToken,
          parseCodeConfirmed,
        ]) {
          try {
            parse(input);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        }
      }),
    );
  });
});

test('a field has one kind in all payloads, because histories are redacted by field name alone', () => {
  const kinds = new Map<string, Set<string>>();
  const collect = (fields: Fields): void => {
    for (const [name, field] of Object.entries(fields)) {
      const kind = typeof field === 'string' ? field : field.kind;
      kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
      if (typeof field !== 'string' && 'fields' in field) collect(field.fields);
    }
  };
  for (const payload of Object.values(PAYLOADS)) collect(payload);
  const several = [...kinds].filter(([, found]) => found.size > 1);
  // Here both a name and a word become a word; failures have a redaction rule of their own.
  expect(Object.fromEntries(several.map(([name, found]) => [name, [...found].sort()]))).toEqual({
    failure: ['message', 'word'],
    reason: ['failureName', 'word'],
  });
});
