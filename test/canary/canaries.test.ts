/** Tests the search itself: it must find a canary in every encoding. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { sightings } from './canaries.js';

const VALUE = 'ada.1f9c@canary.example';
const find = (text: string | Uint8Array) =>
  sightings([{ name: 'e-mail', value: VALUE }], 'here', text).map(({ form }) => form);

it.each([
  ['raw', `to ${VALUE}, now`],
  ['base64', Buffer.from(JSON.stringify({ to: VALUE })).toString('base64')],
  ['base64', Buffer.from(JSON.stringify({ address: VALUE, more: 'text' })).toString('base64url')],
  ['URL-encoded', `https://example.com/?to=${encodeURIComponent(VALUE)}`],
  ['JSON escapes', `"${VALUE.replaceAll(/./g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}"`],
  ['hex', Buffer.from(`x${VALUE}`).toString('hex')],
  ['UTF-16', Buffer.from(`to ${VALUE}`, 'utf16le')],
])('finds it in %s', (form, text) => {
  expect(find(text)).toContain(form);
});

it('finds it in base64 at every alignment, whatever surrounds it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (before, after) => {
      const bytes = Buffer.concat([before, Buffer.from(VALUE), after]);
      expect(find(bytes.toString('base64'))).toContain('base64');
      expect(find(bytes.toString('base64url'))).toContain('base64');
    }),
  );
});

it('finds nothing where there is nothing', () => {
  expect(find('z***@e*** and a lot of other text')).toEqual([]);
});
