import { randomBytes } from 'node:crypto';
import { type KeyRing, type Opened, openSealed, PayloadRefusedError, seal } from '@cognito-verification/codec';
import type { Payload, SerializationContext } from '@temporalio/common';
import { type JSONPayload, JSONToPayload, payloadToJSON } from '../temporal/proto-json.js';
import { redactMessage } from './redact-message.js';
import type { StandIns } from './stand-ins.js';

/** What a payload is sealed for. */
export type Place = SerializationContext;

/** Where nothing of a history is sealed for. */
const ELSEWHERE: Place = { type: 'workflow', namespace: '', workflowId: 'elsewhere' };

/** Opens payloads, replaces what is in them, and seals them again: for the same place and as of the same time. */
export class PayloadRedactor {
  /** A copy of an input is known by its seal, so it must stay one. */
  private readonly done = new Map<string, Promise<JSONPayload>>();

  constructor(
    private readonly rings: { keys: KeyRing; sealWith: KeyRing },
    private readonly standIns: StandIns,
  ) {}

  /**
   * @param places for which it may have been sealed, the likeliest first
   * @param eventTimeMs for one that does not say when it was sealed
   * @throws UnknownKeyError, KeyServiceError
   */
  redact(payload: JSONPayload, places: readonly Place[], eventTimeMs: number): Promise<JSONPayload> {
    const known = JSON.stringify([places[0], payload]);
    const redacting = this.done.get(known) ?? this.redactOne(payload, places, eventTimeMs);
    this.done.set(known, redacting);
    return redacting;
  }

  private async redactOne(json: JSONPayload, places: readonly Place[], eventTimeMs: number): Promise<JSONPayload> {
    const payload: Payload = JSONToPayload(json);
    const key = await this.rings.sealWith.current();
    try {
      const { opened, place } = await this.open(payload, places);
      const { sealedAtMs = eventTimeMs } = opened.provenance;
      return payloadToJSON(seal(this.inner(opened.payload), key, place, sealedAtMs));
    } catch (error) {
      if (!(error instanceof PayloadRefusedError)) throw error;
      // What the workflow has refused it refuses again, for the same reason.
      switch (error.refusal) {
        case 'misplaced':
          return payloadToJSON(seal(jsonPayload('null'), key, ELSEWHERE, eventTimeMs));
        case 'notSealed':
          return payloadToJSON(jsonPayload('"x"'));
        case 'damaged':
          return payloadToJSON(damaged(payload, key.id));
      }
    }
  }

  private async open(
    payload: Payload,
    places: readonly Place[],
  ): Promise<{ opened: Opened; place: Place | undefined }> {
    const [place, ...others] = places;
    try {
      return { opened: await openSealed(payload, this.rings.keys, place), place };
    } catch (error) {
      const misplaced = error instanceof PayloadRefusedError && error.refusal === 'misplaced';
      if (misplaced && others.length > 0) return await this.open(payload, others);
      throw error;
    }
  }

  private inner(payload: Payload): Payload {
    const encoding = payload.metadata?.['encoding'] ? Buffer.from(payload.metadata['encoding']).toString() : '';
    if (encoding === 'binary/null') return payload;
    const bytes = Buffer.from(payload.data ?? new Uint8Array());
    if (encoding !== 'json/plain') return { ...payload, data: Buffer.alloc(bytes.byteLength) };
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString());
    } catch {
      // No JSON, as before.
      return { ...payload, data: Buffer.alloc(bytes.byteLength) };
    }
    return { ...payload, data: Buffer.from(JSON.stringify(redactMessage(value, this.standIns))) };
  }
}

function jsonPayload(json: string): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) };
}

/** Nothing opens it, and it says as much of its key as it did. */
function damaged({ metadata, data }: Payload, keyId: string): Payload {
  return {
    metadata: {
      encoding: Buffer.from('binary/encrypted'),
      ...(metadata?.['encryption-key-id'] ? { 'encryption-key-id': Buffer.from(keyId) } : {}),
    },
    data: randomBytes(data?.byteLength ?? 0),
  };
}
