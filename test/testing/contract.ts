/**
 * What a service may rely on, as a table of stories: the real client with a Temporal server, a worker and the sandbox plays them
 * (`real.test.ts`), and so does the fake (`fake.test.ts`). Each tells what it has seen, without times and ids.
 */
import {
  type AttributeName,
  isVerifiedValue,
  type ListFilter,
  VerificationError,
  type VerificationStatus,
  type Verifications,
} from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';

/** A signed-in user. */
interface Person {
  readonly userPoolId: string;
  readonly sub: string;
  readonly accessToken: string;
}

/** Who plays the stories. */
export interface Subject<User extends Person = Person> {
  readonly verifications: Verifications;
  /** With the address `zoe@example.com` and a number, neither of them verified. */
  user(): Promise<User>;
  /** The code in the newest message. */
  code(user: User): string;
  /** Cognito refuses the next call of this user. */
  refuse(user: User, call: 'send' | 'attempt', exception: string): void;
  /** The user has another e-mail address from now on, which is not verified. */
  changeEmail(user: User, email: string): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** A fresh token of the same user. */
  token(user: User): Promise<string>;
}

/** A story, and what it tells. */
export interface Story {
  /** Its users are of a pool that keeps the old value of an attribute until the new one is verified. Default: `false`. */
  readonly keepsOriginal?: true;
  readonly play: <User extends Person>(subject: Subject<User>) => Promise<unknown>;
  readonly tells: unknown;
}

const email = { attributeName: 'email' } as const;
/** Other than the codes of both. */
const WRONG = '000000';

/** What a status says, without times. */
function told(status: VerificationStatus) {
  const { state, sendsLeft, attemptsLeft, sends, attempts } = status;
  return [
    `${state}, ${sendsLeft} sends and ${attemptsLeft} attempts left`,
    ...sends.map(({ outcome, reason }) => [outcome, reason].filter(Boolean).join(' ')),
    ...attempts.map(({ outcome }) => `code ${outcome}`),
    ...FLAGS.filter((flag) => status[flag] !== undefined && status[flag] !== false),
  ];
}

const FLAGS = [
  'deliveryUncertain',
  'resendAllowedAt',
  'retryAt',
  'codeExpiresAt',
  'proof',
  'reason',
  'failure',
] as const;

/** The code of the error of a call, and what else it says. */
async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    return `no error, but ${JSON.stringify(await call)}`;
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    const fields = error as {
      reason?: string;
      field?: string;
      outcome?: { outcome: string };
      failure?: { type: string };
    };
    const said = [fields.reason, fields.field, fields.outcome?.outcome, fields.failure?.type];
    return [error.code, error.httpStatus, ...said].filter((one) => one !== undefined).join(' ');
  }
}

const started = async (subject: Subject, user: Person, input: object = {}) =>
  await subject.verifications.start({ accessToken: user.accessToken, ...email, ...input });

