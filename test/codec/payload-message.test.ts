/** What seals hold inside is Temporal's own message, byte for byte. */
import proto from '@temporalio/proto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodePayload, encodePayload } from '../../codec/payload-message.js';

const Message = proto.temporal.api.common.v1.Payload;

// Long ones too, whose length takes two bytes.
const bytes = fc.uint8Array({ maxLength: 300 });
const payloads = fc.record({
  metadata: fc.dictionary(fc.string({ unit: 'grapheme' }), bytes, { noNullPrototype: true }),
  data: bytes,
});
const plain = (value: Uint8Array | null | undefined) => [...(value ?? [])];
const shown = ({ metadata, data }: { metadata?: Record<string, Uint8Array> | null; data?: Uint8Array | null }) => [
  Object.entries(metadata ?? {}).map(([key, value]) => [key, plain(value)]),
  plain(data),
];

it('writes what Temporal reads, and reads what Temporal writes', () => {
  fc.assert(
    fc.property(payloads, (payload) => {
      const message = encodePayload(payload);
      expect(Buffer.from(message)).toEqual(Buffer.from(Message.encode(payload).finish()));
      expect(shown(decodePayload(message))).toEqual(shown(payload));
      expect(shown(Message.decode(message))).toEqual(shown(payload));
    }),
  );
});

it('leaves out what it does not know', () => {
  const known = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') };
  // A number (field 9), eight bytes (10), a text (11), four bytes (12).
  const unknown = Buffer.from([0x48, 0x96, 0x01, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5a, 2, 0x61, 0x62, 0x65, 1, 2, 3, 4]);
  expect(shown(decodePayload(Buffer.concat([unknown, encodePayload(known), unknown])))).toEqual(shown(known));
});

it('refuses what is no message', () => {
  const message = Buffer.from(
    encodePayload({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.alloc(9) }),
  );
  for (let end = 1; end < message.length; end += 1) {
    if (end !== message.length - 11)
      expect(() => decodePayload(message.subarray(0, end)), `${end}`).toThrow(RangeError);
  }
  expect(() => decodePayload(Buffer.alloc(11, 0xff))).toThrow('more than ten bytes');
  expect(() => decodePayload(Buffer.of(0x0b))).toThrow('a wire type');
});
