import { CALL_FAILURE_TYPES, FAILURE_TYPES, HELD_REASONS, REFUSED_REASONS } from '@cognito-verification/contract';
import type { Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttemptFailure, SendFailure } from '../../activities/failures.js';
import { redactPayload } from '../../codec-server/redact-payload.js';
import { liveCard } from '../../workflows/live-card.js';
import { CANARIES, CARELESS, SAMPLES, STATUS } from './messages.js';
import { asWebUi, contentOf, json, sealed, serve, shown } from './running-codec-server.js';

/** Each canary, raw and in the encodings in which a history or an address would hold it. */
const SPELLINGS = Object.entries(CANARIES).flatMap(([what, canary]) => [
  [what, canary] as const,
  [`${what} in a URL`, encodeURIComponent(canary)] as const,
  [`${what} in hex`, Buffer.from(canary).toString('hex')] as const,
  // A text in base64 differs at each of three alignments; at its ends it shares characters with its neighbours.
  ...[0, 1, 2].flatMap((before) => {
    const bytes = Buffer.from(' '.repeat(before) + canary);
    const range = [Math.ceil((before * 8) / 6), Math.floor((bytes.byteLength * 8) / 6)] as const;
    return (['base64', 'base64url'] as const).map(
      (coding) => [`${what} in ${coding}`, bytes.toString(coding).slice(...range)] as const,
    );
  }),
]);

/** The canaries that are shown. */
function shownCanaries(text: string): string[] {
  return SPELLINGS.filter(([, spelling]) => text.includes(spelling)).map(([what]) => what);
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], value);
}

const showPayload = (payload: Payload) => Buffer.from(redactPayload(payload).data ?? []).toString();
const show = (value: unknown) => JSON.parse(showPayload(json(value))) as unknown;

test('the search for canaries finds them', () => {
  for (const text of [CARELESS, btoa(CARELESS), btoa(` ${CARELESS}`), encodeURIComponent(CARELESS)]) {
    const found = new Set(shownCanaries(text).map((what) => what.split(' ')[0]));
    expect([...found]).toEqual(['accessToken', 'idToken', 'code', 'email', 'phone']);
  }
});

describe.each(Object.entries(SAMPLES))('%s', (_name, { value, shows }) => {
  test('shows the lifecycle', () => {
    const visible = show(value);
    for (const [path, expected] of Object.entries(shows)) {
      if (expected instanceof RegExp) expect(at(visible, path)).toMatch(expected);
      else expect({ [path]: at(visible, path) }).toEqual({ [path]: expected });
    }
  });

  test('shows no secret, over the wire', async () => {
    const { url, log } = await serve();
    const answer = await asWebUi(url, [sealed(json(value)), sealed(json([value])), sealed(json({ value }))]);
    const wire = await answer.clone().text();
    expect(shownCanaries(wire)).toEqual([]);
    expect(shownCanaries(JSON.stringify(await contentOf(answer)))).toEqual([]);
    expect(shownCanaries(JSON.stringify(log))).toEqual([]);
  });

  test('hides an unknown field and its name, wherever it occurs', () => {
    const plant = (part: unknown): unknown => {
      if (Array.isArray(part)) return part.map(plant);
      if (typeof part !== 'object' || part === null) return part;
      const planted = Object.entries(part).map(([name, content]) => [name, plant(content)] as const);
      return { ...Object.fromEntries(planted), [CANARIES.unknownName]: CANARIES.unknownValue };
    };
    expect(shownCanaries(JSON.stringify(show(plant(value))))).toEqual([]);
  });
});

/** Fields that hold free text. */
const FREE_TEXT = /message|stack_trace|currentDetails|description|name|reference|destination/i;

/** The value with the secret in each suitable place in turn. */
function plantings(part: unknown, secret: unknown, fits: (name: string) => boolean = () => true): unknown[] {
  if (typeof part !== 'object' || part === null) return [secret];
  return Object.entries(part).flatMap(([name, content]) => {
    const inner = typeof content === 'object' || fits(name) ? plantings(content, secret, fits) : [];
    return inner.map((planted) => (Array.isArray(part) ? [planted] : { ...part, [name]: planted }));
  });
}

