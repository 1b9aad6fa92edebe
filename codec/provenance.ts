/**
 * What a worker's codec passes to its payload converter, and so to the workflow, in addition to a payload's value. It is
 * never sent. Runs in the workflow sandbox too: nothing of Node.js here.
 */
import type { Payload } from '@temporalio/common';

/** What the seal of an input says. */
export interface Provenance {
  /** Unique to one sealed payload: a second input with the same id is a copy of the first. */
  readonly sealId: string;
}

// The workflow sandbox has both of these classes.
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const PROVENANCE = 'provenance';
const UNREADABLE = { refused: 'binary/unreadable', keyMissing: 'binary/key-missing' } as const;
/** Beside the values, so that a value has only the fields that its sender has set. */
const provenances = new WeakMap<object, Provenance>();

/** What the seal of a workflow's input says; undefined if the input is not an object, or not sealed. */
export function provenanceOf(input: unknown): Provenance | undefined {
  return typeof input === 'object' && input !== null ? provenances.get(input) : undefined;
}

/** Notes the provenance of an input, for `provenanceOf`, as long as the input is in memory. */
export function remember(input: unknown, payload: Payload): void {
  const noted = payload.metadata?.[PROVENANCE];
  if (noted && typeof input === 'object' && input !== null) provenances.set(input, JSON.parse(decode(noted)));
}

/** The payload with its provenance in its metadata. */
export function withProvenance(payload: Payload, provenance: Provenance): Payload {
  return { ...payload, metadata: { ...payload.metadata, [PROVENANCE]: encode(JSON.stringify(provenance)) } };
}

/** Why a payload was not opened: no key ever will, or a key is missing and may be put back. */
export type Unopened = 'refused' | 'keyMissing';

/** The payload that takes the place of one that was not opened. */
export function unopened(kind: Unopened, reason: string): Payload {
  return { metadata: { encoding: encode(UNREADABLE[kind]) }, data: encode(reason) };
}

/** The value that the payload converter returns for such a payload; undefined for one that was opened. */
export function errorOfUnopened({ metadata, data }: Payload): Error | undefined {
  const encoding = metadata?.['encoding'] && decode(metadata['encoding']);
  if (!data || !encoding) return undefined;
  if (encoding === UNREADABLE.refused) return new Error(decode(data));
  return encoding === UNREADABLE.keyMissing ? new KeyMissing(decode(data)) : undefined;
}

class KeyMissing extends Error {
  override readonly name = 'KeyMissing';
}

/** Whether a value stands for one that can be read once a missing key is back, so that nothing may be decided without it. */
export function isKeyMissing(value: unknown): value is Error {
  return value instanceof KeyMissing;
}
