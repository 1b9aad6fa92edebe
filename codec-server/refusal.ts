import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A request that the codec server refuses. The caller gets the message, which quotes nothing of the request. */
export class CodecRefusal extends Error {
  override readonly name = 'CodecRefusal';
  constructor(
    readonly status: ContentfulStatusCode,
    /** For programs. It stays the same in every release. */
    readonly code: string,
    message: string,
    /** More headers of the answer, such as `Retry-After`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