test('no field shows a secret that is its value', () => {
  const { code, email, phone, accessToken, unknownValue, unknownName } = CANARIES;
  for (const [name, { value }] of Object.entries(SAMPLES)) {
    for (const secret of [code, email, phone, accessToken, CARELESS, [email], { [unknownName]: email }]) {
      for (const planted of plantings(value, secret))
        expect([name, shownCanaries(JSON.stringify(show(planted)))]).toEqual([name, []]);
    }
    for (const planted of plantings(value, unknownValue, (field) => !FREE_TEXT.test(field)))
      expect([name, shownCanaries(JSON.stringify(show(planted)))]).toEqual([name, []]);
  }
});

test('no field shows a code that is its value, as a number or next to letters', () => {
  const code = Number(CANARIES.code);
  const asText = [`${code} ms`, `${code}s`, `0.${code}h`, `Code${code}`, `CODE${code}Exception`];
  for (const [name, { value }] of Object.entries(SAMPLES)) {
    const planted = [
      ...[code, -code, code + 0.5].flatMap((secret) => plantings(value, secret)),
      // In free text the redaction takes digits next to a letter for part of an id.
      ...asText.flatMap((secret) => plantings(value, secret, (field) => !FREE_TEXT.test(field))),
    ];
    for (const planting of planted)
      expect([name, JSON.stringify(show(planting))]).toEqual([name, expect.not.stringContaining(String(code))]);
  }
});

test('a word or number outside the contract is hidden', () => {
  const state = (over: object) => show({ ...STATUS, ...over });
  for (const odd of ['secretCode', 'AwaitingCode', 'hunter2']) {
    expect(state({ state: odd })).toMatchObject({ state: '••••••' });
    expect(state({ sends: [{ at: STATUS.expiresAt, outcome: odd, reason: odd }] })).toMatchObject({
      sends: [{ outcome: '••••••', reason: '••••••' }],
    });
    expect(state({ failure: { type: odd, message: '' } })).toMatchObject({ failure: { type: '••••••' } });
  }
  for (const [field, odd] of Object.entries({ sendsLeft: 482_910, attemptsLeft: 16.5 }))
    expect(state({ [field]: odd })).toMatchObject({ [field]: '••••••' });
  const policy = { deadline: 482_910, codeLifetime: '482910 ms', maxSends: 21, maxAttempts: -1 };
  expect(show({ attributeName: 'email', policy })).toMatchObject({
    policy: { deadline: '••••••', codeLifetime: '••••••', maxSends: '••••••', maxAttempts: '••••••' },
  });
});

test.each([
  'LimitExceededException',
  'TimeoutError',
  'TimeoutFailure',
  'Error',
  'ECONNREFUSED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'EAI_AGAIN',
  'HTTP 503',
  ...Object.values(FAILURE_TYPES),
  ...Object.values(CALL_FAILURE_TYPES),
  ...HELD_REASONS,
  ...REFUSED_REASONS,
])('a send that failed with %s says so', (reason) => {
  const sends = [{ at: STATUS.expiresAt, outcome: 'notSent', reason }];
  expect(show({ ...STATUS, sends })).toMatchObject({ sends });
});

test('each meaning of a failed call is shown', () => {
  const meanings: Record<SendFailure | AttemptFailure, true> = {
    throttled: true,
    unreachable: true,
    rateLimited: true,
    uncertain: true,
    accessTokenRejected: true,
    undeliverable: true,
    blocked: true,
    mismatch: true,
    codeExpired: true,
    failed: true,
  };
  for (const failure of Object.keys(meanings)) expect(show({ failure })).toEqual({ failure });
});

test('the card of a verification is shown unchanged', () => {
  const card = liveCard(
    { ...STATUS, unprovenConfirmation: undefined, failure: { type: 'LimitExceededException', message: 'Too many.' } },
    Date.now(),
  );
  expect(show(card)).toBe(card);
  expect(show({ definition: { type: 'attributeVerification' }, currentDetails: card })).toMatchObject({
    currentDetails: card,
  });
});

