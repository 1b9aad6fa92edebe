/** Answers that may come in place of Cognito's: any status, headers, body and end, and where they come. */
import * as fc from 'fast-check';

/** The three calls to Cognito. */
export const OPERATIONS = {
  send: 'GetUserAttributeVerificationCode',
  attempt: 'VerifyUserAttribute',
  read: 'GetUser',
} as const;
export type Call = keyof typeof OPERATIONS;

/** Everybody's address, so that a draw can tell it as Cognito does. */
export const ADDRESS = 'zoe@example.com';

/**
 * How the bytes come. `whole`, `chunked` and `untilClose` are whole; `longer` and `shorter` lie about the length; `cut` ends in
 * the middle, `reset` before the first byte; `late` is whole after a while, and `endless` never ends.
 */
const FRAMINGS = ['whole', 'chunked', 'untilClose', 'longer', 'shorter', 'cut', 'reset', 'late', 'endless'] as const;
const SLOW: readonly string[] = ['late', 'endless'];
const COMPLETE: readonly string[] = ['whole', 'chunked', 'untilClose', 'late'];

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
  framing: (typeof FRAMINGS)[number];
}

/** One verification, and what answers its calls in place of Cognito. */
export interface Draw {
  verifiedBefore: boolean;
  code: 'right' | 'wrong';
  calls: readonly Call[];
  /** Only the first call of each kind. */
  once: boolean;
  /** The sandbox has done what it was asked to. */
  afterEffect: boolean;
  answer: Answer;
}

/** Of Cognito, of the AWS SDK's lists of throttles and of faults that pass, and of nobody. */
const NAMES = [
  ...(
    'CodeMismatchException ExpiredCodeException LimitExceededException NotAuthorizedException InternalErrorException ' +
    'AliasExistsException CodeDeliveryFailureException ForbiddenException InvalidParameterException ' +
    'ResourceNotFoundException UnexpectedLambdaException TooManyRequestsException ThrottlingException SlowDown ' +
    'RequestTimeout PriorRequestNotComplete AccessDeniedException NewException Constructor __proto__ 42 x'
  ).split(' '),
  'not a word',
  '{"a":1}',
];
const nothing = fc.constant(undefined);
const name = fc
  .constantFrom(...NAMES)
  .chain((word) => fc.constantFrom(word, `${word}:http://a/`, `com.amazon#${word}`));
const flag = fc.constantFrom<unknown[]>('true', 'false', 'TRUE', '', true, null, undefined);
const address = fc.constantFrom<unknown[]>(ADDRESS, 'yan@other.example', '', 7, null, { a: 1 }, undefined);

const attributes = fc.record({ flag, address, sub: fc.constantFrom(undefined, undefined, 'another') }).map((told) =>
  Object.entries({ sub: told.sub, email: told.address, email_verified: told.flag })
    .filter(([, Value]) => Value !== undefined)
    .map(([Name, Value]) => ({ Name, Value })),
);
const userAttributes = fc.oneof(
  { weight: 4, arbitrary: attributes },
  { weight: 1, arbitrary: fc.constantFrom<unknown[]>({}, 'email', 1, null, [null], [1], [{ Name: null }], [{}]) },
);
const delivery = fc.oneof(
  fc.record({
    Destination: fc.constantFrom<unknown[]>('z***@e***', 'x'.repeat(2_000), '\u001b[2J', 5, null, { a: 1 }),
    DeliveryMedium: fc.constantFrom<unknown[]>('EMAIL', 'email', 1, null, []),
  }),
  fc.constantFrom<unknown[]>(null, 'EMAIL', [], 3),
);
const fields = fc.record(
  {
    UserAttributes: userAttributes,
    Username: fc.constantFrom<unknown[]>('zoe', 1, null),
    CodeDeliveryDetails: delivery,
    __type: name,
    message: fc.oneof(fc.string(), fc.constantFrom<unknown[]>(1, null, {})),
    code: fc.constantFrom('ECONNREFUSED', 'EAI_AGAIN'),
    syscall: fc.constant('connect'),
  },
  { requiredKeys: [] },
);
const asCognito = fc
  .record({ UserAttributes: userAttributes, CodeDeliveryDetails: delivery }, { requiredKeys: [] })
  .map((told) => JSON.stringify(told));
const body = fc.oneof(
  { weight: 4, arbitrary: fields.map((told) => JSON.stringify(told)) },
  { weight: 2, arbitrary: asCognito },
  { weight: 3, arbitrary: fc.constantFrom('', '{}', '[]', 'null', '"ok"', '{"status":"healthy"}', '{"a":', '\u0000') },
  { weight: 2, arbitrary: fc.constantFrom('<html><h1>Sign in</h1></html>', '<?xml version="1.0"?><Error/>') },
  { weight: 1, arbitrary: fields.map((told) => JSON.stringify(told).slice(0, -1)) },
  { weight: 1, arbitrary: fc.json() },
);
/** Rare, because each costs memory and time on its way. */
const huge = fc.constantFrom(64 * 1024, 1024 * 1024, 1_100_000).map((size) => JSON.stringify({ a: 'x'.repeat(size) }));

