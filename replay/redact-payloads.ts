import { randomBytes } from 'node:crypto';
import { type KeyRing, type Opened, openSealed, PayloadRefusedError, seal } from '@cognito-verification/codec';
import { defined } from '@cognito-verification/contract';
import type { Payload, SerializationContext } from '@temporalio/common';
import { type JSONPayload, JSONToPayload, payloadToJSON } from '../temporal/proto-json.js';
import { redactMessage } from './redact-message.js';
import type { StandIns } from './stand-ins.js';

/** The workflow or the activity that a payload is sealed for. */
export type Place = SerializationContext;

/** A place for which no payload of a history is sealed. */
const ELSEWHERE: Place = { type: 'workflow', namespace: '', workflowId: 'elsewhere' };

/** Opens payloads, replaces their content, and seals them again for the same place. */
export class PayloadRedactor {
  /** By payload: the workflow knows a copy of an input by its seal, so equal payloads must stay equal. */
  private readonly done = new Map<string, Promise<JSONPayload>>();

  constructor(
    private readonly rings: { keys: KeyRing; sealWith: KeyRing },
    private readonly standIns: StandIns,
  ) {}

  /**
   * Redacts one payload.
   * @param places the places that it may have been sealed for, the likeliest first
   * @throws UnknownKeyError, KeyServiceError
   */
  redact(payload: JSONPayload, places: readonly Place[]): Promise<JSONPayload> {
    const known = JSON.stringify([places[0], payload]);
    const redacting = this.done.get(known) ?? this.redactOne(payload, places);
    this.done.set(known, redacting);
    return redacting;
  }

  private async redactOne(json: JSONPayload, places: readonly Place[]): Promise<JSONPayload> {
    const payload: Payload = JSONToPayload(json);
    const key = await this.rings.sealWith.current();
    try {
      const { opened, place } = await this.open(payload, places);
      return payloadToJSON(seal(this.inner(opened.payload), key, place));
    } catch (error) {
      if (!(error instanceof PayloadRefusedError)) throw error;
      // The workflow refused this payload. It must refuse the stand-in for the same reason.
      switch (error.refusal) {
        case 'misplaced':
          return payloadToJSON(seal(jsonPayload('null'), key, ELSEWHERE));
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
      // The stand-in is no JSON either.
      return { ...payload, data: Buffer.alloc(bytes.byteLength) };
    }
    return { ...payload, data: Buffer.from(JSON.stringify(redactMessage(value, this.standIns))) };
  }
}

function jsonPayload(json: string): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) };
}

/** A payload that no key opens. It names a key if the original named one. */
function damaged({ metadata, data }: Payload, keyId: string): Payload {
  return {
    metadata: defined({
      encoding: Buffer.from('binary/encrypted'),
      'encryption-key-id': metadata?.['encryption-key-id'] && Buffer.from(keyId),
    }),
    data: randomBytes(data?.byteLength ?? 0),
  };
}
