/**
 * A payload as bytes: the message `temporal.api.common.v1.Payload` of Temporal's API, with the fields `metadata` (1) and `data`
 * (2). `@temporalio/proto` can do it too, but holds every message of Temporal, and a client of another version has a second copy.
 */
import type { Payload } from '@temporalio/common';
import protobuf from 'protobufjs/minimal.js';

const { Reader, Writer } = protobuf;

/** The tag of a field that holds bytes: wire type 2, in the encoding of Protocol Buffers. */
const tag = (field: number) => (field << 3) | 2;

/** The payload as a message. */
export function encodePayload({ metadata, data }: Payload): Uint8Array {
  const writer = Writer.create();
  for (const [key, value] of Object.entries(metadata ?? {})) {
    writer.uint32(tag(1)).fork().uint32(tag(1)).string(key).uint32(tag(2)).bytes(value).ldelim();
  }
  if (data) writer.uint32(tag(2)).bytes(data);
  return writer.finish();
}

/**
 * The payload in a message. It leaves out fields that it does not know.
 * @throws for bytes that are no message
 */
export function decodePayload(bytes: Uint8Array): Payload {
  const entries: [string, Uint8Array][] = [];
  let data: Uint8Array | undefined;
  eachField(bytes, (field, value) => {
    if (field === 1) entries.push(entryOf(value));
    if (field === 2) data = value;
  });
  return { metadata: Object.fromEntries(entries), ...(data && { data }) };
}

function entryOf(bytes: Uint8Array): [key: string, value: Uint8Array] {
  let key = '';
  let value: Uint8Array = new Uint8Array();
  eachField(bytes, (field, found) => {
    if (field === 1) key = Buffer.from(found).toString();
    if (field === 2) value = found;
  });
  return [key, value];
}

function eachField(bytes: Uint8Array, read: (field: number, value: Uint8Array) => void): void {
  const reader = Reader.create(bytes);
  while (reader.pos < reader.len) {
    const found = reader.tag();
    if ((found & 7) === 2) read(found >>> 3, reader.bytes());
    else reader.skipType(found & 7, 0, found >>> 3);
  }
}
