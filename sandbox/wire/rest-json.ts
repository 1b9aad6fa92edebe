import { toJson } from './json.js';
import type { Wire } from './wire.js';

/** AWS's REST JSON: the path says what is asked, and a header names the error. */
export const REST_JSON_WIRE: Wire = {
  answer: ({ requestId }, members) => ({
    status: 200,
    headers: { 'content-type': 'application/json', 'x-amzn-RequestId': requestId },
    body: toJson(members),
  }),
  refusal: ({ requestId }, { name, message, status, members }) => ({
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-RequestId': requestId, 'x-amzn-ErrorType': name },
    body: toJson({ message, ...members }),
  }),
  refusals: {
    denied: ['AccessDeniedException', 403],
    expiredToken: ['ExpiredTokenException', 403],
    internal: ['InternalFailure', 500],
    invalidToken: ['UnrecognizedClientException', 403],
    malformed: ['SerializationException', 400],
    missingToken: ['MissingAuthenticationTokenException', 403],
    unknownOperation: ['UnknownOperationException', 404],
  },
};
