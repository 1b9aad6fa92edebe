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
const UNREADABLE = { refused: 'binary/unreadable', keyMissing: 'binary/key-missing' } as const;
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

/** Why a payload was not opened: nothing ever will, or a key is missing that may be put back. */
export type Unopened = 'refused' | 'keyMissing';

/** Stands in for a payload that was not opened. */
export function unopened(kind: Unopened, reason: string): Payload {
  return { metadata: { encoding: encode(UNREADABLE[kind]) }, data: encode(reason) };
}

/** What the payload converter hands on in its place; undefined for a payload that was opened. */
export function errorOfUnopened({ metadata, data }: Payload): Error | undefined {
  const encoding = metadata?.['encoding'] && decode(metadata['encoding']);
  if (!data || !encoding) return undefined;
  if (encoding === UNREADABLE.refused) return new Error(decode(data));
  return encoding === UNREADABLE.keyMissing ? new KeyMissing(decode(data)) : undefined;
}

class KeyMissing extends Error {
  override readonly name = 'KeyMissing';
}

/** Whether it stands for something that can be read as soon as a key is put back, so that nothing may be decided by it. */
export function isKeyMissing(value: unknown): value is Error {
  return value instanceof KeyMissing;
}
