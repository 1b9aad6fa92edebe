/**
 * A payload as bytes: the message `temporal.api.common.v1.Payload` of Temporal's API, with the fields `metadata` (1, a map of text
 * to bytes) and `data` (2, bytes), in the encoding of Protocol Buffers (protobuf.dev, "Encoding"). Not by a library: `@temporalio/proto`
 * holds every message of Temporal, and is there twice where a service has another version of Temporal's client; protobufjs
 * compiles WebAssembly when it is loaded, for numbers that this message does not have, which took two thirds of the import of the client.
 */
import type { Payload } from '@temporalio/common';

// Temporal stores large payloads elsewhere only after it has sealed them, so what is sealed has no `externalPayloads` (3).

/** The wire type of texts, bytes and messages: a length, and as many bytes. */
const WITH_LENGTH = 2;

/** The payload as a message. */
export function encodePayload({ metadata, data }: Payload): Uint8Array {
  const fields = Object.entries(metadata ?? {}).map(([key, value]) =>
    fieldOf(1, Buffer.concat([fieldOf(1, Buffer.from(key)), fieldOf(2, value)])),
  );
  if (data?.byteLength) fields.push(fieldOf(2, data));
  return Buffer.concat(fields);
}

function fieldOf(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(number * 8 + WITH_LENGTH), varintOf(bytes.byteLength), bytes]);
}

function varintOf(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.of(...bytes, rest);
}

/**
 * The payload in a message. It leaves out fields that it does not know.
 * @throws RangeError for bytes that are no message
 */
export function decodePayload(bytes: Uint8Array): Payload {
  const entries: [string, Uint8Array][] = [];
  let data: Uint8Array | undefined;
  eachField(bytes, (number, value) => {
    if (number === 1) entries.push(entryOf(value));
    if (number === 2) data = value;
  });
  return { metadata: Object.fromEntries(entries), ...(data && { data }) };
}

function entryOf(bytes: Uint8Array): [key: string, value: Uint8Array] {
  let key = '';
  let value: Uint8Array = new Uint8Array();
  eachField(bytes, (number, found) => {
    if (number === 1) key = Buffer.from(found).toString();
    if (number === 2) value = found;
  });
  return [key, value];
}

/** Reads a message: a tag, which is a number of a field and a wire type, and a value, again and again. */
function eachField(bytes: Uint8Array, read: (number: number, value: Uint8Array) => void): void {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (length > bytes.byteLength - at) throw new RangeError('a message that ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const varint = (): number => {
    let value = 0;
    for (let place = 0; place < 10; place += 1) {
      const [byte = 0] = take(1);
      value += (byte % 0x80) * 0x80 ** place;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number of more than ten bytes');
  };
  while (at < bytes.byteLength) {
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === WITH_LENGTH) read(Math.floor(tag / 8), take(varint()));
    else if (wireType === 0) varint();
    else if (wireType === 1) take(8);
    else if (wireType === 5) take(4);
    else throw new RangeError('a wire type that there is not');
  }
}