export const STORIES: Record<string, Story> = {
  'a code goes out, and the one that the user types verifies the address': {
    play: async (s) => {
      const user = await s.user();
      const { workflowId, run, status } = await started(s, user);
      const code = s.code(user);
      const answer = await s.verifications.submitCode(
        { workflowId, run },
        { code: ` ${code.slice(0, 3)}-${code.slice(3)}` },
      );
      const outcome = await s.verifications.wait({ workflowId, run });
      const isOf = (value: string) => isVerifiedValue(outcome, value);
      return {
        id: workflowId === workflowIdFor({ ...user, ...email }),
        sent: told(status),
        delivery: status.delivery,
        joined: status.joined,
        answer: [answer.result, ...told(answer.status)],
        outcome: [outcome.outcome, outcome.proof, isOf('zoe@example.com'), isOf('jon@example.com')],
      };
    },
    tells: {
      id: true,
      sent: ['awaitingCode, 4 sends and 10 attempts left', 'sent', 'resendAllowedAt', 'codeExpiresAt'],
      delivery: { destination: 'z***@e***', deliveryMedium: 'EMAIL' },
      joined: false,
      answer: ['verified', 'verified, 4 sends and 9 attempts left', 'sent', 'code accepted', 'proof'],
      outcome: ['verified', 'accepted', true, false],
    },
  },
  'wrong codes count, a repeated call counts once, and its id is good for one code': {
    play: async (s) => {
      const user = await s.user();
      const { workflowId } = await started(s, user);
      const submit = (code: string, attemptId?: string) => s.verifications.submitCode(workflowId, { code, attemptId });
      const answers = [await submit(WRONG), await submit(WRONG, 'one'), await submit(WRONG, 'one')];
      return [
        ...answers.map(({ result, status }) => [result, status.attemptsLeft]),
        await refusalOf(submit('111111', 'one')),
      ];
    },
    tells: [['mismatch', 9], ['mismatch', 8], ['mismatch', 8], 'IdReused 422'],
  },
  'no attempts are left, and the next start ends it': {
    play: async (s) => {
      const user = await s.user();
      const first = await started(s, user, { policy: { maxAttempts: 1 } });
      const { workflowId } = first;
      await s.verifications.submitCode(workflowId, { code: WRONG });
      const refused = await refusalOf(s.verifications.submitCode(workflowId, { code: WRONG }));
      const resend = await refusalOf(s.verifications.resendCode(workflowId));
      const next = await started(s, user);
      const { outcome, reason } = await s.verifications.wait(first);
      return { refused, resend, next: [next.status.joined, ...told(next.status)], ended: [outcome, reason] };
    },
    tells: {
      refused: 'AttemptsExhausted 429',
      resend: 'ResendNotAllowed 409 attemptsExhausted',
      next: [false, 'rateLimited, 4 sends and 9 attempts left', 'retryAt'],
      ended: ['expired', 'AttemptsExhausted'],
    },
  },
  'another code after the cool-down, and none beyond the limit': {
    play: async (s) => {
      const user = await s.user();
      const { workflowId } = await started(s, user, { policy: { maxSends: 2, resendCooldown: '1 second' } });
      const resend = () => s.verifications.resendCode(workflowId);
      const early = await refusalOf(resend());
      await s.pass(1_100);
      const again = told(await resend());
      return { early, again, late: await refusalOf(resend()) };
    },
    tells: {
      early: 'ResendNotAllowed 429 cooldown',
      again: ['awaitingCode, 0 sends and 10 attempts left', 'sent', 'sent', 'codeExpiresAt'],
      late: 'ResendNotAllowed 409 maxSends',
    },
  },
  'a second start joins, and tightens the policy': {
    play: async (s) => {
      const user = await s.user();
      await started(s, user);
      const { status } = await started(s, user, { policy: { maxAttempts: 3, maxSends: 20 } });
      return [status.joined, status.policy?.maxAttempts, status.policy?.maxSends, ...told(status)];
    },
    tells: [true, 3, 5, 'awaitingCode, 4 sends and 3 attempts left', 'sent', 'resendAllowedAt', 'codeExpiresAt'],
  },
  'a repeated start gets the first answer, also after the end, and its id is good for one request': {
    play: async (s) => {
      const user = await s.user();
      const start = (input: object = {}) => started(s, user, { requestId: 'sign-up', ...input });
      const first = await start();
      await s.verifications.submitCode(first, { code: s.code(user) });
      const again = await start();
      return [again.run === first.run, ...told(again.status), await refusalOf(start({ policy: { maxSends: 1 } }))];
    },
    tells: [
      true,
      'awaitingCode, 4 sends and 10 attempts left',
      'sent',
      'resendAllowedAt',
      'codeExpiresAt',
      'IdReused 422',
    ],
  },
  'a cancelled one takes nothing any more, and the limits of its user stay': {
    play: async (s) => {
      const user = await s.user();
      const first = await started(s, user);
      await s.verifications.cancel(first);
      const { outcome } = await s.verifications.wait(first);
      await s.verifications.cancel(first);
      const code = await refusalOf(s.verifications.submitCode(first, { code: WRONG }));
      const confirm = await refusalOf(s.verifications.confirm(first));
      return {
        outcome,
        code,
        confirm,
        state: told(await s.verifications.status(first)),
        next: told((await started(s, user)).status),
      };
    },
    tells: {
      outcome: 'cancelled',
      code: 'VerificationEnded 409 cancelled',
      confirm: 'VerificationEnded 409 cancelled',
      state: ['cancelled, 4 sends and 10 attempts left', 'sent'],
      next: ['rateLimited, 4 sends and 10 attempts left', 'retryAt'],
    },
  },
  'a verified one cannot be cancelled, and says by which calls': {
    play: async (s) => {
      const user = await s.user();
      const ref = await started(s, user);
      await s.verifications.submitCode(ref, { code: s.code(user) });
      const refusals = [
        s.verifications.cancel(ref),
        s.verifications.resendCode(ref),
        s.verifications.submitCode(ref, { code: WRONG }),
      ];
      return await Promise.all(refusals.map(refusalOf));
    },
    tells: ['VerificationEnded 409 verified', 'VerificationEnded 409 verified', 'VerificationEnded 409 verified'],
  },
  "Cognito's limit for sends: it waits, and takes neither a code nor a re-send": {
    play: async (s) => {
      const user = await s.user();
      s.refuse(user, 'send', 'LimitExceededException');
      const { workflowId, status } = await started(s, user);
      const code = await refusalOf(s.verifications.submitCode(workflowId, { code: WRONG }));
      return [...told(status), code, await refusalOf(s.verifications.resendCode(workflowId))];
    },
    tells: [
      'rateLimited, 5 sends and 10 attempts left',
      'rateLimited LimitExceededException',
      'retryAt',
      'CodeNotSent 409',
      'ResendNotAllowed 429 rateLimited',
    ],
  },
  'a send without an answer counts, and its code works': {
    play: async (s) => {
      const user = await s.user();
      s.refuse(user, 'send', 'InternalErrorException');
      const { status } = await started(s, user);
      return told(status);
    },
    tells: [
      'awaitingCode, 4 sends and 10 attempts left',
      'uncertain InternalErrorException',
      'deliveryUncertain',
      'resendAllowedAt',
      'codeExpiresAt',
    ],
  },
  'a token that Cognito refuses: it waits for another, and then sends': {
    play: async (s) => {
      const user = await s.user();
      s.refuse(user, 'send', 'NotAuthorizedException');
      const { workflowId, status } = await started(s, user);
      const refused = await refusalOf(s.verifications.renewAccessToken(workflowId, { accessToken: user.accessToken }));
      await s.verifications.renewAccessToken(workflowId, { accessToken: await s.token(user) });
      const { state } = (await started(s, { ...user, accessToken: await s.token(user) })).status;
      return [...told(status), refused, state];
    },
    tells: [
      'awaitingToken, 5 sends and 10 attempts left',
      'accessTokenRejected NotAuthorizedException',
      'AccessTokenRefused 401',
      'awaitingCode',
    ],
  },
  'a send that is refused for good fails it': {
    play: async (s) => {
      const user = await s.user();
      s.refuse(user, 'send', 'InvalidParameterException');
      const start = await refusalOf(started(s, user));
      const ref = workflowIdFor({ ...user, ...email });
      const { outcome, failure } = await s.verifications.wait(ref);
      return [start, outcome, failure?.type, ...told(await s.verifications.status(ref))];
    },
    tells: [
      'VerificationFailed 502 InvalidParameterException',
      'failed',
      'InvalidParameterException',
      'failed, 5 sends and 10 attempts left',
      'notSent InvalidParameterException',
      'failure',
    ],
  },
  'a re-send that is refused for good leaves the first code': {
    play: async (s) => {
      const user = await s.user();
      const ref = await started(s, user, { policy: { resendCooldown: '1 second' } });
      await s.pass(1_100);
      s.refuse(user, 'send', 'InvalidParameterException');
      const resend = await refusalOf(s.verifications.resendCode(ref));
      return [resend, (await s.verifications.submitCode(ref, { code: s.code(user) })).result];
    },
    tells: ['ResendFailed 502 InvalidParameterException', 'verified'],
  },
  'answers to a code that are no errors': {
    play: async (s) => {
      const tell = [];
      for (const exception of ['LimitExceededException', 'ExpiredCodeException', 'NotAuthorizedException']) {
        const user = await s.user();
        const ref = await started(s, user);
        s.refuse(user, 'attempt', exception);
        const { result, retryAt, status } = await s.verifications.submitCode(ref, { code: s.code(user) });
        tell.push([result, retryAt !== undefined, status.state, status.attemptsLeft]);
      }
      return tell;
    },
    tells: [
      ['rateLimited', true, 'awaitingCode', 9],
      ['codeExpired', false, 'awaitingCode', 9],
      ['accessTokenRejected', false, 'awaitingToken', 10],
    ],
  },
  'an answer to a code that fails it': {
    play: async (s) => {
      const user = await s.user();
      const ref = await started(s, user);
      s.refuse(user, 'attempt', 'AliasExistsException');
      return await refusalOf(s.verifications.submitCode(ref, { code: s.code(user) }));
    },
    tells: 'VerificationFailed 502 AliasExistsException',
  },
  'a confirmation that is not true, and one that is trusted': {
    play: async (s) => {
      const [user, other] = [await s.user(), await s.user()];
      const ref = await started(s, user);
      const unproven = changeOf(s.verifications, ref, ({ unprovenConfirmation }) => unprovenConfirmation?.reason);
      await s.verifications.confirm(ref, { reference: 'sign-up' });
      const trusted = await started(s, other, { policy: { confirmation: 'trust' } });
      await s.verifications.confirm(trusted, { reference: 'sign-up' });
      const { outcome, proof, reference } = await s.verifications.wait(trusted);
      return [await unproven, outcome, proof, reference];
    },
    tells: ['notVerified', 'verified', 'trusted', 'sign-up'],
  },
  'another address while it waits ends it, once it looks': {
    play: async (s) => {
      const user = await s.user();
      const ref = await started(s, user);
      await s.changeEmail(user, 'jon@sample.org');
      await s.verifications.confirm(ref);
      const { outcome, reason, status } = await s.verifications.wait(ref);
      return [outcome, reason, status?.currentDestination];
    },
    tells: ['expired', 'AttributeChanged', 'j***@s***'],
  },
  'a code that Cognito has sent by itself': {
    play: async (s) => {
      const { status } = await started(s, await s.user(), {
        alreadySent: { destination: 'z***@e***', deliveryMedium: 'EMAIL' },
      });
      return [...told(status), status.delivery?.destination];
    },
    tells: [
      'awaitingCode, 4 sends and 10 attempts left',
      'alreadySent',
      'resendAllowedAt',
      'codeExpiresAt',
      'z***@e***',
    ],
  },
  'a new address, in a pool that replaces the old one at once': {
    play: async (s) => {
      const user = await s.user();
      const newValue = 'yan@sample.org';
      const refused = await refusalOf(started(s, user, { newValue }));
      const { status, ...ref } = await started(s, user, { newValue, replaceAtOnce: true });
      const { result } = await s.verifications.submitCode(ref, { code: s.code(user) });
      const outcome = await s.verifications.wait(ref);
      const isOf = (value: string) => isVerifiedValue(outcome, value);
      return {
        refused,
        sent: [...told(status), status.oldValue, status.delivery?.destination],
        ended: [result, outcome.outcome, outcome.proof, isOf(newValue), isOf('zoe@example.com')],
      };
    },
    tells: {
      refused: 'VerificationFailed 502 ReplacesAtOnce',
      sent: [
        'awaitingCode, 4 sends and 10 attempts left',
        'sent',
        'resendAllowedAt',
        'codeExpiresAt',
        'replaced',
        'y***@s***',
      ],
      ended: ['verified', 'verified', 'accepted', true, false],
    },
  },
  'a new address, in a pool that keeps the old one': {
    keepsOriginal: true,
    play: async (s) => {
      const user = await s.user();
      const newValue = 'yan@sample.org';
      const { status, ...ref } = await started(s, user, { newValue });
      const again = await started(s, user, { newValue });
      const { result } = await s.verifications.submitCode(ref, { code: s.code(user) });
      const outcome = await s.verifications.wait(ref);
      const third = await started(s, user, { newValue });
      const isOf = (value: string) => isVerifiedValue(outcome, value);
      return {
        sent: [...told(status), status.oldValue, status.delivery?.destination],
        joined: again.status.joined,
        ended: [result, outcome.outcome, outcome.proof, isOf(newValue), isOf('zoe@example.com')],
        third: third.status.state,
      };
    },
    tells: {
      sent: [
        'awaitingCode, 4 sends and 10 attempts left',
        'sent',
        'resendAllowedAt',
        'codeExpiresAt',
        'kept',
        'y***@s***',
      ],
      joined: true,
      ended: ['verified', 'verified', 'accepted', true, false],
      third: 'alreadyVerified',
    },
  },
  'two new addresses: the second ends the verification of the first': {
    keepsOriginal: true,
    play: async (s) => {
      const user = await s.user();
      const first = await started(s, user, { newValue: 'yan@sample.org' });
      const next = await started(s, user, { newValue: 'jon@sample.org' });
      const { outcome, reason, status } = await s.verifications.wait(first);
      const unsaid = await refusalOf(
        started(s, user, { newValue: 'jon@sample.org', policy: { confirmation: 'trust' } }),
      );
      return { ended: [outcome, reason, status?.oldValue], next: [next.status.joined, ...told(next.status)], unsaid };
    },
    tells: {
      ended: ['expired', 'Superseded', 'kept'],
      next: [false, 'rateLimited, 4 sends and 10 attempts left', 'retryAt'],
      unsaid: 'InvalidRequest 400 newValue',
    },
  },
  'what was never started, and what is none': {
    play: async (s) => {
      const user = await s.user();
      const ref = workflowIdFor({ ...user, ...email });
      const run = '00000000-0000-4000-8000-000000000000';
      const calls = [
        s.verifications.status(ref),
        s.verifications.submitCode(ref, { code: WRONG }),
        s.verifications.cancel({ workflowId: ref, run }),
        s.verifications.status('sign-up/1'),
        s.verifications.status(`verify/eu-west-1_another/${user.sub}/email`),
        started(s, user, { attributeName: 'name' as AttributeName }),
        started(s, user, { policy: { maxSends: 99 } }),
        s.verifications.start({ accessToken: `${user.accessToken.slice(0, -20)}${'A'.repeat(20)}`, ...email }),
        s.verifications.submitCode(ref, { code: 'ab cd' }),
      ];
      return await Promise.all(calls.map(refusalOf));
    },
    tells: [
      'VerificationNotFound 404',
      'VerificationNotFound 404',
      'VerificationNotFound 404',
      'InvalidRequest 400 workflowId',
      'InvalidRequest 400 workflowId',
      'InvalidRequest 400 attributeName',
      'InvalidRequest 400 policy.maxSends',
      'AccessTokenRefused 401',
      'InvalidRequest 400 code',
    ],
  },
  'limits of time, and signals': {
    play: async (s) => {
      const ref = await started(s, await s.user());
      const signal = AbortSignal.timeout(50);
      const calls = [s.verifications.wait(ref, { timeout: 50 }), s.verifications.wait(ref, { signal })];
      const aborted = s.verifications.status(ref, { signal: AbortSignal.abort() });
      return await Promise.all([...calls, aborted].map(refusalOf));
    },
    tells: ['VerificationOpen 504', 'CallAborted 499', 'CallAborted 499'],
  },
  'a watcher sees the changes, and how it ends': {
    play: async (s) => {
      const user = await s.user();
      const mine = s.verifications.forUser({ accessToken: user.accessToken });
      await mine.start('email');
      const watch = mine.watch('email');
      const first = await watch.next();
      await mine.submitCode('email', WRONG);
      const rest: string[] = [];
      const watched = (async () => {
        for (;;) {
          const { value, done } = await watch.next();
          if (done) return value.outcome;
          rest.push(`${value.state} ${value.attemptsLeft}`);
        }
      })();
      await mine.submitCode('email', s.code(user));
      const outcome = await watched;
      return [first.done, outcome, rest.at(-1), rest.length > 0 && rest.length < 6];
    },
    tells: [false, 'verified', 'verified 8', true],
  },
  'a page that is loaded again after the end is told so': {
    play: async (s) => {
      const user = await s.user();
      const mine = s.verifications.forUser({ accessToken: user.accessToken });
      await mine.start('email');
      await mine.submitCode('email', s.code(user));
      const { status } = await mine.start('email');
      return [status.state, status.sends.length];
    },
    tells: ['alreadyVerified', 0],
  },
  'the object of one user reaches nobody else': {
    play: async (s) => {
      const [zoe, jon] = [await s.user(), await s.user()];
      const { run } = await started(s, zoe);
      const ofJon = s.verifications.forUser({ accessToken: jon.accessToken });
      const calls = [ofJon.status('email'), ofJon.submitCode('email', s.code(zoe)), ofJon.cancel('email', { run })];
      return await Promise.all(calls.map(refusalOf));
    },
    tells: ['VerificationNotFound 404', 'VerificationNotFound 404', 'VerificationNotFound 404'],
  },
  'the list has what is open and what has ended': {
    play: async (s) => {
      const [zoe, jon] = [await s.user(), await s.user()];
      await started(s, zoe);
      await s.verifications.submitCode(await started(s, jon), { code: s.code(jon) });
      const ids = [zoe, jon].map((user) => workflowIdFor({ ...user, ...email }));
      return [await listed(s, ids, { open: true }), await listed(s, ids, { state: 'verified' })];
    },
    tells: [['codePending RUNNING'], ['verified COMPLETED']],
  },
};

/** What a watcher first sees. */
async function changeOf<T>(
  verifications: Verifications,
  ref: { workflowId: string; run: string },
  of: (status: VerificationStatus) => T | undefined,
): Promise<T | undefined> {
  for await (const status of verifications.watch(ref, { signal: AbortSignal.timeout(20_000) })) {
    const found = of(status);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The one of them that the list has; the store follows a moment later. */
async function listed({ verifications }: Subject, ids: string[], filter: ListFilter): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const found: string[] = [];
    for await (const row of verifications.list({ ...filter, limit: 1000 }))
      if (ids.includes(row.workflowId)) found.push(`${row.state} ${row.executionStatus}`);
    if (found.length === 1 || tries === 50) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
