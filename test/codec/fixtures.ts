import { randomBytes } from 'node:crypto';
import {
  clientDataConverter,
  type EncryptionKey,
  encryptionKey,
  KEY_BYTES,
  type KeyRing,
  PayloadRefusedError,
} from '@cognito-verification/codec';
import {
  defaultPayloadConverter,
  type Payload,
  type PayloadCodec,
  type SerializationContext,
} from '@temporalio/common';

/** A key that occurs nowhere else. */
export const newKey = (id: string): EncryptionKey => encryptionKey(id, randomBytes(KEY_BYTES));

/** The codec of a client: it throws if it cannot open a payload. */
export function codecOf(keys: KeyRing): PayloadCodec {
  const [codec] = clientDataConverter(keys).payloadCodecs ?? [];
  if (!codec) throw new Error('no codec');
  return codec;
}

/** A value as the SDK hands it to a codec. */
export const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
export const valueOf = (payload: Payload): unknown => defaultPayloadConverter.fromPayload(payload);

/** As plain byte arrays: the SDK accepts a `Buffer` as one, `toEqual` does not. */
export const bare = ({ metadata, data }: Payload): unknown => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, [...bytes]])),
  data: [...(data ?? [])],
});

export async function sealOne(codec: PayloadCodec, value: unknown, place?: SerializationContext): Promise<Payload> {
  const [sealed] = await codec.encode([payloadOf(value)], place);
  if (!sealed) throw new Error('nothing sealed');
  return sealed;
}

export async function openOne(codec: PayloadCodec, payload: Payload, place?: SerializationContext): Promise<unknown> {
  const [opened] = await codec.decode([payload], place);
  if (!opened) throw new Error('nothing opened');
  return valueOf(opened);
}

/** Why a payload is refused; undefined if it opens. */
export async function refusalOf(
  codec: PayloadCodec,
  payload: Payload,
  place?: SerializationContext,
): Promise<string | undefined> {
  try {
    await codec.decode([payload], place);
    return undefined;
  } catch (error) {
    if (error instanceof PayloadRefusedError) return error.refusal;
    throw error;
  }
}

export const inWorkflow = (workflowId: string): SerializationContext => ({
  type: 'workflow',
  namespace: 'default',
  workflowId,
});

export const inActivity = (workflowId: string, activityId: string): SerializationContext => ({
  type: 'activity',
  namespace: 'default',
  workflowId,
  activityId,
  isLocal: false,
});

export const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
