import type { ContentfulStatusCode } from 'hono/utils/http-status';

/**
 * The codec server does not do what it was asked. The message goes to whoever asked and quotes nothing of the request.
 */
export class CodecRefusal extends Error {
  override readonly name = 'CodecRefusal';
  constructor(
    readonly status: ContentfulStatusCode,
    /** For programs; the same in every release. */
    readonly code: string,
    message: string,
    /** Sent along, such as `Retry-After`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
