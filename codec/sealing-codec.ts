import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { KeyServiceError, NotSealedError, PayloadRefusedError, UnknownKeyError } from './errors.js';
import type { KeyRing } from './key-ring.js';
import { unopened, withProvenance } from './provenance.js';
import { open, openSealed, seal } from './seal.js';

/** Tells whoever operates a worker what could not be opened, why, and where it had come to. */
export type ReportUnopened = (
  error: PayloadRefusedError | UnknownKeyError | KeyServiceError,
  place: SerializationContext | undefined,
) => void;

/**
 * Seals everything that leaves the process and opens everything that comes in.
 *
 * A client throws on what it cannot open. A worker must not: a workflow task that fails is tried again for ever, and anyone
 * who may write to the namespace can send what nobody can open. There it is reported and handed on to the workflow, which
 * refuses it like any other wrong input. Where a key is missing, and the input has been taken already, the workflow fails the
 * task by itself: that succeeds as soon as the key is back, and nothing is lost.
 */
export class SealingCodec implements PayloadCodec {
  /** @param report for a worker: hands on what cannot be opened, instead of throwing, and tells of it here */
  constructor(
    private readonly keys: KeyRing,
    private readonly report?: ReportUnopened,
    private readonly now: () => number = Date.now,
  ) {}

  async encode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    const key = await this.keys.current().catch((cause: unknown) => {
      throw new NotSealedError(cause instanceof Error ? cause.message : String(cause), {
        cause: cause instanceof KeyServiceError ? cause.cause : cause,
      });
    });
    return payloads.map((payload) => seal(payload, key, place, this.now()));
  }

  async decode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    return await Promise.all(payloads.map((payload) => this.openOne(payload, place)));
  }

  private async openOne(payload: Payload, place: SerializationContext | undefined): Promise<Payload> {
    if (!this.report) return await open(payload, this.keys, place);
    try {
      const { payload: opened, provenance } = await openSealed(payload, this.keys, place);
      return place?.type === 'workflow' ? withProvenance(opened, provenance) : opened;
    } catch (error) {
      if (!isUnopened(error)) throw error;
      this.report(error, place);
      return unopened(error instanceof PayloadRefusedError ? 'refused' : 'keyMissing', error.message);
    }
  }
}

function isUnopened(error: unknown): error is Parameters<ReportUnopened>[0] {
  return [PayloadRefusedError, UnknownKeyError, KeyServiceError].some((kind) => error instanceof kind);
}
