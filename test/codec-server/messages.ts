/** Every message of a verification in full, with a secret or personal data in each place that can hold it. */
import type {
  AwaitDeliveryInput,
  CodeConfirmedInput,
  RenewAccessTokenInput,
  ResendCodeInput,
  ResendRefusal,
  Stamp,
  Stamped,
  SubmitCodeAnswer,
  SubmitCodeInput,
  VerificationOutcome,
  VerificationRequest,
  VerificationStatus,
} from '@cognito-verification/contract';
import type { AttributeSnapshot } from '../../activities/attribute-snapshot.js';
import type { FailureDetails } from '../../activities/call-failure.js';
import type {
  AlreadyVerified,
  CognitoCall,
  NotCalled,
  SendCodeInput,
  SendCodeResult,
  VerifyCodeInput,
  VerifyCodeResult,
} from '../../activities/cognito.js';
import type { CountEarlierCallsInput, CountEarlierCallsResult } from '../../activities/earlier-calls.js';
import type { SendFailure } from '../../activities/failures.js';
import { CLAIMS, SUB, TOKEN, tokenOf } from '../sample-token.js';

/** As long as a real one: a token with a shorter signature gets no fingerprint. */
const signed = (token: string) => `${token}${'x'.repeat(342)}`;

/** Values that must not be shown, by kind. */
export const CANARIES = {
  accessToken: signed(TOKEN),
  idToken: signed(tokenOf({ ...CLAIMS, token_use: 'id', email: 'zoe.canary@example.com' })),
  code: '739164',
  email: 'zoe.canary@example.com',
  phone: '+15555550123',
  clientMetadataName: 'canary-metadata-name',
  clientMetadataValue: 'canary-metadata-value',
  accessTokenReference: 'canary-ref-Zk3v9QeW1x',
  valueDigest: 'AbCdEfGhIjKlMnOpQrStUv',
  /** With this and the digest an attacker could try out numbers. */
  valueSalt: 'canarySaltOfTheValue0123456789abcdefghijklm',
  nonce: 'canaryNonce0123456789',
  unknownName: 'canaryFieldName',
  unknownValue: 'canary field value',
} as const;

const { accessToken, idToken, code, email, phone, accessTokenReference } = CANARIES;
const clientMetadata = { [CANARIES.clientMetadataName]: CANARIES.clientMetadataValue };
/** Free text with everything that a careless exception could quote. */
export const CARELESS = `Cognito said: "${email}", ${phone}, code ${code}; Authorization: Bearer ${accessToken} ${idToken}`;
const delivery = { destination: 'z***@e***', deliveryMedium: 'EMAIL' };
const at = '2026-11-23T14:00:00.000Z';
const failure = { type: 'CodeDeliveryFailureException', message: CARELESS };
const policy: Required<VerificationRequest>['policy'] = {
  deadline: '24 hours',
  codeLifetime: 600_000,
  resendAfter: '1h',
  resendCooldown: '30 seconds',
  maxSends: 5,
  maxAttempts: 10,
  confirmation: 'recheck',
  codeFormat: 'sixDigits',
};
const runId = '0b1f7a52-6c1d-4f43-9d5e-2f9e6a7b8c9d';
const updateId = `submitCode/${runId}`;
const asked = { key: CANARIES.valueSalt, digest: CANARIES.valueDigest };
/** Has every field that a status can have. */
export const STATUS: Required<VerificationStatus> = {
  state: 'awaitingCode',
  attributeName: 'phone_number',
  delivery: { destination: '+*******0123', deliveryMedium: 'SMS' },
  deliveryUncertain: true,
  sendsLeft: 4,
  attemptsLeft: 9,
  resendAllowedAt: at,
  retryAt: at,
  held: 'DestinationCeiling',
  codeExpiresAt: at,
  expiresAt: at,
  sends: [
    { at, outcome: 'sent', delivery },
    { at, outcome: 'notSent', reason: 'LimitExceededException' },
  ],
  attempts: [{ at, outcome: 'mismatch' }],
  proof: 'outstanding',
  unprovenConfirmation: { reason: 'verifiedBefore', message: CARELESS },
  oldValue: 'kept',
  reason: 'AttributeChanged',
  currentDestination: 'y***@e***',
  failure,
  stamp: { kind: 'submitCode', id: `submitCode/${SUB}`, nonce: CANARIES.nonce, asked, runId, reset: true },
  joined: true,
  policy,
};
const attribute: AttributeSnapshot = {
  verified: false,
  valueDigest: CANARIES.valueDigest,
  salt: CANARIES.valueSalt,
  destination: 'z***@e***',
};
const target = { valueDigest: CANARIES.valueDigest, mustDiffer: true };
const userPoolId = 'eu-central-1_AbC123xyz';
const call = { runId, userPoolId, sub: SUB, accessToken, attributeName: 'email' } satisfies CognitoCall;
const stamp: Required<Stamp> = {
  kind: 'submitCode',
  id: `submitCode/${SUB}`,
  at,
  runId,
  nonce: CANARIES.nonce,
  asked,
  proven: true,
};
/** What may be seen of it, in a message that has it. */
const stampShown = {
  ...Object.fromEntries(
    (['kind', 'id', 'at', 'runId', 'proven'] as const).map((name) => [`stamp.${name}`, stamp[name]]),
  ),
  'stamp.nonce': '••••••',
  'stamp.asked.key': '••••••',
  'stamp.asked.digest': '••••••',
};
/** Every field that a message can have, including fields that exclude each other. */
type Whole<Message> = Record<Message extends unknown ? keyof Message : never, unknown>;
/** The fields of a reference, here next to a token. */
const byReference = { accessTokenReference, userPoolId, sub: SUB };

