import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText } from '../../log/redact-text.js';
import { base64Url, SUB, TOKEN, tokenOf } from '../sample-token.js';

const KEY = 'q2Xv9pR0TqB3mKc+Zl8/uYw1HsE5dJ7aN4oGfVtIxSk=';

describe('possible secrets are removed', () => {
  it.each([
    ['a token', `Bearer ${TOKEN} was refused`, 'Bearer [token] was refused'],
    ['a token without its signature', TOKEN.slice(0, TOKEN.lastIndexOf('.') + 1), '[token]'],
    ['the beginning of a token', `"${TOKEN.slice(0, 60)}…"`, '"[token]…"'],
    ['a token in a URL', `?access_token=${TOKEN}&next=1`, '?access_token=[token]&next=1'],
    ['a token in an escaped URL', `access_token%3D${TOKEN}%26`, 'access_token%3D[token]%26'],
    ['a token in JSON in JSON', JSON.stringify(JSON.stringify({ t: TOKEN })), '"{\\"t\\":\\"[token]\\"}"'],
    [
      'a token whose header was printed with spaces',
      `${base64Url('{\n  "alg": "RS256"}')}.${'a'.repeat(9)}.b`,
      '[token]',
    ],
    ['a sealed token', `${TOKEN}.${'b'.repeat(40)}.c2ln`, '[token]'],
    ['an address', 'to zoe.o+tag@mail.example.com, twice', 'to [email], twice'],
    ["an address with a name's apostrophe", "'o'brien@example.com'", "'[email]'"],
    ['an address in other letters', 'für zoë@bücher.example', 'für [email]'],
    ['an address in a URL', 'email=zoe%2Btag%40example.com&x', 'email=[email]&x'],
    ['an address after an escaped line end', '"a\\nzoe@example.com"', '"a\\[email]"'],
    ['a number', 'to +15555550123.', 'to [phone].'],
    ['a number with groups', 'to +1 (555) 555-0123 now', 'to [phone] now'],
    ['a number with other groups', '+49 1512 3456789, +33.6.12.34.56.78', '[phone], [phone]'],
    ['a number in a URL', 'phone=%2B15555550123&x', 'phone=[phone]&x'],
    ['a number before a date', '+1 555 555 0123 2026-11-23', '[phone] 2026-11-23'],
    ['a number without its country', '(555) 555-0123', '(555) [digits]'],
    ['a code', 'the code is 135790.', 'the code is [digits].'],
    ['a code of four digits', 'code: 1234', 'code: [digits]'],
    [
      'a code after its name',
      'code=1357 code:1357 Code1357 code_135790',
      'code=[digits] code:[digits] Code[digits] code_[digits]',
    ],
    ['a code in JSON', '{"code":"135790"} {"code":135790}', '{"code":"[digits]"} {"code":[digits]}'],
    ['a code in JSON in JSON', '{\\"code\\":\\"135790\\"}', '{\\"code\\":\\"[digits]\\"}'],
    [
      'a code in a URL',
      'code=135790&x code%3D135790%26 code%253D135790',
      'code=[digits]&x code%3D[digits]%26 code%253D[digits]',
    ],
    ['a code after an escaped line end', 'code:\\n135790\\n', 'code:\\n[digits]\\n'],
    ['a code in another script', '验证码135790', '验证码[digits]'],
    ['a code in two groups', 'code 123 456, Code: 123 456.', 'code [digits], Code: [digits].'],
    ['a code in three groups', 'Your code is 12 34 56!', 'Your code is [digits]!'],
    ['a code in groups of four', 'OTP\u00A01234 5678', 'OTP\u00A0[digits]'],
    [
      'a code in groups in JSON',
      '{"pin":"123 456"} {\\"pin\\": \\"12 34\\"}',
      '{"pin":"[digits]"} {\\"pin\\": \\"[digits]\\"}',
    ],
    ['a code in groups in a URL', 'code=123%20456&x code%3D123%20456', 'code=[digits]&x code%3D[digits]'],
    ['a code with a hyphen', '135-790', '[digits]'],
    ['a code in a path', '/verify/135790/', '/verify/[digits]/'],
    ['a key', `one:${KEY},two:${KEY}`, 'one:[redacted],two:[redacted]'],
    ['a key in a URL', encodeURIComponent(KEY), '[redacted]'],
    ['an opaque token', `refresh ${'aB3dE5gH'.repeat(6)}`, 'refresh [redacted]'],
    ['bytes as Rust prints them', `data: [${[...Buffer.from('"135790"')].join(', ')}]`, 'data: [[redacted]]'],
    ['bytes as Node prints them', '<Buffer 31 33 35 37 39 30>', '[redacted]'],
  ])('%s', (_what, text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });
});

