import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { encryptionKey, KEY_SETTINGS, keyRingFromSettings, parseKeys, SettingError } from '@cognito-verification/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, newKey, openOne, sealOne } from './fixtures.js';

const { keys: KEYS, file: FILE, kms: KMS } = KEY_SETTINGS;
const KEY = randomBytes(32).toString('base64');
const OTHER = randomBytes(32).toString('base64');
const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

function problemsOf(environment: NodeJS.ProcessEnv): SettingError['problems'] {
  try {
    keyRingFromSettings(environment);
  } catch (error) {
    if (error instanceof SettingError) return error.problems;
    throw error;
  }
  return [];
}

describe('valid settings', () => {
  it.each([
    ['one', `a:${KEY}`, ['a']],
    ['several, the first to seal', `a:${KEY},b:${OTHER}`, ['a', 'b']],
    ['one on each line', `a:${KEY}\nb:${OTHER}\n`, ['a', 'b']],
    ['lines with Windows line endings', `a:${KEY}\r\nb:${OTHER}\r\n`, ['a', 'b']],
    ['spaces around', `  a:${KEY} ,\t b:${OTHER} `, ['a', 'b']],
    ['empty entries', `,,a:${KEY},\n\n,b:${OTHER},`, ['a', 'b']],
    ['a byte order mark', `\uFEFFa:${KEY}`, ['a']],
    ['comments', `# ours\na:${KEY}\n  # the old one, until May, then out\nb:${OTHER}`, ['a', 'b']],
    ['a commented line with two keys', `a:${KEY}\n# b:${OTHER},c:${OTHER}`, ['a']],
    ['every character of an id', `2026-11.Key_1:${KEY}`, ['2026-11.Key_1']],
    ['base64 without padding', `a:${KEY.replace('=', '')}`, ['a']],
    ['base64url', `a:${Buffer.from(KEY, 'base64').toString('base64url')}`, ['a']],
  ])('%s', (_, text, ids) => {
    const parsed = parseKeys(text, 'KEYS');
    expect(parsed.map(({ id }) => id)).toEqual(ids);
    expect(parsed[0]?.secret.export()).toEqual(Buffer.from(KEY, 'base64'));
  });

  it('an empty variable counts as unset', () => {
    expect(() => keyRingFromSettings({ [KEYS]: `a:${KEY}`, [FILE]: '', [KMS]: '' })).not.toThrow();
  });

  it('keys from the environment open alongside those of KMS', async () => {
    const before = await sealOne(codecOf(keyRingFromSettings({ [KEYS]: `a:${KEY}` })), 'before');
    const after = keyRingFromSettings({ [KEYS]: `a:${KEY}`, [KMS]: ARN });
    expect(await openOne(codecOf(after), before)).toBe('before');
  });
});