const TOKEN_SHOWN = /^access token [\da-f]{8}… of 6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b, expires 2027-01-15T08:00:00Z$/;
const HIDDEN = '••••••';

export interface Sample {
  value: unknown;
  /** How each field, given by path, must be shown: unchanged or in a redacted form. */
  shows: Record<string, unknown>;
}

const same = <Value extends object>(value: Value, names: (keyof Value)[]) =>
  Object.fromEntries(names.map((name) => [name, value[name]]));

/** By name. A new field of the contract does not compile until this says how it is shown. */
export const SAMPLES: Record<string, Sample> = {
  'the request': {
    value: {
      accessToken,
      attributeName: 'email',
      alreadySent: delivery,
      reverify: true,
      newValue: email,
      replaceAtOnce: true,
      clientMetadata,
      policy,
      previousRunId: runId,
      ...byReference,
      stamp,
    } satisfies Whole<Stamped<VerificationRequest>>,
    shows: {
      accessToken: TOKEN_SHOWN,
      accessTokenReference: HIDDEN,
      attributeName: 'email',
      alreadySent: delivery,
      reverify: true,
      newValue: HIDDEN,
      replaceAtOnce: true,
      clientMetadata: '•••••• (1 entry)',
      policy,
      previousRunId: runId,
      userPoolId,
      sub: SUB,
      ...stampShown,
    },
  },
  'a request with an address for a destination': {
    value: { accessToken, attributeName: 'email', alreadySent: { destination: email, deliveryMedium: phone } },
    shows: { alreadySent: { destination: '[email]', deliveryMedium: '••••••' } },
  },
  'a request with a malformed token': {
    value: { accessToken: code, attributeName: 'email' },
    shows: { accessToken: '••••••' },
  },
  awaitDelivery: {
    value: {
      accessToken,
      alreadySent: delivery,
      reverify: true,
      newValue: email,
      replaceAtOnce: true,
      clientMetadata,
      policy,
      ...byReference,
      stamp,
    } satisfies Whole<Stamped<AwaitDeliveryInput>>,
    shows: { accessToken: TOKEN_SHOWN, alreadySent: delivery, clientMetadata: '•••••• (1 entry)', policy },
  },
  submitCode: {
    value: { code, accessToken, ...byReference, stamp } satisfies Whole<Stamped<SubmitCodeInput>>,
    shows: { code: '••••••', accessToken: TOKEN_SHOWN, accessTokenReference: HIDDEN },
  },
  'submitCode with nothing but a code': { value: { code }, shows: { code: '••••••' } },
  resendCode: {
    value: { accessToken, clientMetadata, ...byReference, stamp } satisfies Whole<Stamped<ResendCodeInput>>,
    shows: { accessToken: TOKEN_SHOWN, clientMetadata: '•••••• (1 entry)' },
  },
  renewAccessToken: {
    value: { accessToken, ...byReference, stamp } satisfies Whole<Stamped<RenewAccessTokenInput>>,
    shows: { accessToken: TOKEN_SHOWN },
  },
  codeConfirmed: {
    value: {
      reference: `order-7 ${CARELESS}`,
      accessToken,
      accessTokenReference,
      stamp,
    } satisfies Whole<Stamped<CodeConfirmedInput>>,
    shows: {
      accessToken: TOKEN_SHOWN,
      accessTokenReference: HIDDEN,
      reference: /^order-7 Cognito said: "\[email\]", \[phone\], code \[digits\]/,
    },
  },
  'the question for the status': { value: { stamp } satisfies Whole<Stamped<object>>, shows: stampShown },
  'the status': {
    value: STATUS,
    shows: {
      ...same(STATUS, [
        'state',
        'attributeName',
        'delivery',
        'sends',
        'attempts',
        'expiresAt',
        'sendsLeft',
        'attemptsLeft',
        'retryAt',
        'resendAllowedAt',
        'codeExpiresAt',
        'deliveryUncertain',
        'proof',
        'reason',
        'currentDestination',
        'joined',
        'policy',
      ]),
      'stamp.kind': 'submitCode',
      'stamp.runId': runId,
      'stamp.reset': true,
      'stamp.nonce': HIDDEN,
      'stamp.asked.digest': HIDDEN,
    },
  },
  'the answer to a code': {
    value: { result: 'mismatch', retryAt: at, status: STATUS } satisfies Required<SubmitCodeAnswer>,
    shows: { result: 'mismatch', retryAt: at, 'status.state': 'awaitingCode', 'status.failure.type': failure.type },
  },
  'the outcome': {
    value: {
      outcome: 'failed',
      proof: 'confirmed',
      value: { digest: CANARIES.valueDigest, salt: CANARIES.valueSalt },
      reason: 'AttributeChanged',
      reference: CARELESS,
      failure,
      status: STATUS,
    } satisfies Required<VerificationOutcome>,
    shows: {
      outcome: 'failed',
      proof: 'confirmed',
      'value.digest': HIDDEN,
      'value.salt': HIDDEN,
      reason: 'AttributeChanged',
      'failure.type': failure.type,
      'failure.message': /^Cognito said/,
      'status.sends': STATUS.sends,
    },
  },
  'a refusal to send again': {
    value: { allowedAt: at, reason: 'cooldown' } satisfies Required<ResendRefusal>,
    shows: { allowedAt: at, reason: 'cooldown' },
  },
  'the details of an invalid request': { value: { field: 'policy.maxSends' }, shows: { field: 'policy.maxSends' } },
  'the input of sendCode': {
    value: {
      ...call,
      ...byReference,
      clientMetadata,
      recordAttribute: true,
      unlessVerified: true,
      newValue: email,
      replaceAtOnce: true,
      salt: CANARIES.valueSalt,
    } satisfies Whole<SendCodeInput>,
    shows: {
      ...same(call, ['userPoolId', 'attributeName']),
      recordAttribute: true,
      unlessVerified: true,
      newValue: HIDDEN,
      replaceAtOnce: true,
      salt: HIDDEN,
    },
  },
  'the result of sendCode': {
    value: { runId, delivery, attribute, oldValue: 'kept' } satisfies Required<SendCodeResult>,
    shows: { delivery, 'attribute.verified': false, 'attribute.valueDigest': HIDDEN, 'attribute.salt': HIDDEN },
  },
  'the result of sendCode where nothing was sent': {
    value: { runId, alreadyVerified: true, attribute } satisfies Required<AlreadyVerified>,
    shows: {
      alreadyVerified: true,
      'attribute.verified': false,
      'attribute.valueDigest': HIDDEN,
      'attribute.salt': HIDDEN,
    },
  },
  'the input of verifyCode': {
    value: {
      ...call,
      ...byReference,
      code,
      updateId,
      at,
      counted: [{ updateId }],
      rememberedOnly: true,
      salt: CANARIES.valueSalt,
      target,
    } satisfies Whole<VerifyCodeInput>,
    shows: {
      ...same(call, ['runId', 'userPoolId', 'attributeName']),
      code: HIDDEN,
      updateId,
      at,
      counted: [{ updateId }],
      rememberedOnly: true,
      salt: HIDDEN,
      'target.valueDigest': HIDDEN,
      'target.mustDiffer': true,
    },
  },
  'the result of a call that was not made': {
    value: { runId, late: true, notCalled: true, uncounted: [{ updateId, at }] } satisfies Required<NotCalled>,
    shows: { runId, late: true, notCalled: true, uncounted: [{ updateId, at }] },
  },
  'the result of verifyCode': {
    value: { runId, late: true, at, accepted: true, attribute } satisfies Required<VerifyCodeResult>,
    shows: { runId, late: true, at, accepted: true, 'attribute.verified': false, 'attribute.valueDigest': HIDDEN },
  },
  'the result of readAttribute': {
    value: attribute,
    shows: { verified: false, valueDigest: HIDDEN, salt: HIDDEN, destination: 'z***@e***' },
  },
  'the result of readAttribute that was told nothing': {
    value: { runId, salt: CANARIES.valueSalt } satisfies AttributeSnapshot & { runId: string },
    shows: { runId, salt: HIDDEN },
  },
  'the input of countEarlierCalls': {
    value: {
      runId,
      previousRunId: runId,
      mayBeCopy: true,
      startedAt: at,
    } satisfies Required<CountEarlierCallsInput>,
    shows: { runId, previousRunId: runId, mayBeCopy: true, startedAt: at },
  },
  'the result of countEarlierCalls': {
    value: {
      runId,
      sends: [{ at }],
      attempts: [{ at }],
      endedVerified: true,
    } satisfies Required<CountEarlierCallsResult>,
    shows: { runId, sends: [{ at }], attempts: [{ at }], endedVerified: true },
  },
  'the details of a failure': {
    value: {
      failure: 'undeliverable',
      late: true,
      at,
      dailyEmailLimit: true,
      held: 'UnprovenMessages',
      retryAt: at,
      requestId: SUB,
      attribute,
      oldValue: 'kept',
    } satisfies Required<FailureDetails<SendFailure>>,
    shows: {
      failure: 'undeliverable',
      late: true,
      at,
      dailyEmailLimit: true,
      held: 'UnprovenMessages',
      retryAt: at,
      requestId: SUB,
      oldValue: 'kept',
      'attribute.verified': false,
    },
  },
  'the words of a failure': {
    value: { message: CARELESS, stack_trace: `Error: ${CARELESS}\n    at send (/app/dist/sending.js:12:3)` },
    shows: { message: /^Cognito said: "\[email\]"/, stack_trace: /at send \(\/app\/dist\/sending\.js:12:3\)$/ },
  },
  "Temporal's query about a workflow": {
    value: {
      definition: {
        type: 'attributeVerification',
        queryDefinitions: [{ name: 'getStatus', description: 'Where it stands' }],
        signalDefinitions: [{ name: 'codeConfirmed' }],
        updateDefinitions: [{ name: 'submitCode', description: CARELESS }],
      },
      currentDetails: `**Waiting for the code**\n\nA code for \`email\` was sent to \`z***@e***\`. ${CARELESS}`,
    },
    shows: {
      'definition.type': 'attributeVerification',
      'definition.queryDefinitions': [{ name: 'getStatus', description: 'Where it stands' }],
      currentDetails:
        /^\*\*Waiting for the code\*\*\n\nA code for `email` was sent to `z\*\*\*@e\*\*\*`\. Cognito said/,
    },
  },
};