describe('a value that is not a message of a verification', () => {
  test.each<[string, unknown, unknown]>([
    ["another workflow's input", { customer: 'Zoe', amount: 7, lines: [{ sku: 1 }] }, '•••••• (3 entries)'],
    ['a list', ['Zoe', 7], '•••••• (2 entries)'],
    ['a number, which may be a code', 739_164, '••••••'],
    ['yes or no', true, '••••••'],
    ['nothing', null, null],
    ['an empty object', {}, {}],
    ['a summary', 'Sends a code by e-mail', 'Sends a code by e-mail'],
    ['a careless summary', `to ${CANARIES.email}`, 'to [email]'],
    ['a code', CANARIES.code, '[digits]'],
  ])('%s', async (_what, value, expected) => {
    const { url } = await serve();
    expect(await shown(url, value)).toEqual(expected);
  });

  test('a token alone is shown by its fingerprint, which distinguishes tokens', () => {
    const first = show(CANARIES.accessToken);
    expect(first).toMatch(/^access token [\da-f]{8}… of 6f1a7c3e-/);
    expect(show(CANARIES.accessToken)).toBe(first);
    expect(show(CANARIES.idToken)).not.toBe(first);
  });

  test('a token whose claims could be found by trying gets no fingerprint', () => {
    for (const signature of ['', 'c2ln', 'x'.repeat(42)]) {
      const unsigned = CANARIES.accessToken.replace(/[^.]*$/, signature);
      expect(show(unsigned)).toBe('access token of 6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b, expires 2027-01-15T08:00:00Z');
    }
  });

  test('the digest of an attribute’s value shows nothing, so that nobody finds a number by trying', () => {
    const digest = (valueDigest: string) => show({ verified: false, valueDigest, salt: 'salt' });
    expect(digest('a')).toEqual(digest('b'));
    expect(JSON.stringify(digest('a'))).not.toMatch(/[\da-f]{8}/);
  });

  test.each<[string, string, string, string]>([
    ['bytes', 'binary/plain', CARELESS, `"••• ${CARELESS.length} bytes"`],
    ['protobuf in JSON', 'json/protobuf', '{"canaryFieldName":1}', '"••• 21 bytes"'],
    ['no JSON, though it says so', 'json/plain', '{"code":739164', '"••• 14 bytes"'],
    ['an encoding of others', 'binary/canaryFieldName', 'x', '"••• 1 bytes"'],
    ['nothing', 'binary/null', '', ''],
  ])('%s', (_what, encoding, data, expected) => {
    const payload = {
      metadata: { encoding: Buffer.from(encoding), messageType: Buffer.from(CANARIES.unknownName) },
      data: Buffer.from(data),
    };
    expect(showPayload(payload)).toBe(expected);
    expect(
      shownCanaries(
        JSON.stringify(redactPayload(payload).metadata, (_name, value: unknown) =>
          value instanceof Uint8Array ? Buffer.from(value).toString() : value,
        ),
      ),
    ).toEqual([]);
  });
});

test('any payload is shown as JSON, and hidden values stay hidden', () => {
  const names = [
    'state',
    'expiresAt',
    'outcome',
    'failure',
    'delivery',
    'code',
    'policy',
    '__proto__',
    'message',
    'field',
  ];
  const value = fc.object({
    key: fc.constantFrom(...names, CANARIES.unknownName),
    values: [fc.constantFrom('verified', CANARIES.email, CANARIES.code, CANARIES.accessToken, CARELESS), fc.string()],
  });
  fc.assert(
    fc.property(fc.oneof(value, fc.jsonValue()), (any) => {
      expect(shownCanaries(JSON.stringify(show(any)))).toEqual([]);
    }),
    { numRuns: 500 },
  );
  const deep = Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(showPayload({ metadata: { encoding: Buffer.from('json/plain') }, data: deep })).toMatch(/^"••/);
});
