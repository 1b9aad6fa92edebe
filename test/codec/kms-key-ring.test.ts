import {
  DecryptCommand,
  DisabledException,
  IncorrectKeyException,
  InvalidCiphertextException,
  type KMSClient,
  KMSInvalidStateException,
} from '@aws-sdk/client-kms';
import {
  type KeyRing,
  KeyServiceError,
  type KmsKeyRingOptions,
  keyRingOf,
  kmsKeyRing,
  UnknownKeyError,
} from '@cognito-verification/codec';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codecOf, inWorkflow, newKey, openOne, payloadOf, refusalOf, sealOne, textOf } from './fixtures.js';
import { KmsEmulation } from './kms-emulation.js';

const MINUTES = 60_000;
let kms: KmsEmulation | undefined;
let arn: string;
let second: string;

beforeAll(async () => {
  kms = await KmsEmulation.start();
  arn = (await kms?.createKey()) ?? '';
  second = (await kms?.createKey()) ?? '';
}, 10 * MINUTES);

afterAll(async () => {
  await kms?.stop();
});

beforeEach((context) => {
  if (kms === undefined) context.skip('no python3 on this machine');
  kms?.calls.splice(0);
});

/** Each process has its own ring. */
const ring = (keyIds = [arn], options: Partial<KmsKeyRingOptions> = {}): KeyRing =>
  kmsKeyRing({ keyIds, clientFor: (region) => kms?.client(region) as KMSClient, ...options });
const calls = (): string[] => kms?.calls ?? [];

describe('envelope', () => {
  it('seals with a data key, whose wrapped form from KMS is stored next to the payload', async () => {
    const sealed = await sealOne(codecOf(ring()), 'secret', inWorkflow('w'));
    expect(Object.keys(sealed.metadata ?? {})).toEqual(['encoding', 'encryption-key-id', 'encryption-wrapped-key']);
    expect(textOf(sealed.metadata?.['encryption-key-id'])).toBe(arn);
    const wrapped = sealed.metadata?.['encryption-wrapped-key'];
    const command = { KeyId: arn, CiphertextBlob: wrapped };
    const EncryptionContext = { application: 'cognito-verification' };
    const { Plaintext } = (await kms?.client().send(new DecryptCommand({ ...command, EncryptionContext }))) ?? {};
    expect(Plaintext?.byteLength).toBe(32);
    // The encryption context binds it to this product.
    await expect(kms?.client().send(new DecryptCommand(command))).rejects.toThrow(InvalidCiphertextException);
  });

  it('another process opens it, and asks KMS once for each data key', async () => {
    const [here, there, elsewhere] = [codecOf(ring()), codecOf(ring()), codecOf(ring())];
    const [first, other] = [await sealOne(here, 'a', inWorkflow('w')), await sealOne(there, 'b', inWorkflow('w'))];
    expect(calls()).toEqual(['GenerateDataKey', 'GenerateDataKey']);
    for (let time = 0; time < 3; time++) {
      expect(await openOne(elsewhere, first, inWorkflow('w'))).toBe('a');
      expect(await openOne(elsewhere, other, inWorkflow('w'))).toBe('b');
      expect(await openOne(here, first, inWorkflow('w'))).toBe('a');
    }
    expect(calls()).toEqual(['GenerateDataKey', 'GenerateDataKey', 'Decrypt', 'Decrypt']);
  });

  it('a hundred simultaneous first uses create one data key, and unwrap another process’s key once', async () => {
    const codec = codecOf(ring());
    const sealed = await Promise.all(Array.from({ length: 100 }, (_, index) => sealOne(codec, index)));
    const otherCodec = codecOf(ring());
    expect(await Promise.all(sealed.map((payload) => openOne(otherCodec, payload)))).toEqual([...sealed.keys()]);
    expect(calls()).toEqual(['GenerateDataKey', 'Decrypt']);
  });

  it('each lifetime has a new data key, and no payload waits for it', async () => {
    const renewed = ring([arn], { dataKeyLifetimeMs: 0 });
    const { wrapped } = await renewed.current();
    expect((await renewed.current()).wrapped).toBe(wrapped);
    await expect.poll(async () => (await renewed.current()).wrapped).not.toBe(wrapped);
  });
});

