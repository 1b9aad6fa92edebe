/** What the Web UI, the `temporal` command and SDKs send to a codec server: payloads in protobuf's JSON. */
import type { Payload } from '@temporalio/common';
import { CodecRefusal } from './refusal.js';

/** A payload on this wire; bytes are in base64. */
export interface WirePayload {
  metadata?: Record<string, string> | null;
  data?: string | null;
  /** For payloads that are stored elsewhere: how long they are. */
  externalPayloads?: { sizeBytes?: string | number }[] | null;
}

/**
 * Reads the body of a request.
 * @param mostPayloads how many it may hold
 * @throws CodecRefusal 400 or 413, which quotes nothing
 */
export function readPayloads(body: string, mostPayloads: number): WirePayload[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    // The parser's message would quote the body.
    throw invalid('The body is not JSON.');
  }
  // Protobuf's JSON leaves an empty list out: `temporal workflow query` sends `{}` where there is no input.
  if (isObject(document) && Object.keys(document).length === 0) return [];
  if (!isObject(document) || !Array.isArray(document['payloads'])) {
    throw invalid('The body must be {"payloads": [{"metadata": {…}, "data": "…"}]}.');
  }
  const payloads: unknown[] = document['payloads'];
  if (payloads.length > mostPayloads) {
    throw new CodecRefusal(
      413,
      'TooManyPayloads',
      `The body has ${payloads.length} payloads; ${mostPayloads} are taken at a time.`,
    );
  }
  return payloads.map((payload, index) => {
    if (isWirePayload(payload)) return payload;
    throw invalid(`payloads[${index}] is no payload: metadata holds texts by name, data is a text, both in base64.`);
  });
}

/** The bytes of a payload. Base64 that is damaged is read as far as it goes: then nothing opens it. */
export function fromWire({ metadata, data }: WirePayload): Payload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? '', 'base64') };
}

/** The inverse. */
export function toWire({ metadata, data }: Payload): WirePayload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)] as const);
  return { metadata: Object.fromEntries(entries), data: base64(data ?? new Uint8Array()) };
}

/** Only what a payload has: the `temporal` command refuses an answer with anything else. */
export function unchanged({ metadata, data, externalPayloads }: WirePayload): WirePayload {
  return {
    ...(metadata ? { metadata } : {}),
    ...(typeof data === 'string' ? { data } : {}),
    ...(externalPayloads ? { externalPayloads } : {}),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** `null` is how protobuf's JSON may say that a field is absent. */
function isWirePayload(value: unknown): value is WirePayload {
  if (!isObject(value)) return false;
  const { metadata, data, externalPayloads } = value;
  return (
    (metadata == null || (isObject(metadata) && Object.values(metadata).every((text) => typeof text === 'string'))) &&
    (data == null || typeof data === 'string') &&
    (externalPayloads == null || (Array.isArray(externalPayloads) && externalPayloads.every(isSize)))
  );
}

function isSize(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([name, size]) => name === 'sizeBytes' && (typeof size === 'string' || typeof size === 'number'),
    )
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): CodecRefusal {
  return new CodecRefusal(400, 'InvalidRequest', message);
}
