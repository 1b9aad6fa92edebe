import {
  clientDataConverter,
  type KeyRing,
  KeyServiceError,
  keyRingOf,
  PayloadRefusedError,
} from '@cognito-verification/codec';
import { failureConverter } from '@cognito-verification/codec/failure-converter';
import { payloadConverter } from '@cognito-verification/codec/payload-converter';
import { isKeyMissing } from '@cognito-verification/codec/provenance';
import { CONVERTER_PATHS, workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import { ApplicationFailure, type Payload, type PayloadCodec, type ProtoFailure } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
  encodeErrorToFailure,
} from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import {
  isLoadedDataConverter,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/data-converter-helpers.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { codecOf, inActivity, inWorkflow, newKey, payloadOf, sealOne } from './fixtures.js';

const key = newKey('key-1');
const ring = keyRingOf(key);
const codec = codecOf(ring);
const reported: [string, string | undefined][] = [];
const workerOf = (keys: KeyRing) =>
  workerDataConverter(keys, (error, place) => reported.push([error.name, place?.workflowId]));

function workerCodec(keys: KeyRing): PayloadCodec {
  const [first] = workerOf(keys).payloadCodecs ?? [];
  if (!first) throw new Error('no codec');
  return first;
}

beforeEach(() => {
  reported.length = 0;
});

/** Payloads that no key opens, and the message for each. */
async function unopened(): Promise<[Payload, RegExp][]> {
  const sealed = await sealOne(codec, 'secret', inWorkflow('w'));
  return [
    [payloadOf('secret'), /in plain text/],
    [{ ...sealed, data: sealed.data?.subarray(1) ?? null }, /changed on its way/],
    [await sealOne(codec, 'secret', inWorkflow('other')), /sealed for another workflow or activity/],
    [await sealOne(codec, 'secret', inActivity('w', '1')), /sealed for another workflow or activity/],
  ];
}

describe('a worker', () => {
  it('passes an unreadable payload on as an Error with the reason, and reports its place', async () => {
    const converter = loadDataConverter(workerOf(ring));
    for (const [payload, words] of await unopened()) {
      const [value] = await decodeArrayFromPayloads(converter, [payload], inWorkflow('w'));
      expect(value).toBeInstanceOf(Error);
      expect((value as Error).message).toMatch(words);
      expect(reported.splice(0)).toEqual([['PayloadRefusedError', 'w']]);
    }
  });

  it('opens the payloads next to it', async () => {
    const converter = loadDataConverter(workerOf(ring));
    const good = await sealOne(codec, 'good', inWorkflow('w'));
    const all = [good, payloadOf('plain'), good];
    const values = await decodeArrayFromPayloads(converter, all, inWorkflow('w'));
    expect(values).toEqual(['good', expect.any(Error), 'good']);
  });

  it('passes on the error of a missing key or an unavailable key service, and reports it', async () => {
    const sealed = await sealOne(codecOf(keyRingOf(newKey('gone'))), 'secret');
    const away: KeyRing = { ...ring, find: () => Promise.reject(new KeyServiceError('away')) };
    for (const keys of [ring, away]) {
      const [handedOn] = await workerCodec(keys).decode([sealed], inWorkflow('w'));
      const value: unknown = payloadConverter.fromPayload(handedOn ?? expect.unreachable());
      expect(value).toBeInstanceOf(Error);
      expect(isKeyMissing(value)).toBe(true);
    }
    expect(reported).toEqual([
      ['UnknownKeyError', 'w'],
      ['KeyServiceError', 'w'],
    ]);
  });

  it('does not mistake an error of ours for one of the payload', async () => {
    const broken: KeyRing = { ...ring, find: () => Promise.reject(new TypeError('a bug')) };
    await expect(workerCodec(broken).decode([await sealOne(codec, 1)])).rejects.toThrow(TypeError);
    expect(reported).toEqual([]);
  });

  it('seals everything with one lookup of the key', async () => {
    let lookups = 0;
    const counting: KeyRing = { ...ring, current: () => ((lookups += 1), Promise.resolve(key)) };
    await workerCodec(counting).encode(Array.from({ length: 50 }, () => payloadOf(1)));
    expect(lookups).toBe(1);
  });
});

describe('a client', () => {
  it('throws a typed error', async () => {
    for (const [payload, words] of await unopened()) {
      const answer = codec.decode([payload], inWorkflow('w'));
      await expect(answer).rejects.toThrow(PayloadRefusedError);
      await expect(answer).rejects.toThrow(words);
      await expect(answer).rejects.toMatchObject({ code: 'PayloadRefused' });
    }
  });
});

describe('the payload converter', () => {
  const json = (text: string): Payload => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(text),
  });

  it('passes an unreadable payload on as an Error that quotes nothing of it', () => {
    const payloads = [
      json('{"accessToken": "secret'),
      {},
      { metadata: { encoding: Buffer.from('json/unknown') }, data: Buffer.from('secret') },
      { metadata: { encoding: Buffer.from('json/protobuf') }, data: Buffer.from('secret') },
    ];
    for (const payload of payloads) {
      const value: unknown = payloadConverter.fromPayload(payload);
      expect(value).toEqual(new Error('a payload that cannot be read'));
    }
  });

  it('reads and writes like the default converter', () => {
    for (const value of [undefined, null, 0, 'text', { a: [1] }, Uint8Array.of(1, 2)]) {
      const payload = payloadConverter.toPayload(value);
      expect(payload).toEqual(payloadOf(value));
      expect(payloadConverter.fromPayload(payload)).toEqual(value);
    }
  });
});

