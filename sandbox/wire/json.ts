import type { Wire } from './wire.js';

const REFUSALS = {
  denied: ['AccessDeniedException', 400],
  expiredToken: ['ExpiredTokenException', 400],
  internal: ['InternalFailure', 500],
  invalidToken: ['UnrecognizedClientException', 400],
  malformed: ['SerializationException', 400],
  missingToken: ['MissingAuthenticationTokenException', 400],
  unknownOperation: ['UnknownOperationException', 400],
} as const satisfies Wire['refusals'];

/** AWS JSON 1.0 or 1.1: `POST /` with `x-amz-target`. */
export function jsonWire(version: '1.0' | '1.1'): Wire {
  return {
    answer: ({ requestId }, members) => ({ status: 200, headers: headers(version, requestId), body: toJson(members) }),
    refusal: ({ requestId }, { name, message, status, members }) => ({
      status,
      headers: headers(version, requestId),
      body: toJson({ __type: name, Message: message, ...members }),
    }),
    refusals: REFUSALS,
  };
}

/** Cognito tells its errors in three headers too, and calls a defect of its own by another name. */
export const COGNITO_WIRE: Wire = {
  ...jsonWire('1.1'),
  refusal: ({ requestId }, { name, message, status }) => ({
    status,
    headers: {
      ...headers('1.1', requestId),
      'x-amzn-ErrorType': `${name}:`,
      // A trigger's text may have line breaks and letters outside of Latin-1, which a header cannot hold.
      'x-amzn-ErrorMessage': message.replace(/[^\x20-\x7e]+/g, ' ').trim(),
    },
    body: toJson({ __type: name, message }),
  }),
  refusals: { ...REFUSALS, internal: ['InternalErrorException', 500] },
};

/** CloudWatch spoke the Query protocol before, and tells the name that an error had there in a header. */
export const CLOUDWATCH_WIRE: Wire = withQueryErrors(jsonWire('1.0'));

/** The protocol, with the header by which a client of the Query protocol knows an error. */
export function withQueryErrors(wire: Wire): Wire {
  return {
    ...wire,
    refusal: (call, exception) => {
      const answer = wire.refusal(call, exception);
      const { name } = exception;
      const code =
        name === 'UnrecognizedClientException' ? 'InvalidClientTokenId' : name.replace(/(?:Exception|Fault)$/, '');
      const fault = exception.status < 500 ? 'Sender' : 'Receiver';
      return { ...answer, headers: { ...answer.headers, 'x-amzn-query-error': `${code};${fault}` } };
    },
  };
}

function headers(version: string, requestId: string): Record<string, string> {
  return { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-RequestId': requestId };
}

/** The members as JSON, with timestamps in seconds since the epoch. */
export function toJson(members: object): string {
  return JSON.stringify(members, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key];
    return original instanceof Date ? original.getTime() / 1000 : value;
  });
}
