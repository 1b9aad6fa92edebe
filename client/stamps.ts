/** The stamps of the messages that the client sends. */
import type { MessageKind, Stamp } from '@cognito-verification/contract';

/** What a stamp says beside its kind and its time. */
export type StampFields = Omit<Stamp, 'kind' | 'at'>;

/** Stamps messages by one clock. */
export class Stamps {
  /** @param now the time in milliseconds since the epoch */
  constructor(private readonly now: () => number) {}

  /** Made anew for each try, because a worker compares its time with that of the start. */
  stamp(kind: MessageKind, fields: StampFields = {}): Stamp {
    return { kind, at: new Date(this.now()).toISOString(), ...fields };
  }
}
