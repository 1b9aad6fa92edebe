import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { KeyRing } from './key-ring.js';
import { type ReportUnopened, SealingCodec } from './sealing-codec.js';

export type { ReportUnopened };

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** For the workflow bundle, which has the same converters as the worker and no codec: that runs outside of it. */
export const CONVERTER_PATHS = {
  payloadConverterPath: pathOf('./payload-converter.js'),
  failureConverterPath: pathOf('./failure-converter.js'),
} as const;

/**
 * For a Temporal `Client`: everything that it sends is sealed, and answers are opened. What nothing opens is thrown as a
 * `PayloadRefusedError`, a key that is missing as an `UnknownKeyError`.
 * @param options `now`: milliseconds since the epoch, for a server whose time is another (default: the process's clock). A
 *   worker refuses a start that was sealed a quarter of an hour before the server took it
 */
export function clientDataConverter(keys: KeyRing, { now }: { now?: () => number } = {}): DataConverter {
  const { failureConverterPath } = CONVERTER_PATHS;
  return { failureConverterPath, payloadCodecs: [new SealingCodec(keys, undefined, now)] };
}

/**
 * For a Temporal `Worker`, and for replays: a payload that nothing opens reaches the workflow as an Error to refuse.
 * @param onUnopened is told of each, and of keys that are missing: for the log, since it knows the workflow
 */
export function workerDataConverter(keys: KeyRing, onUnopened: ReportUnopened = () => undefined): DataConverter {
  return { ...CONVERTER_PATHS, payloadCodecs: [new SealingCodec(keys, onUnopened)] };
}
