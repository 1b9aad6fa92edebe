import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { PayloadRefusedError } from './errors.js';
import type { KeyRing } from './key-ring.js';
import { open, seal } from './seal.js';
import { unreadable } from './unreadable.js';

/** Tells whoever operates a worker which payload was refused. */
export type ReportRefused = (error: PayloadRefusedError, place: SerializationContext | undefined) => void;

/**
 * Seals everything that leaves the process and opens everything that comes in.
 *
 * A client throws on a payload that nothing opens. A worker must not: a workflow task that fails is tried again for
 * ever. There it is reported and handed on as unreadable, and the workflow refuses it like any other wrong input. A key that is
 * missing does fail the task, since the task succeeds as soon as the key is back, and nothing is lost.
 */
export class SealingCodec implements PayloadCodec {
  /** @param handOnRefused for a worker: hands on what nothing opens, instead of throwing, and reports it here */
  constructor(
    private readonly keys: KeyRing,
    private readonly handOnRefused?: ReportRefused,
  ) {}

  async encode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    const key = await this.keys.current();
    return payloads.map((payload) => seal(payload, key, place));
  }

  async decode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    return await Promise.all(payloads.map((payload) => this.openOne(payload, place)));
  }

  private async openOne(payload: Payload, place: SerializationContext | undefined): Promise<Payload> {
    try {
      return await open(payload, this.keys, place);
    } catch (error) {
      if (!this.handOnRefused || !(error instanceof PayloadRefusedError)) throw error;
      this.handOnRefused(error, place);
      return unreadable(error.message);
    }
  }
}
