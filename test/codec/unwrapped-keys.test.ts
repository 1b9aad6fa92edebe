/** When the cache of data keys asks KMS. kms-key-ring.test.ts tests KMS itself. */
import { randomBytes } from 'node:crypto';
import { DecryptCommand, InvalidCiphertextException, KMSInvalidStateException } from '@aws-sdk/client-kms';
import { type KeyRing, KeyServiceError, kmsKeyRing } from '@cognito-verification/codec';
import { afterEach, describe, expect, it, vi } from 'vitest';

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/one';
const wrap = (name: string) => Buffer.from(`wrapped ${name}`);

/** A KMS that unwraps what begins with `good`, is away for `away`, and has never seen the rest. */
class Kms {
  readonly asked: string[] = [];
  readonly ring: KeyRing;
  atOnce = 0;
  mostAtOnce = 0;
  away = false;

  constructor() {
    const send = async (command: unknown) => {
      if (!(command instanceof DecryptCommand)) throw new Error('only unwrapping is asked for here');
      const name = Buffer.from(command.input.CiphertextBlob ?? [])
        .toString()
        .replace('wrapped ', '');
      this.asked.push(name);
      this.atOnce += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      this.atOnce -= 1;
      if (this.away) throw new KMSInvalidStateException({ $metadata: {}, message: 'away' });
      if (!name.startsWith('good')) throw new InvalidCiphertextException({ $metadata: {}, message: 'no' });
      return { Plaintext: randomBytes(32) };
    };
    this.ring = kmsKeyRing({ keyIds: [ARN], clientFor: () => ({ send }) });
  }

  async find(name: string): Promise<unknown> {
    return await this.ring.find(ARN, wrap(name)).catch((error: unknown) => error);
  }
}

afterEach(() => vi.restoreAllMocks());

describe('a key that KMS has refused', () => {
  it('is not requested again for a minute', async () => {
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const kms = new Kms();
    for (let time = 0; time < 3; time++) expect(await kms.find('bad')).toMatchObject({ refusal: 'damaged' });
    now += 59_000;
    await kms.find('bad');
    expect(kms.asked).toEqual(['bad']);
    now += 2_000;
    await kms.find('bad');
    expect(kms.asked).toEqual(['bad', 'bad']);
  });

  it('evicts no other key, however many refusals come', async () => {
    const kms = new Kms();
    const key = await kms.find('good');
    await Promise.all(Array.from({ length: 2_000 }, async (_, index) => await kms.find(`bad ${index}`)));
    kms.asked.length = 0;
    expect(await kms.find('good')).toBe(key);
    expect(kms.asked).toEqual([]);
  });
});

it('a key about which KMS gave no answer is requested again', async () => {
  const kms = new Kms();
  kms.away = true;
  expect(await kms.find('good')).toBeInstanceOf(KeyServiceError);
  kms.away = false;
  expect(await kms.find('good')).toMatchObject({ id: ARN });
  expect(kms.asked).toEqual(['good', 'good']);
});

it('ten calls run at a time, and every caller gets an answer', async () => {
  const kms = new Kms();
  const names = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? `bad ${index}` : `good ${index}`));
  const found = await Promise.all(names.map(async (name) => await kms.find(name)));
  expect(kms.mostAtOnce).toBe(10);
  expect(found.map((one) => !(one instanceof Error))).toEqual(names.map((name) => name.startsWith('good')));
  expect(kms.asked).toHaveLength(500);
  // No caller still waits, and no slot is lost.
  await Promise.all(names.map(async (name) => await kms.find(`${name} again`)));
  expect(kms.mostAtOnce).toBe(10);
});

it('the least used of a thousand keys is evicted', async () => {
  const kms = new Kms();
  for (let index = 0; index < 1_000; index++) await kms.find(`good ${index}`);
  await kms.find('good 0');
  await kms.find('good 1000');
  kms.asked.length = 0;
  await kms.find('good 0');
  await kms.find('good 1');
  expect(kms.asked).toEqual(['good 1']);
});
