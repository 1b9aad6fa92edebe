import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { KeyServiceError, NotSealedError, PayloadRefusedError, UnknownKeyError } from './errors.js';
import type { KeyRing } from './key-ring.js';
import { unopened, withProvenance } from './provenance.js';
import { open, openSealed, seal } from './seal.js';

/** Reports a payload that could not be opened: why, and to which workflow or activity it came. */
export type ReportUnopened = (
  error: PayloadRefusedError | UnknownKeyError | KeyServiceError,
  place: SerializationContext | undefined,
) => void;

/**
 * Seals every payload that leaves the process and opens every payload that arrives.
 *
 * A client throws on what it cannot open. A worker must not: a workflow task that fails is retried for ever, and anyone with
 * write access to the namespace can send a payload that no key opens. So a worker reports it and hands it to the workflow,
 * which refuses it like any other wrong input. If a key is missing for an input that the workflow has already accepted, the
 * workflow fails the task itself: the task succeeds as soon as the key is back, and nothing is lost.
 */
export class SealingCodec implements PayloadCodec {
  /**
   * @param report for a worker: reports what cannot be opened, which is then not thrown. Default: throws, as for a client
   */
  constructor(
    private readonly keys: KeyRing,
    private readonly report?: ReportUnopened | undefined,
  ) {}

  async encode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    const key = await this.keys.current().catch((cause: unknown) => {
      throw new NotSealedError(cause instanceof Error ? cause.message : String(cause), {
        cause: cause instanceof KeyServiceError ? cause.cause : cause,
      });
    });
    return payloads.map((payload) => seal(payload, key, place));
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