describe('keys', () => {
  it('the first seals, all open', async () => {
    const before = await sealOne(codecOf(ring([arn])), 'before');
    const rotated = codecOf(ring([second, arn]));
    expect(await openOne(rotated, before)).toBe('before');
    expect(textOf((await sealOne(rotated, 'after')).metadata?.['encryption-key-id'])).toBe(second);
  });

  it('a key outside the list is named and never requested', async () => {
    const sealed = await sealOne(codecOf(ring([second])), 'secret');
    calls().length = 0;
    const refused = codecOf(ring([arn])).decode([sealed]);
    await expect(refused).rejects.toThrow(UnknownKeyError);
    await expect(refused).rejects.toMatchObject({ keyId: second });
    expect(calls()).toEqual([]);
  });

  it('keys from before KMS still open, and are named once they are gone', async () => {
    const old = newKey('autumn');
    const sealed = await sealOne(codecOf(keyRingOf(old)), 'before');
    expect(await openOne(codecOf(ring([arn], { older: keyRingOf(old) })), sealed)).toBe('before');
    await expect(openOne(codecOf(ring()), sealed)).rejects.toMatchObject({ code: 'UnknownKey', keyId: 'autumn' });
    expect(calls()).toEqual([]);
  });

  it('a ring without keys cannot be created', () => {
    expect(() => kmsKeyRing({ keyIds: [] })).toThrow(RangeError);
  });
});

describe('an altered wrapped key', () => {
  const withWrapped = (payload: Payload, wrapped: Uint8Array): Payload => ({
    ...payload,
    metadata: { ...payload.metadata, 'encryption-wrapped-key': wrapped },
  });

  it('is refused like any damage, permanently', async () => {
    const sealed = await sealOne(codecOf(ring()), 'secret');
    const wrapped = Buffer.from(sealed.metadata?.['encryption-wrapped-key'] ?? []);
    const changed = Uint8Array.from(wrapped);
    const last = changed.length - 1;
    changed[last] = (changed[last] ?? 0) ^ 1;
    const wrong = [changed, wrapped.subarray(0, 20), new Uint8Array(), new Uint8Array(6_145)];
    for (const bytes of wrong) expect(await refusalOf(codecOf(ring()), withWrapped(sealed, bytes))).toBe('damaged');
    // The ring does not ask KMS about data keys that KMS cannot have created.
    expect(calls().filter((name) => name === 'Decrypt')).toHaveLength(2);
  });

  it('is refused if it comes from another payload', async () => {
    const [target, source] = [await sealOne(codecOf(ring()), 1), await sealOne(codecOf(ring()), 2)];
    const wrapped = source.metadata?.['encryption-wrapped-key'] ?? new Uint8Array();
    expect(await refusalOf(codecOf(ring()), withWrapped(target, wrapped))).toBe('damaged');
  });

  it('is not opened with the id of another key', async () => {
    const sealed = await sealOne(codecOf(ring([arn])), 'secret');
    const metadata = { ...sealed.metadata, 'encryption-key-id': Buffer.from(second) };
    // moto denies access; KMS itself answers IncorrectKeyException, as tested below.
    await expect(codecOf(ring([arn, second])).decode([{ ...sealed, metadata }])).rejects.toThrow(KeyServiceError);
  });
});

describe('answers of KMS that moto does not give', () => {
  const answer = { $metadata: {}, message: 'so says KMS' };
  const saying = (error: Error): KeyRing =>
    ring([arn], {
      clientFor: () => {
        const client = kms?.client() as KMSClient;
        client.middlewareStack.add(
          () => async () => {
            throw error;
          },
          { step: 'serialize' },
        );
        return client;
      },
    });

  it.each([
    ['a disabled key', new DisabledException(answer)],
    ['a key that is scheduled for deletion', new KMSInvalidStateException(answer)],
  ])('%s: worth trying again', async (_, error) => {
    const sealed = await sealOne(codecOf(ring()), 'secret');
    const opened = codecOf(saying(error)).decode([sealed]);
    await expect(opened).rejects.toThrow(KeyServiceError);
    await expect(opened).rejects.toThrow(`AWS KMS did not unwrap a data key with ${arn} (${error.name}: so says KMS)`);
    const encoded = codecOf(saying(error)).encode([payloadOf(1)]);
    await expect(encoded).rejects.toThrow(`AWS KMS did not make a data key with ${arn} (${error.name}: so says KMS)`);
    await expect(encoded).rejects.toMatchObject({ code: 'KeyService', cause: error });
    await expect(saying(error).check?.()).rejects.toMatchObject({ code: 'KeyService', cause: error });
  });

  it.each([
    ['not wrapped with that key', new IncorrectKeyException(answer)],
    ['not wrapped at all', new InvalidCiphertextException(answer)],
  ])('%s: never opens', async (_, error) => {
    const sealed = await sealOne(codecOf(ring()), 'secret');
    expect(await refusalOf(codecOf(saying(error)), sealed)).toBe('damaged');
  });
});
