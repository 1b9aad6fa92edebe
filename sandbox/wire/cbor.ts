import { cbor, dateToTag } from '@smithy/core/cbor';
import * as v from 'valibot';
import type { Input } from '../members.js';
import { JsonObject } from '../schema.js';
import { jsonWire } from './json.js';
import type { Wire } from './wire.js';

/** Timestamps have the tag 1. */
const Timestamp = v.object({ tag: v.literal(1), value: v.number() });

/** The members of a request; undefined of a body that is no map. */
export function readCbor(body: Uint8Array): Input | undefined {
  try {
    const input: unknown = body.length === 0 ? {} : withDates(cbor.deserialize(body));
    return v.is(JsonObject, input) ? input : undefined;
  } catch {
    return undefined;
  }
}

/** Smithy RPC v2 CBOR: the path names the operation, and bodies are binary. boto3 and the AWS CLI speak it to CloudWatch. */
export const CBOR_WIRE: Wire = {
  answer: ({ requestId }, members) => ({
    status: 200,
    headers: headers(requestId),
    body: cbor.serialize(withTags(members)).slice(),
  }),
  refusal: ({ requestId }, { name, message, status, members }) => ({
    status,
    headers: headers(requestId),
    body: cbor.serialize(withTags({ __type: name, message, ...members })).slice(),
  }),
  refusals: jsonWire('1.0').refusals,
};

function headers(requestId: string): Record<string, string> {
  return { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-RequestId': requestId };
}

function withDates(value: unknown): unknown {
  if (v.is(Timestamp, value)) return new Date(value.value * 1000);
  return mapped(value, withDates);
}

function withTags(value: unknown): unknown {
  return value instanceof Date ? dateToTag(value) : mapped(value, withTags);
}

function mapped(value: unknown, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (!v.is(JsonObject, value)) return value;
  const present = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(present.map(([name, each]) => [name, change(each)]));
}