describe('invalid settings are refused with their name, what was found and what is allowed', () => {
  const form = 'id:key pairs, the key 32 bytes in base64, the first to seal and all to open';
  const short = randomBytes(16).toString('base64');

  it.each([
    ['no id', KEY, 'key 1 of 1 without an id', form],
    ['an empty id', `:${KEY}`, 'key 1 of 1 with an id of another form', /^ids of 1 to 64/],
    ['an id with a space', `my key:${KEY}`, 'key 1 of 1 with an id of another form', /^ids of 1 to 64/],
    ['a long id', `${'i.'.repeat(33)}:${KEY}`, 'key 1 of 1 with an id of another form', /^ids of 1 to 64/],
    ['quotes', `"a:${KEY}"`, 'key 1 of 1 with an id of another form', /^ids of 1 to 64/],
    ['one id twice', `a:${KEY},b:${KEY},a:${OTHER}`, 'key 3 of 3 with the id of key 1', 'each id once'],
    ['the halves mixed up', `${KEY.replace('=', '')}:a`, /key 1 of 1 with/, /./],
    [
      'a key instead of an id',
      `${OTHER.replace(/[=+/]/g, 'A').slice(0, 43)}:${KEY}`,
      'key 1 of 1 with a key for its id',
      /id first/,
    ],
    ['an empty key', 'a:', 'key 1 of 1 not in base64', form],
    ['a key that is not base64', `a:${KEY}!`, 'key 1 of 1 not in base64', form],
    ['16 bytes', `b:${KEY},a:${short}`, 'key 2 of 2 with 16 bytes', form],
    ['33 bytes', `a:${randomBytes(33).toString('base64')}`, 'key 1 of 1 with 33 bytes', form],
    ['hexadecimal digits', `a:${randomBytes(32).toString('hex')}`, 'key 1 of 1 in hexadecimal digits', form],
    ['another separator', `a=${KEY}`, 'key 1 of 1 without an id', form],
    ['only spaces', '  ', 'no key', form],
    ['only a comment', '# none yet', 'no key', form],
  ])('%s', (_, text, found, allowed) => {
    expect(problemsOf({ [KEYS]: text })).toEqual([
      {
        name: KEYS,
        found: typeof found === 'string' ? found : expect.stringMatching(found),
        allowed: typeof allowed === 'string' ? allowed : expect.stringMatching(allowed),
      },
    ]);
  });

  it.each([
    ['zeros', Buffer.alloc(32)],
    ['ones', Buffer.alloc(32, 1)],
    ['the byte 255', Buffer.alloc(32, 255)],
    ['a short text over and over', Buffer.alloc(32, 'password')],
    ['digits', Buffer.from('01234567890123456789012345678901')],
    ['zeros with little beside them', Buffer.concat([randomBytes(10), Buffer.alloc(22)])],
  ])('a key of %s', (_, bytes) => {
    const allowed = '32 random bytes, as openssl rand -base64 32 makes them';
    expect(problemsOf({ [KEYS]: `b:${KEY},a:${bytes.toString('base64')}` })).toEqual([
      { name: KEYS, found: 'key 2 of 2 with bytes that repeat', allowed },
    ]);
    expect(() => encryptionKey('a', bytes)).toThrow('A key must have 32 random bytes; those of "a" repeat.');
  });

  it('no setting at all; the error says how to create a key', () => {
    expect(problemsOf({})).toEqual([
      { name: KEYS, found: 'nothing', allowed: expect.stringContaining('openssl rand -base64 32') },
    ]);
  });

  it('both a variable and a file', () => {
    const problem = { name: FILE, found: `a value beside ${KEYS}`, allowed: 'one of the two' };
    expect(problemsOf({ [KEYS]: `a:${KEY}`, [FILE]: '/etc/hostname' })).toEqual([problem]);
  });

  it.each([
    ['a key id', '1234abcd-12ab-34cd-56ef-1234567890ab', 'entry 1 of 1 that is no ARN'],
    ['an alias', 'alias/verification', 'entry 1 of 1 that is no ARN'],
    [
      'the ARN of an alias',
      `${ARN}, ${ARN.replace(/key.*/, 'alias/a')}`,
      /^entry 2 of 2, "arn:.*alias\/a", that is not/,
    ],
    ['of another service', 'arn:aws:s3:::bucket', /^entry 1 of 1, "arn:aws:s3:::bucket", that is not/],
    ['only commas', ',,', 'no ARN'],
  ])('of KMS: %s', (_, text, found) => {
    const expected = typeof found === 'string' ? found : expect.stringMatching(found);
    expect(problemsOf({ [KMS]: text })).toEqual([
      { name: KMS, found: expected, allowed: expect.stringMatching(/^ARNs of symmetric keys of AWS KMS/) },
    ]);
  });
});

describe('no key is ever shown', () => {
  /** Ten characters in a row identify part of a key; no message of ours contains any such run. */
  const showsPartOf = (key: string, text: string): boolean =>
    Array.from({ length: key.length - 9 }, (_, at) => key.slice(at, at + 10)).some((part) => text.includes(part));

  it('in any error, whichever variable holds the key', () => {
    const forms = [
      (key: string) => key,
      (key: string) => `${key}:a`,
      (key: string) => `a:${key}`,
      (key: string) => `${key}:${key}`,
      (key: string) => `a:${key}!,b`,
      (key: string) => `a:${key},a:${key}`,
      (key: string) => `a ${key}`,
      (key: string) => `a=${key}`,
      (key: string) => `a:${key}:b`,
      (key: string) => `${key},${key}`,
      (key: string) => `"a:${key}"`,
      (key: string) => `#a:${key}`,
      (key: string) => `b:${KEY}\na:${key.slice(5)}`,
    ];
    const encodings = ['base64', 'base64url', 'hex'] as const;
    const lengths = [16, 24, 31, 32, 33, 48];
    const seen = { wrong: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...lengths).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
        fc.constantFrom(...encodings),
        fc.constantFrom(...forms),
        fc.constantFrom(KEYS, FILE, KMS),
        (bytes, encoding, form, variable) => {
          const key = Buffer.from(bytes).toString(encoding);
          // A run of zeros occurs in too many texts.
          fc.pre(new Set(key).size > 8);
          try {
            keyRingFromSettings({ [variable]: form(key) });
          } catch (error) {
            seen.wrong += 1;
            expect(error).toBeInstanceOf(SettingError);
            const printed = `${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)} ${String(error)}`;
            expect(showsPartOf(key, printed), printed).toBe(false);
          }
        },
      ),
      { numRuns: 3_000 },
    );
    expect(seen.wrong).toBeGreaterThan(1_000);
  });

  it('when a key or a ring is printed', () => {
    const key = newKey('a');
    const text = key.secret.export().toString('base64');
    const ring = keyRingFromSettings({ [KEYS]: `a:${text}` });
    for (const value of [key, key.secret, ring, codecOf(ring)]) {
      const printed = [
        inspect(value, { depth: 9, showHidden: true }),
        JSON.stringify(value),
        `${Object(value)}`,
        String(Object.entries(value)),
      ].join(' ');
      expect(printed).not.toContain(text.slice(0, 8));
      expect(printed).not.toContain(key.secret.export().toString('hex').slice(0, 8));
    }
  });
});
