/** For workers and replays. Clients need none of it: it names files, which no bundler would find. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { KeyRing } from './key-ring.js';
import { type ReportUnopened, SealingCodec } from './sealing-codec.js';

export type { ReportUnopened };

// In the bundled program they have another extension.
const EXTENSION = extname(import.meta.url);
const pathOf = (file: string) => fileURLToPath(new URL(`${file}${EXTENSION}`, import.meta.url));

/** For the workflow bundle. It has the converters of the worker but no codec, which runs outside of it. */
export const CONVERTER_PATHS = {
  payloadConverterPath: pathOf('./payload-converter'),
  failureConverterPath: pathOf('./failure-converter'),
} as const;

/**
 * For a Temporal `Worker`, and for replays: a payload that cannot be opened reaches the workflow as an Error, and the
 * workflow refuses it.
 * @param onUnopened is called for each such payload, with the workflow that it came to; default: ignored
 */
export function workerDataConverter(keys: KeyRing, onUnopened: ReportUnopened = () => undefined): DataConverter {
  return { ...CONVERTER_PATHS, payloadCodecs: [new SealingCodec(keys, onUnopened)] };
}
