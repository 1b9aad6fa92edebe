import { readFileSync } from 'node:fs';
import { encryptionKey, type KeyRing, keyRingOf } from '@cognito-verification/codec';
import { payloadConverter } from '@cognito-verification/codec/payload-converter';
import { provenanceOf } from '@cognito-verification/codec/provenance';
import { workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import type { Payload, SerializationContext } from '@temporalio/common';
import { expect, it } from 'vitest';
import { codecOf, inActivity, inWorkflow, newKey, openOne, payloadOf, sealOne } from './fixtures.js';

const ring = keyRingOf(newKey('key-1'));
const codec = codecOf(ring);
const INPUT = { code: '135790' };

/** As an input reaches a workflow. */
async function received(payload: Payload, place: SerializationContext, keys: KeyRing = ring): Promise<unknown> {
  const [opened] = (await workerDataConverter(keys).payloadCodecs?.[0]?.decode([payload], place)) ?? [];
  if (!opened) throw new Error('nothing opened');
  return payloadConverter.fromPayload(opened);
}

it('a workflow recognises a copy of an input; the value itself is unchanged', async () => {
  const sealed = await sealOne(codec, INPUT, inWorkflow('w'));
  const [first, copy] = [await received(sealed, inWorkflow('w')), await received(sealed, inWorkflow('w'))];
  expect(first).toEqual(INPUT);
  const { sealId } = provenanceOf(first) ?? {};
  expect(provenanceOf(copy)).toEqual({ sealId });
  const another = await received(await sealOne(codec, INPUT, inWorkflow('w')), inWorkflow('w'));
  expect(provenanceOf(another)?.sealId).not.toBe(sealId);
});

it('a copy with the tag in the other position is still recognised', async () => {
  const sealed = await sealOne(codec, INPUT, inWorkflow('w'));
  const data = Buffer.from(sealed.data ?? []);
  const turned = { ...sealed, data: Buffer.concat([data.subarray(0, 12), data.subarray(-16), data.subarray(12, -16)]) };
  const [first, copy] = [await received(sealed, inWorkflow('w')), await received(turned, inWorkflow('w'))];
  expect(copy).toEqual(INPUT);
  expect(provenanceOf(copy)).toEqual(provenanceOf(first));
});

it('a sender cannot set the provenance', async () => {
  const claimed = { sealId: 'mine' };
  const payload = payloadOf(INPUT);
  const [sealed] = await codec.encode(
    [{ ...payload, metadata: { ...payload.metadata, provenance: Buffer.from(JSON.stringify(claimed)) } }],
    inWorkflow('w'),
  );
  expect(provenanceOf(await received(sealed ?? {}, inWorkflow('w')))).not.toMatchObject({ sealId: 'mine' });
});

it('only an object in a workflow has a provenance, without a time if a sample’s codec sealed it', async () => {
  expect(provenanceOf(await received(await sealOne(codec, 'text', inWorkflow('w')), inWorkflow('w')))).toBeUndefined();
  const activity = inActivity('w', '1');
  expect(provenanceOf(await received(await sealOne(codec, INPUT, activity), activity))).toBeUndefined();
  expect(provenanceOf(await openOne(codec, await sealOne(codec, INPUT)))).toBeUndefined();

  const { keysInHex, vectors } = JSON.parse(readFileSync('test/python/golden-payloads.json', 'utf8'));
  const golden = Object.entries(keysInHex).map(([id, hex]) => encryptionKey(id, Buffer.from(String(hex), 'hex')));
  const { sealed } = vectors.find(({ name }: { name: string }) => name === 'object');
  const payload = {
    metadata: {
      encoding: Buffer.from(sealed.metadata.encoding, 'base64'),
      'encryption-key-id': Buffer.from(sealed.metadata['encryption-key-id'], 'base64'),
    },
    data: Buffer.from(sealed.data, 'base64'),
  };
  expect(provenanceOf(await received(payload, inWorkflow('w'), keyRingOf(...golden)))).toEqual({
    sealId: expect.stringMatching(/^[\w+/]{16}$/),
  });
});
