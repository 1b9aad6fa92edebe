import type { Payload } from '@temporalio/common';
import { showMessage } from './lifecycle-fields.js';

/**
 * What may be seen of an opened payload without the permission to reveal: where a verification stands, and neither a
 * token, a code, an address nor anything that nobody has said to be harmless. Always JSON, so that the Web UI shows it.
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

/** Undefined where it is not JSON. */
function shownJson(bytes: Buffer): string | undefined {
  try {
    return JSON.stringify(showMessage(JSON.parse(bytes.toString())));
  } catch {
    return undefined;
  }
}
