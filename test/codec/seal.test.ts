import { encryptionKey, isSealed, keyRingOf, UnknownKeyError } from '@cognito-verification/codec';
import type { Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bare, codecOf, inWorkflow, newKey, openOne, payloadOf, refusalOf, sealOne, textOf } from './fixtures.js';

const key = newKey('key-1');
const ring = keyRingOf(key);
const codec = codecOf(ring);
const SECRET = { accessToken: 'eyJraWQiOiJ0aGUgdG9rZW4', code: '135790' };

const dataOf = ({ data }: Payload): Uint8Array => data ?? new Uint8Array();

describe('round trip', () => {
  it('opens whatever was sealed, also several at once, and does not modify its input', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 1, maxLength: 4 }), async (values) => {
        const payloads = values.map(payloadOf);
        const before = structuredClone(payloads);
        const sealed = await codec.encode(payloads, inWorkflow('w'));
        expect(payloads).toEqual(before);
        expect(sealed.every(isSealed)).toBe(true);
        expect((await codec.decode(sealed, inWorkflow('w'))).map(bare)).toEqual(before.map(bare));
      }),
    );
  });

  it('keeps all metadata, and bytes that are not text', async () => {
    const payload = {
      metadata: { encoding: Buffer.from('binary/plain'), own: Buffer.of(0, 255) },
      data: Buffer.of(0, 1),
    };
    const opened = await codec.decode(await codec.encode([payload], inWorkflow('w')), inWorkflow('w'));
    expect(opened.map(bare)).toEqual([bare(payload)]);
  });

  it('shows only the encoding and the key id', async () => {
    const sealed = await sealOne(codec, SECRET, inWorkflow('w'));
    expect(Object.keys(sealed.metadata ?? {})).toEqual(['encoding', 'encryption-key-id']);
    expect(textOf(sealed.metadata?.['encoding'])).toBe('binary/encrypted');
    expect(textOf(sealed.metadata?.['encryption-key-id'])).toBe('key-1');
    expect(Buffer.from(dataOf(sealed)).includes('token')).toBe(false);
    expect(Buffer.from(dataOf(sealed)).includes('135790')).toBe(false);
  });

  it('never uses a nonce twice', async () => {
    const sealed = await codec.encode(Array.from({ length: 20_000 }, () => payloadOf(1)));
    const nonces = new Set(sealed.map((payload) => Buffer.from(dataOf(payload)).toString('hex', 0, 12)));
    expect(nonces.size).toBe(20_000);
  });
});

describe('keys', () => {
  it('the first seals, all open', async () => {
    const [old, fresh] = [newKey('old'), newKey('new')];
    const before = await sealOne(codecOf(keyRingOf(old)), 'before');
    const rotated = codecOf(keyRingOf(fresh, old));
    expect(await openOne(rotated, before)).toBe('before');
    expect(textOf((await sealOne(rotated, 'after')).metadata?.['encryption-key-id'])).toBe('new');
  });

  it('a missing key is named, along with the available ones', async () => {
    const sealed = await sealOne(codecOf(keyRingOf(newKey('gone'))), SECRET);
    const refused = codecOf(keyRingOf(newKey('a'), newKey('b'))).decode([sealed]);
    await expect(refused).rejects.toThrow(UnknownKeyError);
    await expect(refused).rejects.toMatchObject({ keyId: 'gone', code: 'UnknownKey' });
    await expect(refused).rejects.toThrow(/key "gone", which is not in the key ring here \("a", "b"\)/);
  });

  it('an id from outside has no effect on a terminal, and only a limited part is printed', async () => {
    const sealed = await sealOne(codec, SECRET);
    const id = Buffer.from(`\u001b[2J\n${'x'.repeat(5_000)}`);
    const refused = codec.decode([{ ...sealed, metadata: { ...sealed.metadata, 'encryption-key-id': id } }]);
    const error: Error = await refused.then(
      () => new Error('opened'),
      (reason: Error) => reason,
    );
    expect(error).toBeInstanceOf(UnknownKeyError);
    expect(error.message.length).toBeLessThan(600);
    expect(Buffer.from(error.message).every((byte) => byte >= 32)).toBe(true);
  });

  it('a ring without keys, with two keys of one id, or with a key of another length cannot be created', () => {
    expect(() => keyRingOf()).toThrow(RangeError);
    expect(() => keyRingOf(newKey('a'), newKey('b'), newKey('a'))).toThrow(RangeError);
    for (const length of [0, 16, 24, 31, 33, 64]) {
      expect(() => encryptionKey('short', new Uint8Array(length)), String(length)).toThrow(/32 bytes; "short" has/);
    }
  });
});

it('opens the layout of the .NET sample: nonce, tag, ciphertext', async () => {
  const ours = await sealOne(codec, SECRET);
  const data = Buffer.from(ours.data ?? []);
  const tagFirst = Buffer.concat([data.subarray(0, 12), data.subarray(-16), data.subarray(12, -16)]);
  const sealed = { ...ours, data: tagFirst };
  expect(await openOne(codec, sealed, inWorkflow('w'))).toEqual(SECRET);
  for (const index of tagFirst.keys()) {
    const changed = Uint8Array.from(tagFirst);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(await refusalOf(codec, { ...sealed, data: changed }), `byte ${index}`).toBe('damaged');
  }
});
