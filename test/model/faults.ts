/** What may go wrong with each of the three calls: the sandbox's fault, and its meaning in docs/failures.md. */
import type { Fault } from '../../sandbox/index.js';

/** The meaning of an answer to a send. */
export type SendMeaning =
  | 'sent'
  | 'throttled'
  | 'rateLimited'
  | 'dailyLimit'
  | 'uncertain'
  | 'refused'
  | 'undeliverable'
  | 'blocked'
  | 'failed';

/** The meaning of an answer to an attempt. */
export type AttemptMeaning =
  | 'verified'
  | 'mismatch'
  | 'codeExpired'
  | 'throttled'
  | 'rateLimited'
  | 'uncertain'
  | 'refused'
  | 'blocked'
  | 'failed';

/** `unreadable` at once, or only after several tries. */
export type ReadMeaning = 'read' | 'refused' | 'unreadable' | 'throttled';

/** One way in which a call goes wrong. */
export interface Trouble<Meaning> {
  /** The fault of the sandbox; without it nothing listens at the worker's endpoint. */
  fault?: Omit<Fault, 'operation' | 'username' | 'times'>;
  /** The meaning of the answer; if undefined, that of the effect. */
  means?: Meaning;
  /** The call still has its effect. */
  happens?: true;
  /** The message that the effect sends never arrives. */
  lost?: true;
  /** The type of the failure that it may end in. */
  type?: string;
}

const exception = (name: string, message?: string) => ({ exception: { name, ...(message ? { message } : {}) } });
const failed = (name: string, message?: string): Trouble<'failed'> => ({
  fault: exception(name, message),
  means: 'failed',
  type: name,
});
const SLOW_MS = 120;

/** The call may or may not have had its effect. */
const UNCERTAIN = {
  serverError: { fault: exception('InternalErrorException'), means: 'uncertain' },
  serverErrorAfter: {
    fault: { ...exception('InternalErrorException'), afterEffect: true },
    means: 'uncertain',
    happens: true,
  },
  badGateway: { fault: { htmlError: 502 }, means: 'uncertain' },
  badGatewayAfter: { fault: { htmlError: 504, afterEffect: true }, means: 'uncertain', happens: true },
  foreign: { fault: { answer: { status: 202 } }, means: 'uncertain' },
  foreignAfter: { fault: { answer: { status: 302 }, afterEffect: true }, means: 'uncertain', happens: true },
  droppedBefore: { fault: { dropConnection: 'beforeEffect' }, means: 'uncertain' },
  droppedAfter: { fault: { dropConnection: 'afterEffect' }, means: 'uncertain', happens: true },
  triggerSilent: { fault: exception('UnexpectedLambdaException'), means: 'uncertain' },
} as const satisfies Record<string, Trouble<'uncertain'>>;

/** The call never reached Cognito, or Cognito declined it: it is tried again. */
const THROTTLED = {
  throttled: { fault: exception('TooManyRequestsException'), means: 'throttled' },
  throttledByName: { fault: exception('ThrottlingException'), means: 'throttled' },
  unreachable: { means: 'throttled' },
} as const satisfies Record<string, Trouble<'throttled'>>;

/** Cognito refuses for good. */
const FAILED = {
  disabled: failed('NotAuthorizedException', 'User is disabled.'),
  withoutScope: failed('NotAuthorizedException', 'Access Token does not have required scopes'),
  poolGone: failed('ResourceNotFoundException'),
  badParameter: failed('InvalidParameterException'),
  replica: failed('OperationNotEnabledException'),
  userGone: failed('UserNotFoundException'),
  unconfirmed: failed('UserNotConfirmedException'),
  passwordReset: failed('PasswordResetRequiredException'),
} as const;

