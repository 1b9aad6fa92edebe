import type { Texts } from './text-keys.js';

const LATER = 'This does not work right now. Please try again in a moment.';
const OUR_FAULT = 'Something went wrong on our side. Please try again later.';
const HELD = 'We cannot send your code right now. If it does not come, please try again later.';

/** English. */
export const ENGLISH: Texts = {
  states: {
    sending: 'We are sending your code.',
    awaitingCode: 'We have sent you a code. Please enter it.',
    rateLimited: 'Too many codes were sent. If the next one does not come, please try again later.',
    awaitingToken: 'Please sign in again so that we can go on.',
    verified: 'Verified. Thank you!',
    alreadyVerified: 'This is verified already. There is nothing to do.',
    expired: 'The time is over. Please start again.',
    failed: 'We could not verify this. Please contact support.',
    cancelled: 'The verification was cancelled.',
  },
  held: {
    DestinationCeiling:
      'We have sent enough codes there for now. If the next one does not come, please try again later.',
    MessageBudget: HELD,
    UnprovenMessages: HELD,
    UnreadDestination: HELD,
    GuardUnavailable: HELD,
  },
  refused: {
    CountryNotAllowed: 'We do not send codes to numbers of this country. Please use another number.',
    NumberKindNotAllowed: 'We do not send codes to numbers of this kind. Please use another number.',
  },
  results: {
    verified: 'Verified. Thank you!',
    mismatch: 'That code is not right. Please check it and try again.',
    codeExpired: 'That code has expired. Please ask for a new one.',
    rateLimited: 'Too many tries. Please try again later.',
    accessTokenRejected: 'Please sign in again, then enter the code once more.',
  },
  errors: {
    InvalidRequest: 'Please check what you entered.',
    AccessTokenRefused: 'Please sign in again.',
    KeysUnavailable: LATER,
    VerificationNotFound: 'There is nothing to verify. Please start again.',
    VerificationEnded: 'This verification has ended. Please start again if you still need it.',
    ResendNotAllowed: 'A new code cannot be sent yet. Please try again later.',
    ResendFailed: 'We could not send another code. The last one still works.',
    AttemptsExhausted: 'Too many wrong codes. Please start again later.',
    TooManyMessages: 'Too many requests. Please try again later.',
    CodeNotSent: 'No code has been sent yet. Please wait a moment.',
    CognitoUnavailable: LATER,
    VerificationFailed: 'We could not verify this. Please contact support.',
    VerificationOpen: 'This takes longer than usual. Please wait a moment.',
    CallAborted: LATER,
    TemporalUnavailable: LATER,
    WorkerUnavailable: LATER,
    OtherTaskQueue: OUR_FAULT,
    Sealing: OUR_FAULT,
    UnexpectedAnswer: OUR_FAULT,
    IdReused: OUR_FAULT,
    NotSetUp: OUR_FAULT,
  },
};
