import { defaultPayloadConverter, type LoadedDataConverter } from '@temporalio/common';
import { failureConverter } from './failure-converter.js';
import type { KeyRing } from './key-ring.js';
import { SealingCodec } from './sealing-codec.js';

/**
 * For a Temporal `Client`: it seals everything that the client sends, and opens the answers. It throws a
 * `PayloadRefusedError` for what no key opens, and an `UnknownKeyError` for a missing key. Its parts are loaded: paths of
 * files, which the SDK takes as well, mean nothing once a bundler has put a service into one file.
 */
export function clientDataConverter(keys: KeyRing): LoadedDataConverter {
  return {
    payloadConverter: defaultPayloadConverter,
    failureConverter,
    payloadCodecs: [new SealingCodec(keys)],
  };
}
