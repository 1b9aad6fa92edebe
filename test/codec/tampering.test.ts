import { keyRingOf } from '@cognito-verification/codec';
import type { Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, inWorkflow, newKey, openOne, payloadOf, refusalOf, sealOne } from './fixtures.js';

const codec = codecOf(keyRingOf(newKey('key-1')));
const SECRET = { accessToken: 'eyJraWQiOiJ0aGUgdG9rZW4', code: '135790' };

const withData = (payload: Payload, data: Uint8Array): Payload => ({ ...payload, data });
const dataOf = ({ data }: Payload): Uint8Array => data ?? new Uint8Array();

describe('an altered payload is refused', () => {
  it('with any bit flipped', async () => {
    const sealed = await sealOne(codec, SECRET, inWorkflow('w'));
    const length = dataOf(sealed).byteLength;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.nat(7), async (index, bit) => {
        const data = Uint8Array.from(dataOf(sealed));
        data[index] = (data[index] ?? 0) ^ (1 << bit);
        expect(await refusalOf(codec, withData(sealed, data))).toBe('damaged');
      }),
      { numRuns: 1_000 },
    );
  });

  it('with any byte changed', async () => {
    const sealed = await sealOne(codec, SECRET, inWorkflow('w'));
    for (const [index, byte] of dataOf(sealed).entries()) {
      const data = Uint8Array.from(dataOf(sealed));
      data[index] = byte ^ 0xff;
      expect(await refusalOf(codec, withData(sealed, data)), `byte ${index}`).toBe('damaged');
    }
  });

  it('truncated anywhere, down to nothing', async () => {
    const sealed = await sealOne(codec, SECRET, inWorkflow('w'));
    for (let length = 0; length < dataOf(sealed).byteLength; length++) {
      expect(await refusalOf(codec, withData(sealed, dataOf(sealed).subarray(0, length))), `${length}`).toBe('damaged');
      expect(await refusalOf(codec, withData(sealed, dataOf(sealed).subarray(length + 1)))).toBe('damaged');
    }
    expect(await refusalOf(codec, { metadata: sealed.metadata ?? {} })).toBe('damaged');
  });

  it('with anything inserted before, inside or after it', async () => {
    const sealed = await sealOne(codec, SECRET);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dataOf(sealed).byteLength),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        async (at, more) => {
          const data = Buffer.concat([dataOf(sealed).subarray(0, at), more, dataOf(sealed).subarray(at)]);
          expect(await refusalOf(codec, withData(sealed, data))).toBe('damaged');
        },
      ),
    );
  });

  it('with random bytes under a known key id', async () => {
    const { metadata = {} } = await sealOne(codec, SECRET);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (data) => {
        expect(await refusalOf(codec, { metadata: metadata ?? {}, data })).toBe('damaged');
      }),
    );
  });

  it('sealed with another key under the same id; the message names the id', async () => {
    const sealed = await sealOne(codecOf(keyRingOf(newKey('key-1'))), SECRET);
    await expect(openOne(codec, sealed)).rejects.toThrow(
      /changed on its way, or sealed with another key under the id "key-1"/,
    );
    expect(await refusalOf(codec, sealed)).toBe('damaged');
  });

  it('without a key id', async () => {
    const sealed = await sealOne(codec, SECRET);
    const { 'encryption-key-id': _, ...metadata } = sealed.metadata ?? {};
    expect(await refusalOf(codec, { ...sealed, metadata })).toBe('damaged');
    expect(
      await refusalOf(codec, { ...sealed, metadata: { ...metadata, 'encryption-key-id': new Uint8Array() } }),
    ).toBe('damaged');
  });
});

describe('plain text is refused', () => {
  it.each([
    ['as the SDK writes it', payloadOf(SECRET)],
    ['without metadata', { data: Buffer.from('{}') }],
    ['with another encoding', { metadata: { encoding: Buffer.from('binary/encrypted2') }, data: Buffer.alloc(64) }],
    [
      'that calls itself unreadable',
      { metadata: { encoding: Buffer.from('binary/unreadable') }, data: Buffer.from('x') },
    ],
    ['empty', {}],
  ])('%s', async (_, payload) => {
    expect(await refusalOf(codec, payload)).toBe('notSealed');
  });

  it('and its message quotes nothing of it', async () => {
    const error: Error = await codec.decode([payloadOf(SECRET)]).then(
      () => new Error('opened'),
      (reason: Error) => reason,
    );
    expect(error.message).toBe('a payload that came in plain text, not sealed');
  });
});
