import type { Payload } from '@temporalio/common';
import { showMessage } from './lifecycle-fields.js';

/**
 * What may be seen of an opened payload without the permission to reveal. It shows where a verification stands. It hides
 * tokens, codes, addresses and everything that is not known to be harmless. It is always JSON, so that the Web UI shows it.
 */
export function redactPayload({ metadata, data }: Payload): Payload {
  const encoding = metadata?.['encoding'] ? Buffer.from(metadata['encoding']).toString() : '';
  const bytes = Buffer.from(data ?? new Uint8Array());
  if (encoding === 'binary/null') return { metadata: { encoding: Buffer.from(encoding) }, data: new Uint8Array() };
  return {
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(
      (encoding === 'json/plain' && shownJson(bytes)) || JSON.stringify(`••• ${bytes.byteLength} bytes`),
    ),
  };
}

/** Undefined for bytes that are no JSON. */
function shownJson(bytes: Buffer): string | undefined {
  try {
    return JSON.stringify(showMessage(JSON.parse(bytes.toString())));
  } catch {
    return undefined;
  }
}