describe('the failure converter', () => {
  const thrown = (): ApplicationFailure =>
    ApplicationFailure.create({
      message: 'SECRET in the message',
      type: 'LimitExceededException',
      details: [{ field: 'SECRET in the details' }],
      cause: new TypeError('SECRET in the cause'),
    });
  /** With bytes decoded as text. */
  const textIn = (failure: ProtoFailure): string =>
    JSON.stringify(failure, (_, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
    );

  it.each([
    ['of a client', clientDataConverter(ring)],
    ['of a worker', workerOf(ring)],
  ])('%s leaves only the names of types unsealed', async (_, settings) => {
    const converter = isLoadedDataConverter(settings) ? settings : loadDataConverter(settings);
    const failure = await encodeErrorToFailure(converter, thrown(), inWorkflow('w'));
    const text = textIn(failure);
    expect(text).toContain('LimitExceededException');
    // The last one is a file name, as in a stack trace.
    for (const hidden of ['SECRET', 'converters.test']) expect(text.includes(hidden), hidden).toBe(false);
    // Without sealing, the same search finds them.
    const plain = textIn(await encodeErrorToFailure(loadDataConverter({}), thrown()));
    for (const hidden of ['SECRET', 'converters.test']) expect(plain.includes(hidden), hidden).toBe(true);
    const opened = await decodeOptionalFailureToOptionalError(converter, failure, inWorkflow('w'));
    expect(opened).toMatchObject({
      message: 'SECRET in the message',
      details: [{ field: 'SECRET in the details' }],
      cause: { message: 'SECRET in the cause' },
    });
  });

  it('marks a failure whose message was altered, on a worker', async () => {
    const converter = loadDataConverter(workerOf(ring));
    const failure = await encodeErrorToFailure(converter, thrown(), inWorkflow('w'));
    const { encodedAttributes } = failure;
    const changed = { ...failure, encodedAttributes: { ...encodedAttributes, data: Buffer.alloc(60) } };
    const opened = await decodeOptionalFailureToOptionalError(converter, changed, inWorkflow('w'));
    expect(opened).toMatchObject({
      type: 'LimitExceededException',
      message: expect.stringMatching(/^a sealed payload that was/),
    });
  });

  it('is the one in the workflow bundle', async () => {
    const [payloads, failures] = await Promise.all([
      import(CONVERTER_PATHS.payloadConverterPath),
      import(CONVERTER_PATHS.failureConverterPath),
    ]);
    expect(payloads.payloadConverter).toBe(payloadConverter);
    expect(failures.failureConverter).toBe(failureConverter);
  });
});
