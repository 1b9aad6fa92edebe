import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { KeyServiceError, PayloadRefusedError, UnknownKeyError } from './errors.js';
import type { KeyRing } from './key-ring.js';
import { unreadable, withProvenance } from './provenance.js';
import { open, openSealed, seal } from './seal.js';

/** Tells whoever operates a worker what could not be opened, why, and where it had come to. */
export type ReportUnopened = (
  error: PayloadRefusedError | UnknownKeyError | KeyServiceError,
  place: SerializationContext | undefined,
) => void;

/**
 * Seals everything that leaves the process and opens everything that comes in.
 *
 * A client throws on a payload that nothing opens. A worker must not: a workflow task that fails is tried again for
 * ever. There it is handed on as unreadable, and the workflow refuses it like any other wrong input. A key that is missing does
 * fail the task, since the task succeeds as soon as the key is back, and nothing is lost. Both are reported.
 */
export class SealingCodec implements PayloadCodec {
  /** @param report for a worker: hands on what nothing opens, instead of throwing, and tells here of all that was not opened */
  constructor(
    private readonly keys: KeyRing,
    private readonly report?: ReportUnopened,
    private readonly now: () => number = Date.now,
  ) {}

  async encode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    const key = await this.keys.current();
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
      if (!(error instanceof PayloadRefusedError)) throw error;
      return unreadable(error.message);
    }
  }
}

function isUnopened(error: unknown): error is Parameters<ReportUnopened>[0] {
  return [PayloadRefusedError, UnknownKeyError, KeyServiceError].some((kind) => error instanceof kind);
}
