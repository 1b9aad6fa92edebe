import { type KeyRing, KeyServiceError, keyRingFromSettings } from '@cognito-verification/codec';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { codecOf, openOne, payloadOf, sealOne } from './fixtures.js';
import { KmsEmulation } from './kms-emulation.js';

const MINUTES = 60_000;
const HOURS = 60 * MINUTES;
let kms: KmsEmulation | undefined;
let arn: string;
let problems: string[];

beforeAll(async () => {
  kms = await KmsEmulation.start();
  arn = (await kms?.createKey()) ?? '';
}, 10 * MINUTES);

afterAll(async () => {
  await kms?.stop();
});

beforeEach((context) => {
  if (kms === undefined) context.skip('no python3 on this machine');
  kms?.setLine('up');
  // As deployed, with the client that the codec creates.
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms?.endpoint ?? '');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'any');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'any');
  vi.useFakeTimers({ toFake: ['performance'] });
  problems = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const ring = (): KeyRing =>
  keyRingFromSettings({ VERIFICATION_ENCRYPTION_KMS_KEYS: arn }, (problem) => problems.push(problem));

it('away at the start: nothing is sealed, the error names the key and what to check, and later it works', async () => {
  kms?.setLine('cut');
  const keys = ring();
  const refused = codecOf(keys).encode([payloadOf(1)]);
  await expect(refused).rejects.toThrow(KeyServiceError);
  await expect(refused).rejects.toThrow(/^AWS KMS did not make a data key with arn:.*Check the key's state and that/);
  kms?.setLine('up');
  expect(await openOne(codecOf(keys), await sealOne(codecOf(keys), 'secret'))).toBe('secret');
  expect(problems).toEqual([]);
});

it('silent at the start: the ring gives up before a workflow task would', async () => {
  kms?.setLine('silent');
  const startedAt = Date.now();
  await expect(codecOf(ring()).encode([payloadOf(1)])).rejects.toThrow(KeyServiceError);
  expect(Date.now() - startedAt).toBeLessThan(9_000);
});

it('silent later: no payload waits for it, the problem is reported, and the data key changes once it is back', async () => {
  const codec = codecOf(ring());
  const wrappedKey = async (): Promise<string> => {
    const { metadata } = await sealOne(codec, 'secret');
    return Buffer.from(metadata?.['encryption-wrapped-key'] ?? []).toString('base64');
  };
  const before = await wrappedKey();
  vi.advanceTimersByTime(1 * HOURS + 1);
  kms?.setLine('silent');
  const startedAt = Date.now();
  for (let time = 0; time < 50; time++) expect(await wrappedKey()).toBe(before);
  expect(Date.now() - startedAt).toBeLessThan(1_000);
  await expect
    .poll(() => problems)
    .toEqual([
      expect.stringMatching(/^AWS KMS did not make a data key with arn:.* The previous data key stays in use\.$/),
    ]);

  // Once a minute, not for every payload.
  expect(await wrappedKey()).toBe(before);
  kms?.setLine('up');
  vi.advanceTimersByTime(MINUTES + 1);
  await expect.poll(wrappedKey).not.toBe(before);
  expect(problems).toHaveLength(1);
});

it('away for a day: the last data key keeps sealing, and known keys still open', async () => {
  const codec = codecOf(ring());
  const sealed = await sealOne(codec, 'secret');
  kms?.setLine('cut');
  vi.advanceTimersByTime(25 * HOURS);
  expect(await openOne(codec, await sealOne(codec, 'still'))).toBe('still');
  await expect.poll(() => problems).toHaveLength(1);
  expect(await openOne(codec, sealed)).toBe('secret');
});

it('away when the data key of another process is needed: fails, is not remembered, and opens once it is back', async () => {
  const sealed = await sealOne(codecOf(ring()), 'secret');
  const otherCodec = codecOf(ring());
  kms?.setLine('cut');
  const all = await Promise.allSettled(Array.from({ length: 5 }, () => openOne(otherCodec, sealed)));
  for (const result of all) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'KeyService' } });
  kms?.setLine('up');
  expect(await openOne(otherCodec, sealed)).toBe('secret');
});

it('a look at the keys says within 10 s that KMS is away, and that it is back', async () => {
  const keys = ring();
  await keys.current();
  await keys.check?.();
  kms?.setLine('cut');
  await expect(keys.check?.()).rejects.toThrow(/^AWS KMS did not unwrap a data key with arn:/);
  kms?.setLine('silent');
  const startedAt = Date.now();
  await expect(keys.check?.()).rejects.toThrow(KeyServiceError);
  expect(Date.now() - startedAt).toBeLessThan(10_000);
  kms?.setLine('up');
  await keys.check?.();
});