const headers = fc
  .record({
    'content-type': fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom('application/x-amz-json-1.1', 'application/json; charset=utf-8') },
      { weight: 2, arbitrary: fc.constantFrom(undefined, 'text/html', 'text/plain', 'application/xml', 'json', '') },
    ),
    'x-amzn-requestid': fc.oneof(
      { weight: 2, arbitrary: nothing },
      { weight: 2, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.constantFrom('', '1', 'x'.repeat(65), 'a b c d e f g h i j') },
    ),
    'x-amzn-errortype': fc.oneof({ weight: 3, arbitrary: nothing }, { weight: 1, arbitrary: name }),
    'x-amzn-errormessage': fc.constantFrom(undefined, undefined, 'daily email limit', 'User is disabled.'),
    location: fc.constantFrom(undefined, undefined, 'https://login.example/', '/'),
    'content-encoding': fc.constantFrom(undefined, undefined, undefined, 'gzip', 'nonsense'),
    'retry-after': fc.constantFrom(undefined, undefined, '1', '86400'),
    'x-amzn-waf-action': fc.constantFrom(undefined, undefined, 'challenge'),
    upgrade: fc.constantFrom(undefined, undefined, undefined, 'h2c'),
  })
  .map((drawn) => Object.fromEntries(Object.entries(drawn).filter((entry): entry is [string, string] => !!entry[1])));

const status = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 599 }) },
  { weight: 3, arbitrary: fc.constant(200) },
  { weight: 2, arbitrary: fc.constantFrom(202, 204, 301, 302, 304, 307) },
  { weight: 3, arbitrary: fc.constantFrom(400, 401, 403, 404, 407, 408, 429, 500, 502, 503, 504) },
);
const framing = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom<Answer['framing'][]>('whole', 'chunked', 'untilClose') },
  { weight: 20, arbitrary: fc.constantFrom<Answer['framing'][]>('longer', 'shorter', 'cut', 'reset') },
  { weight: 1, arbitrary: fc.constantFrom<Answer['framing'][]>('late', 'endless') },
);

/** Only calls that were drawn are answered so, each before or after the sandbox has done what it was asked to. */
export const draws: fc.Arbitrary<Draw> = fc
  .record({
    verifiedBefore: fc.constantFrom(false, false, false, true),
    code: fc.constantFrom<Draw['code'][]>('right', 'wrong'),
    calls: fc.oneof(
      fc.constantFrom<Call[][]>(['send'], ['attempt'], ['read']),
      fc.subarray<Call>(['send', 'attempt', 'read'], { minLength: 1 }),
    ),
    // What goes on for ever is tried again and again, so that little time can be skipped.
    once: fc.oneof({ weight: 15, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    afterEffect: fc.boolean(),
    answer: fc.record({
      status,
      headers,
      body: fc.oneof({ weight: 60, arbitrary: body }, { weight: 1, arbitrary: huge }),
      framing,
    }),
  })
  // Each takes seconds, in which no time is skipped.
  .map((draw) => (SLOW.includes(draw.answer.framing) ? { ...draw, once: true } : draw))
  .filter((draw) => !isLieOfCognito(draw));

const MOST_BYTES = 1024 * 1024;

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing in it says that Cognito has spoken, by docs/failures.md. */
export function isForeign({ status: code, headers: given, body: text, framing: how }: Answer): boolean {
  const told = COMPLETE.includes(how) && text.length <= MOST_BYTES ? jsonOf(text) : undefined;
  const hasId = /^[A-Za-z\d-]{16,64}$/.test(given['x-amzn-requestid'] ?? '');
  const hasName = [given['x-amzn-errortype'], told?.['__type']].some(isName);
  if (code >= 400) return !hasId && !hasName;
  const isJson = /^application\/(x-amz-json-1\.1|json)/.test(given['content-type'] ?? '');
  return !(code === 200 && hasId && !hasName && isJson && told);
}

/** The names of the table above are plain words, or nothing like one. */
const isName = (text: unknown) => typeof text === 'string' && /^(com\.amazon#)?[A-Z]\w+(:http.*)?$/.test(text);

/**
 * In the voice of Cognito, with its request id, it says that an address is verified. Whoever can say that is Cognito to a worker:
 * TLS keeps others from it.
 */
function isLieOfCognito({ calls, answer }: Draw): boolean {
  if (!calls.includes('read') || isForeign(answer)) return false;
  const told = jsonOf(answer.body)?.['UserAttributes'];
  if (!Array.isArray(told)) return false;
  return told.some((one: unknown) => {
    const { Name, Value } = { ...(one as object | null) } as { Name?: unknown; Value?: unknown };
    return Name === 'email_verified' && Value === 'true';
  });
}