it('does what the table in its source says', async () => {
  const source = await readFile(new URL('../../log/redact-text.ts', import.meta.url), 'utf8');
  const rows = [...source.matchAll(/^ \* \| (`.*`) +\| (?:the same|`(.*)`) +\| `\w+` +\|$/gm)];
  expect(rows).toHaveLength(20);
  for (const [, texts = '', redacted] of rows) {
    for (const [, text = ''] of texts.matchAll(/`([^`]*)`/g)) expect(redactText(text)).toBe(redacted ?? text);
  }
});

describe('useful parts of a log stay', () => {
  it.each([
    'z***@e***',
    'sent to +*******0123 by SMS',
    '2026-11-23T10:00:00.123Z and 2026-11-23T10:00:00.123456+00:00, 2026-11-23, 2026-11-23 10:00:00.123456789',
    `verify/us-east-1_AbC123456/${SUB}/phone_number`,
    `verify/us-east-1_123456789/12345678-1234-4234-8234-123456789012/email`,
    'attribute-verification-cognito, test-6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b, stack-20261123',
    'localhost:7233 temporal.example.com:7233 127.0.0.1:65535 [::1]:7233 http://127.0.0.1:9320/_sandbox/',
    'cognito-verification-worker-7d9f8b6c5d-x2x4z.payments.svc.cluster.local:9464',
    'my-verifications.a1b2c.tmprl.cloud:7233 cognito-idp.eu-central-1.amazonaws.com',
    'after 20000 ms, 5000ms, 1500 milliseconds, 10 minutes, 86400 seconds, 2.5 s, 1234.5678 ms',
    'exit code 137 2026-11-23, exit code 12 10:00:00, 12 34 56 events, code 12',
    'a wrong code\n- 2026-11-23 10:00:00 UTC: the right code, code 2026-11-23',
    'exit code 137, HTTP 400, attempt 3 of 15, signal 9, status: 429',
    '@temporalio/worker@1.24.0 typescript@7.0.2 v20.20.2 7.0.2007',
    'at Worker.run (file:///opt/app/node_modules/@temporalio/worker/lib/worker.js:1111:20)',
    'at async Promise.all (index 0)\n    at /opt/app/dist/workflow-bundle.js:41234:17',
    'com.amazonaws.cognito.AWSCognitoIdentityProviderService.GetUserAttributeVerificationCode',
    'VERIFICATION_ENCRYPTION_KEYS_FILE_WHICH_HAS_A_LONG_NAME=/run/secrets/keys',
    'UserLambdaValidationException: CustomMessage failed with error the address is refused.',
  ])('%s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

/** Possible neighbours of a word: spaces, quotes, brackets, URLs, JSON, and JSON in JSON. */
const before = fc.constantFrom(
  ' ',
  '"',
  "'",
  '=',
  ': ',
  '(',
  '[',
  '\n',
  '\\n',
  '\\"',
  '%3D',
  '%22',
  '%20',
  '%253D',
  '/',
  ',',
  '…',
  '文',
);
const after = fc.constantFrom(
  ' ',
  '"',
  "'",
  '&',
  ', ',
  ')',
  ']',
  '\n',
  '\\n',
  '\\"',
  '%26',
  '%22',
  '/',
  ';',
  '…',
  '文',
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.lorem({ maxCount: 4 }),
);
const planted = <T>(secret: fc.Arbitrary<T>) => fc.tuple(text, before, secret, after, text);
const letters = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength, maxLength });
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

describe('in any surroundings', () => {
  it('no token stays, whole or truncated', () => {
    const claims = fc.record({ sub: fc.uuid(), iss: fc.webUrl(), scope: fc.string(), exp: fc.nat() });
    fc.assert(
      fc.property(planted(fc.tuple(claims, fc.nat(60))), ([head, left, [some, cut], right, tail]) => {
        const token = tokenOf(some);
        const [header = '', body = ''] = token.split('.');
        const redacted = redactText(head + left + token.slice(0, token.length - cut) + right + tail);
        expect(redacted).not.toContain(header);
        expect(redacted).not.toContain(body.slice(0, 30));
      }),
    );
  });

  it('no address stays', () => {
    const address = fc.tuple(letters(`${BASE64}._-`, 1, 12), fc.domain()).map(([name, domain]) => `a${name}@${domain}`);
    fc.assert(
      fc.property(planted(address), ([head, left, secret, right, tail]) => {
        expect(redactText(head + left + secret + right + tail)).not.toContain(secret);
      }),
    );
  });

  it('no phone number stays, however it is grouped', () => {
    const groups = fc.array(fc.integer({ min: 10, max: 9999 }), { minLength: 3, maxLength: 3 });
    const number = fc
      .tuple(
        fc.constantFrom('+', '%2B'),
        fc.integer({ min: 100, max: 999 }),
        fc.constantFrom('', ' ', '-', '.', '\u00A0', ' (', '%20'),
        groups,
      )
      .map(([plus, country, separator, rest]) => plus + [country, ...rest].join(separator));
    fc.assert(
      fc.property(number, before, after, (secret, left, right) => {
        expect(redactText(`to${left}${secret}${right}`)).toBe(redactText(`to${left}`) + '[phone]' + redactText(right));
      }),
    );
  });

  it('no code stays', () => {
    fc.assert(
      fc.property(planted(letters('0123456789', 6, 10)), ([head, left, secret, right, tail]) => {
        fc.pre(!(head + right + tail).includes(secret));
        expect(redactText(head + left + secret + right + tail)).not.toContain(secret);
      }),
    );
  });

  it('no key stays', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    const random = key.filter((bytes) => new Set(bytes).size > 24);
    fc.assert(
      fc.property(
        planted(random),
        fc.constantFrom<BufferEncoding>('base64', 'base64url', 'hex'),
        ([head, left, bytes, right, tail], form) => {
          // Without its padding a key in base64 may be a path.
          const secret = bytes.toString(form);
          fc.pre(form !== 'base64' || secret.endsWith('=') || !secret.includes('/'));
          expect(redactText(head + left + secret + right + tail)).not.toContain(secret);
        },
      ),
    );
  });

  it('a second redaction changes nothing', () => {
    const fragment = fc.oneof(
      text,
      before,
      letters('0123456789.:-_+@%*eyJA= ', 1, 30),
      fc.constantFrom(
        TOKEN,
        KEY,
        'zoe@example.com',
        '+15555550123',
        '135790',
        '1234',
        'code',
        ':',
        '@',
        '%40',
        '.',
        '-',
        ' ms',
      ),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const once = redactText(fragments.join(''));
        expect(redactText(once)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });
});

/** More than any error message has. */
const MEGABYTE = 1_000_000;

it.each([
  'a',
  '1',
  '%',
  'é',
  '_',
  'a@',
  '%401',
  "a'",
  '+1 2',
  '+**',
  '11,  ',
  '1-a.',
  'eyJ.',
  'eyJaaaaaaaaaa',
  '<Buffer aa ',
  'code1111',
  'code 12 ',
  'code%20',
  '2026-11-23',
  '%25',
  'A1b=',
  'aB/',
  '\\u00',
])('takes time in proportion to the length: %j', (unit) => {
  const hostile = `${unit.repeat(MEGABYTE / unit.length)}!@x.=`;
  const start = performance.now();
  redactText(hostile);
  // Half a second here; a regular expression that backtracks takes hours.
  expect(performance.now() - start).toBeLessThan(10_000);
});