/** Like any other fault, it lasts until the end of the round unless it is set to occur once. */
export const SEND_TROUBLES = {
  ...UNCERTAIN,
  ...THROTTLED,
  ...FAILED,
  overTheLimit: { fault: exception('LimitExceededException'), means: 'rateLimited' },
  dailyEmails: {
    fault: exception('LimitExceededException', 'Exceeded daily email limit for the operation or the account.'),
    means: 'dailyLimit',
  },
  undeliverable: {
    fault: exception('CodeDeliveryFailureException'),
    means: 'undeliverable',
    type: 'CodeDeliveryFailureException',
  },
  blocked: { fault: exception('ForbiddenException'), means: 'blocked', type: 'ForbiddenException' },
  tokenRefused: { fault: exception('NotAuthorizedException'), means: 'refused' },
  triggerRefuses: failed('UserLambdaValidationException'),
  triggerGarbled: failed('InvalidLambdaResponseException'),
  smsRole: failed('InvalidSmsRoleAccessPolicyException'),
  smsTrust: failed('InvalidSmsRoleTrustRelationshipException'),
  emailRole: failed('InvalidEmailRoleAccessPolicyException'),
  emptyAnswer: { fault: { emptyAnswer: true }, happens: true },
  neverDelivered: { fault: { neverDelivered: true }, happens: true, lost: true },
  slow: { fault: { latencyMs: SLOW_MS }, happens: true },
  slowAfter: { fault: { latencyMs: SLOW_MS, afterEffect: true }, happens: true },
} as const satisfies Record<string, Trouble<SendMeaning>>;

export const ATTEMPT_TROUBLES = {
  ...UNCERTAIN,
  ...THROTTLED,
  ...FAILED,
  overTheLimit: { fault: exception('LimitExceededException'), means: 'rateLimited' },
  tokenRefused: { fault: exception('NotAuthorizedException'), means: 'refused' },
  aliasTaken: failed('AliasExistsException'),
  blocked: { fault: exception('ForbiddenException'), means: 'blocked' },
  slow: { fault: { latencyMs: SLOW_MS }, happens: true },
  slowAfter: { fault: { latencyMs: SLOW_MS, afterEffect: true }, happens: true },
} as const satisfies Record<string, Trouble<AttemptMeaning>>;

/** A look changes nothing, so a lost answer is asked for again. */
export const READ_TROUBLES = {
  throttled: { fault: exception('TooManyRequestsException'), means: 'throttled' },
  unreachable: { means: 'throttled' },
  badGateway: { fault: { htmlError: 503 }, means: 'throttled' },
  foreign: { fault: { answer: { status: 200, body: '{}' } }, means: 'throttled' },
  dropped: { fault: { dropConnection: 'beforeEffect' }, means: 'throttled' },
  blocked: { fault: exception('ForbiddenException'), means: 'unreadable' },
  tokenRefused: { fault: exception('NotAuthorizedException'), means: 'refused' },
} as const satisfies Record<string, Trouble<ReadMeaning>>;

/**
 * Every field of a sandbox fault: whether stories use it, and why not. No call in them takes so long that the worker gives up,
 * since that takes 22 s of real time.
 */
export const SANDBOX_FAULTS: Record<keyof Fault, 'tables' | 'rig' | `not: ${string}`> = {
  operation: 'rig',
  username: 'rig',
  times: 'rig',
  exception: 'tables',
  htmlError: 'tables',
  answer: 'tables',
  afterEffect: 'tables',
  dropConnection: 'tables',
  emptyAnswer: 'tables',
  latencyMs: 'tables',
  neverDelivered: 'tables',
  perUserHourly: 'not: the sandbox has the limits of Cognito by itself, and stories come to them',
  share: 'not: a model can only say what comes where it knows which calls are met; the fault suite draws them',
  seed: 'not: goes with share',
  nth: 'not: a fault is set for what comes next, of which `once` is the first',
  tokenBucket: 'not: one for all, so that stories would meet each other; throttled by name is the same answer',
};

/** What goes wrong with one kind of call, once or for the whole round. */
export interface Set<Name extends string> {
  name: Name;
  once: boolean;
}

/** What goes wrong for one user. */
export interface Troubles {
  send?: Set<keyof typeof SEND_TROUBLES>;
  attempt?: Set<keyof typeof ATTEMPT_TROUBLES>;
  read?: Set<keyof typeof READ_TROUBLES>;
}

/** The meaning in its table. */
export function meaningOf(table: Record<string, Trouble<string>>, { name }: Set<string>): string | undefined {
  return table[name]?.means;
}
