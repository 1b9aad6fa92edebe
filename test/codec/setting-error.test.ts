import { inspect } from 'node:util';
import { describeSecretFile, quoteSetting, readSettings, SettingError } from '@cognito-verification/codec';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

it('says each setting once, also where nobody catches it', () => {
  const shown = inspect(new SettingError([{ name: 'ONE', found: '1', allowed: '2' }]));
  expect(shown.match(/ONE/g)).toHaveLength(1);
  expect(shown).toMatch(/^SettingError: ONE: found 1; allowed: 2\n +at /);
});

it('no user and no password of an address is quoted', () => {
  const word = fc.stringMatching(/^[a-z0-9!.:+-]{6,12}$/);
  fc.assert(
    fc.property(word, word, fc.constantFrom('', 'http://', 'https://', 'htp://'), (user, password, scheme) => {
      const quoted = quoteSetting(`${scheme}${user}:${password}@host.example:1/path`);
      expect(quoted).toBe(`"${scheme}…@host.example:1/path"`);
    }),
  );
});

it.each(['host:7233', 'https://tokens.example.com/a@b', 'me', ''])('%s is quoted as it is', (value) => {
  expect(quoteSetting(value)).toBe(JSON.stringify(value));
});

it.each([
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
  'eyJhbGciOiJFUzI1NiJ9.eyJhY2NvdW50In0.c2ln',
  'q2Xv9pR0TqB3mKcZl8uYw1HsE5dJ7aN4oGfVtIxSk=',
])('what looks like a secret in the wrong setting is not quoted', (secret) => {
  expect(quoteSetting(secret)).toBe(`${secret.length} characters that look like a secret, which is not shown`);
  expect(describeSecretFile(secret)).toBe('a file');
});

it('the file of a secret is named only where it can be nothing but a path', () => {
  expect(describeSecretFile('/run/secrets/key.pem')).toBe('the file "/run/secrets/key.pem"');
  for (const other of ['hunter2', 'a:b', 'a b.pem', 'x=1.pem']) expect(describeSecretFile(other)).toBe('a file');
});

it('names the problems of every reader, and hands on any other error at once', () => {
  const wrong = (name: string) => (): never => {
    throw new SettingError([{ name, found: '1', allowed: '2' }]);
  };
  const readers = { one: wrong('ONE'), good: () => 1, two: wrong('TWO'), again: wrong('ONE') };
  expect(() => readSettings(readers)).toThrow(/^ONE: found 1; allowed: 2\nTWO: found 1; allowed: 2$/);
  const broken = () => {
    throw new TypeError('a bug');
  };
  expect(() => readSettings({ one: wrong('ONE'), broken })).toThrow(TypeError);
  expect(readSettings({ one: () => 1, two: () => 'a' })).toEqual({ one: 1, two: 'a' });
});
