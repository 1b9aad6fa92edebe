import {
  isFinal,
  REFUSED_REASONS,
  type VerificationFailure,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { type PublicStatus, publicStatus } from './public-status.js';
import type { Texts } from './text-keys.js';
import { ENGLISH } from './texts-en.js';
import { VerificationError, type VerificationErrorCode } from './verification-error.js';

/** What an HTTP server answers when a call of the client has failed. Nothing in it is for operators. */
export interface ErrorResponse {
  /** The HTTP status: see `HTTP_STATUS`. */
  status: number;
  /** `cache-control`, `retry-after` where waiting helps, and `www-authenticate` with a 401. */
  headers: Record<string, string>;
  /** For the browser, as JSON. */
  body: {
    /** The kind of error, for programs. It stays the same in every release. */
    code: VerificationErrorCode;
    /** A sentence for the person. */
    text: string;
    /** In how many seconds another try is worth it: the header's value, for a page that cannot read the header. */
    retryAfterSeconds?: number | undefined;
    /** Where the verification stands, if the error knows it: in a second tab, that it is verified already. */
    status?: PublicStatus | undefined;
  };
}

/**
 * The answer to a browser for an error of the client. The `message` of the error is not in it, because it is for your log: it names
 * settings and workflow ids. An error of something else is thrown as it is: your framework answers it as it answers every error.
 * @param texts the language. Default: `TEXTS.en` of `@cognito-verification/client/texts`
 * @throws the error itself unless it is a `VerificationError`
 * @example
 * ```ts
 * import { errorResponse } from '@cognito-verification/client';
 *
 * export function onError(error: unknown): Response {
 *   const { body, ...init } = errorResponse(error);
 *   return Response.json(body, init);
 * }
 * ```
 */
export function errorResponse(error: unknown, texts: Texts = ENGLISH): ErrorResponse {
  if (!(error instanceof VerificationError)) throw error;
  const { code, httpStatus, retryAfterSeconds } = error;
  return {
    status: httpStatus,
    headers: {
      // A browser may keep a 404 unless it is told not to (RFC 9111, 4.2.2).
      'cache-control': 'no-store',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      // RFC 9110, 15.5.2, asks for it.
      ...(httpStatus === 401 && { 'www-authenticate': 'Bearer' }),
    },
    body: { code, text: textFor(error, texts), retryAfterSeconds, status: statusIn(error) },
  };
}

/** Some errors know where the verification stands, or why it failed. */
type MayKnowStatus = VerificationError & {
  readonly status?: VerificationStatus | undefined;
  readonly failure?: VerificationFailure | undefined;
};

function statusIn({ status }: MayKnowStatus): PublicStatus | undefined {
  return status && publicStatus(status);
}

/** Who comes late, as in a second tab, is told how it ended. A number to which nothing is sent is the person's to change. */
function textFor({ code, status, failure }: MayKnowStatus, { states, refused, errors }: Texts): string {
  const reason = REFUSED_REASONS.find((one) => one === failure?.type);
  if (reason) return refused[reason];
  return code === 'VerificationEnded' && status && isFinal(status.state) ? states[status.state] : errors[code];
}
