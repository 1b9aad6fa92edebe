/** Invalid values of every field of every message, before anything is sent: the contract's parsers, and the client. */
import { VerificationClient, VerificationError } from '@cognito-verification/client';
import { InvalidInputError, isPrintable, workflowIdFor } from '@cognito-verification/contract';
import { PAYLOADS } from '@cognito-verification/contract/fields';
import { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import {
  BAD_MESSAGES,
  isTypedCode,
  MESSAGES,
  type MessageName,
  nameOf,
  takes,
  withField,
} from '../bad-input/bad-fields.js';
import { SUB } from '../sample-token.js';

function thrownBy(call: () => unknown): unknown {
  try {
    return { nothing: call() };
  } catch (error) {
    return error;
  }
}

const NAMES = Object.keys(MESSAGES) as MessageName[];

it('every field of every input is in some message, or only the worker writes it', () => {
  const nowhere = Object.keys(PAYLOADS.input).filter((field) => !NAMES.some((message) => takes(message, field)));
  // The stamp has a parser, and a table of invalid ones, of its own.
  expect(nowhere).toEqual([
    'mayBeCopy',
    'startedAt',
    'recordAttribute',
    'unlessVerified',
    'updateId',
    'at',
    'counted',
    'rememberedOnly',
    'salt',
    'target',
    'proves',
    'runId',
    'stamp',
  ]);
});

it.each(NAMES)('%s is taken as the tests take it for right', (message) => {
  expect(() => MESSAGES[message].parse(MESSAGES[message].good)).not.toThrow();
});

describe('the contract', () => {
  // The sender of a signal cannot be told: a reference is made right instead.
  const refused = BAD_MESSAGES.filter(({ message, field }) => message !== 'codeConfirmed' || field !== 'reference');

  it.each(NAMES)('refuses every invalid field of %s with its name and nothing of its value', (message) => {
    const bad = refused.filter((one) => one.message === message);
    expect(bad.length).toBeGreaterThan(10);
    for (const one of bad) {
      const error = thrownBy(() => MESSAGES[message].parse(one.input));
      expect(error, nameOf(one)).toBeInstanceOf(InvalidInputError);
      const { message: words, field } = error as InvalidInputError;
      // Of the two fields for a token the one that is there is named.
      expect(field, nameOf(one)).toMatch(new RegExp(`^(${one.field}|accessToken)(\\.|$)`));
      expect(words.length, nameOf(one)).toBeLessThan(400);
      expect(isPrintable(`${field}${words}`), nameOf(one)).toBe(true);
    }
  });

  it('makes a reference of a signal right', () => {
    for (const one of BAD_MESSAGES.filter((bad) => bad.message === 'codeConfirmed' && bad.field === 'reference')) {
      const { reference } = MESSAGES.codeConfirmed.parse(one.input);
      expect(reference === undefined || (isPrintable(reference) && reference.length <= 200), nameOf(one)).toBe(true);
    }
  });

  it.each(NAMES)('reads null in %s as an absent field, and in what a field holds', (message) => {
    const { parse, good } = MESSAGES[message] as (typeof MESSAGES)['request'];
    const same = (withNull: unknown, without: unknown, name: string) =>
      expect(
        thrownBy(() => parse(withNull)),
        name,
      ).toEqual(thrownBy(() => parse(without)));
    for (const [field, value] of Object.entries(good)) {
      const without: Record<string, unknown> = { ...good };
      delete without[field];
      same({ ...good, [field]: null }, without, `${message}.${field}`);
      if (typeof value !== 'object' || value === null) continue;
      for (const inner of Object.keys(value)) {
        const rest: Record<string, unknown> = { ...value };
        delete rest[inner];
        same({ ...good, [field]: { ...value, [inner]: null } }, { ...good, [field]: rest }, `${field}.${inner}`);
      }
    }
    if (takes(message, 'accessToken')) same({ ...good, accessToken: null }, good, `${message}.accessToken`);
    const token = withField(message, 'accessToken', 'a.b.c');
    if (takes(message, 'accessTokenReference')) same({ ...token, accessTokenReference: null }, token, 'a reference');
  });
});

/** Throws at each use: nothing may be sent. */
const unused = new Proxy(Object.create(Client.prototype) as Client, {
  get: (_target, name) => {
    if (name === 'options') return { namespace: 'default' };
    throw new Error(`the Temporal client was used: ${String(name)}`);
  },
});

it('the client refuses every invalid field of every message, and sends nothing', async () => {
  const client = new VerificationClient({
    client: unused,
    userPools: [{ userPoolId: 'eu-west-1_AbC' }],
    uncheckedTokens: true,
    sealedElsewhere: true,
  });
  const id = workflowIdFor({ userPoolId: 'eu-west-1_AbC', sub: SUB, attributeName: 'email' });
  const call: Record<MessageName, ((input: never) => Promise<unknown>) | undefined> = {
    request: (input) => client.start(input),
    // The client makes it of a request.
    awaitDelivery: undefined,
    submitCode: (input) => client.submitCode(id, input),
    resendCode: (input) => client.resendCode(id, input),
    renewAccessToken: (input) => client.renewAccessToken(id, input),
    codeConfirmed: (input) => client.confirm(id, input),
  };
  for (const one of BAD_MESSAGES) {
    const send = call[one.message];
    if (!send || isTypedCode(one.input)) continue;
    const error = await send(one.input as never).catch((thrown: unknown) => thrown);
    expect(error, nameOf(one)).toBeInstanceOf(VerificationError);
    const { code, message } = error as VerificationError;
    expect(['InvalidRequest', 'AccessTokenRefused'], nameOf(one)).toContain(code);
    expect(isPrintable(message), nameOf(one)).toBe(true);
  }
});
