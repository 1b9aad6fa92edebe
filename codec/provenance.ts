/**
 * What a worker's codec tells its payload converter, and so the workflow, of a payload beside its value. Never on a wire.
 * Runs in the workflow sandbox too: nothing of Node.js here.
 */
import type { Payload } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';

/** What the seal of an input says. */
export interface Provenance {
  /** No two payloads have the same; an input that comes a second time under it is a copy of the first. */
  readonly sealId: string;
  /** Milliseconds since the epoch, by the clock of whoever sealed it; absent where the codec of a sample did. */
  readonly sealedAtMs?: number;
}

const PROVENANCE = 'provenance';
const UNREADABLE = 'binary/unreadable';
/** A value's own fields stay what its sender has set. */
const provenances = new WeakMap<object, Provenance>();

/** Where an input of a workflow comes from; undefined for one that is no object, and where nothing is sealed. */
export function provenanceOf(input: unknown): Provenance | undefined {
  return typeof input === 'object' && input !== null ? provenances.get(input) : undefined;
}

/** Remembers it for as long as the input is. */
export function remember(input: unknown, payload: Payload): void {
  const noted = payload.metadata?.[PROVENANCE];
  if (noted && typeof input === 'object' && input !== null) provenances.set(input, JSON.parse(decode(noted)));
}

/** A payload with a note of its provenance. */
export function withProvenance(payload: Payload, provenance: Provenance): Payload {
  return { ...payload, metadata: { ...payload.metadata, [PROVENANCE]: encode(JSON.stringify(provenance)) } };
}

/** Stands in for a payload that nothing opens. */
export function unreadable(reason: string): Payload {
  return { metadata: { encoding: encode(UNREADABLE) }, data: encode(reason) };
}

/** The reason, if it is one. */
export function reasonOfUnreadable({ metadata, data }: Payload): string | undefined {
  const encoding = metadata?.['encoding'];
  return encoding && decode(encoding) === UNREADABLE && data ? decode(data) : undefined;
}
