/**
 * Payloads in protobuf's JSON, as the Web UI, the `temporal` command and SDKs exchange them with a codec server. The SDK's own
 * functions do not fit here: they throw for damaged base64, and they leave out data that is empty.
 */
import { isRecord } from '@cognito-verification/contract';
import type { Payload } from '@temporalio/common';
import { CodecRefusal } from './refusal.js';

/** A payload in JSON. Its bytes are in base64. */
export interface WirePayload {
  metadata?: Record<string, string> | null | undefined;
  data?: string | null | undefined;
  /** The sizes of payloads that are stored elsewhere. */
  externalPayloads?: { sizeBytes?: string | number }[] | null | undefined;
}

/**
 * Reads the body of a request.
 * @param mostPayloads how many payloads it may hold
 * @throws CodecRefusal 400 or 413
 */
export function readPayloads(body: string, mostPayloads: number): WirePayload[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    // The parser's message would quote the body.
    throw invalid('The body is not JSON.');
  }
  // Protobuf's JSON leaves out an empty list: `temporal workflow query` sends `{}` where there is no input.
  if (isRecord(document) && Object.keys(document).length === 0) return [];
  if (!isRecord(document) || !Array.isArray(document['payloads'])) {
    throw invalid('The body must be {"payloads": [{"metadata": {…}, "data": "…"}]}.');
  }
  const payloads: unknown[] = document['payloads'];
  if (payloads.length > mostPayloads) {
    throw new CodecRefusal(
      413,
      'TooManyPayloads',
      `The body has ${payloads.length} payloads; at most ${mostPayloads} are allowed.`,
    );
  }
  return payloads.map((payload, index) => {
    if (isWirePayload(payload)) return payload;
    throw invalid(`payloads[${index}] is no payload: metadata holds texts by name, data is a text, both in base64.`);
  });
}

/** Decodes a payload. Damaged base64 gives other bytes, and no key opens those. */
export function fromWire({ metadata, data }: WirePayload): Payload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? '', 'base64') };
}

/** Encodes a payload. */
export function toWire({ metadata, data }: Payload): WirePayload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)] as const);
  return { metadata: Object.fromEntries(entries), data: base64(data ?? new Uint8Array()) };
}

/** The payload as it came, without unknown fields: the `temporal` command refuses an answer that has some. */
export function unchanged({ metadata, data, externalPayloads }: WirePayload): WirePayload {
  return { metadata: metadata ?? undefined, data: data ?? undefined, externalPayloads: externalPayloads ?? undefined };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Protobuf's JSON may have `null` for a field that is absent. */
function isWirePayload(value: unknown): value is WirePayload {
  if (!isRecord(value)) return false;
  const { metadata, data, externalPayloads } = value;
  return (
    (metadata == null || (isRecord(metadata) && Object.values(metadata).every((text) => typeof text === 'string'))) &&
    (data == null || typeof data === 'string') &&
    (externalPayloads == null || (Array.isArray(externalPayloads) && externalPayloads.every(isSize)))
  );
}

function isSize(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.entries(value).every(
      ([name, size]) => name === 'sizeBytes' && (typeof size === 'string' || typeof size === 'number'),
    )
  );
}

function invalid(message: string): CodecRefusal {
  return new CodecRefusal(400, 'InvalidRequest', message);
}
