import type { AttributeName, CodeDelivery } from '@cognito-verification/contract';
import type { AttributeSnapshot, AwaitedValue } from './attribute-snapshot.js';

/** The part of its input that each call to Cognito has. */
export type CognitoCall = {
  /** The user that the token must be of. */
  userPoolId: string;
  sub: string;
  attributeName: AttributeName;
  /** The first run of the verification; the answer repeats it. Default: none. */
  runId?: string | undefined;
  /** The key of the digest of the value. A secret. Default: the first call that reads the attribute makes one. */
  salt?: string | undefined;
} & (
  | {
      /** A secret. */
      accessToken: string;
      accessTokenReference?: undefined;
    }
  | {
      accessToken?: undefined;
      /** The access token source finds the token by it, just before the call. */
      accessTokenReference: string;
    }
);

/** A call that tells of the value that the attribute is to get, whether it has it. */
type Changing = {
  /** A secret. Default: the attribute keeps its value. */
  newValue?: string | undefined;
};

export type SendCodeInput = CognitoCall &
  Changing & {
    /** For the user pool's triggers. */
    clientMetadata?: Record<string, string> | undefined;
    /** Whether to read the attribute first: the value to which the code goes is the one that must be verified at the end. */
    recordAttribute: boolean;
    /** Nothing is sent where the attribute, read before, is verified already. Default: `false`. */
    unlessVerified?: boolean | undefined;
    /** With `newValue`: also where the pool does not keep the old one until then. Default: `false`. */
    replaceAtOnce?: boolean | undefined;
  };

/**
 * The part that each answer has. The seal says that the answer is of this workflow and this activity; the run says that it
 * is of this verification. Without the run, anyone who may complete activities could send the sealed answer of an earlier
 * verification of the same user.
 */
export interface Answer {
  runId?: string | undefined;
}

/** The end of a local activity, an answer or the details of a failure. */
export interface MaybeLate {
  /** A query may have been under way, so that the SDK may hand the end to the workflow with a later workflow task. */
  late?: true | undefined;
}

/** The end of an attempt, an answer or the details of a failure. */
export interface MaybeDated {
  /**
   * When the attempt was made, ISO 8601, if it was direct. Where its workflow task was lost, the task that has the answer began later, and
   * that attempt may be counted by now.
   */
  at?: string | undefined;
}

export interface SendCodeResult extends Answer {
  delivery: CodeDelivery;
  /** The attribute before the send; absent if it was not asked for or could not be read. */
  attribute?: AttributeSnapshot | undefined;
  /** With `newValue`: what has become of the old one, if it could be read. */
  oldValue?: 'kept' | 'replaced' | undefined;
}

/** The attribute was verified already, so that Cognito was not asked to send. */
export interface AlreadyVerified extends Answer {
  alreadyVerified: true;
  attribute: AttributeSnapshot;
}

/** A call after which the attribute shows what an accepted code has done. */
type Awaiting = {
  /** Reads it again for up to 10 s while it does not. Default: reads it once. */
  target?: AwaitedValue | undefined;
};

export type VerifyCodeInput = CognitoCall &
  Awaiting & {
    /** A secret. */
    code: string;
    /** The update that brought the code: a worker process that is asked again about it knows its answer. Default: none. */
    updateId?: string | undefined;
    /** When the attempt is made, by the clock of the workflow, ISO 8601. Default: now. */
    at?: string | undefined;
    /** The updates whose attempts the verification has counted: all others are to be told. Default: none. */
    counted?: { updateId: string }[] | undefined;
    /** Cognito is not to be asked, only what the process knows. Default: `false`. */
    rememberedOnly?: boolean | undefined;
  };

export type ReadAttributeInput = CognitoCall &
  Awaiting &
  Changing & {
    /** Shown as verified, this value proves that a code was right which nobody has seen the answer of. Default: none. */
    proves?: AwaitedValue | undefined;
  };

/** Cognito has accepted the code. */
export interface VerifyCodeResult extends Answer, MaybeLate, MaybeDated {
  accepted: true;
  /** The attribute after that; absent if it could not be read. */
  attribute?: AttributeSnapshot | undefined;
}

/** Cognito as the workflow sees it. */
export interface CognitoActivities {
  /**
   * Asks Cognito to send a code. Not idempotent: each accepted call is a message and one of 5 an hour. It does not ask where
   * the attribute was to be read first and Cognito does not show its value, because then nothing could be proven.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<SendFailure>`
   */
  sendCode(input: SendCodeInput): Promise<SendCodeResult | AlreadyVerified>;
  /**
   * Checks a code, and reads the attribute after it was accepted, or called expired: Cognito refuses an accepted code as expired
   * the second time. Each call is one of 15 an hour.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`
   */
  verifyCode(input: VerifyCodeInput): Promise<VerifyCodeResult>;
  /**
   * Reads whether the attribute is verified, and a digest of its value.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`
   */
  readAttribute(input: ReadAttributeInput): Promise<AttributeSnapshot & Answer>;
}

/** The worker process makes no direct call now: Cognito was not asked. */
export interface NotCalled extends Answer, MaybeLate {
  notCalled: true;
  /** Attempts of this verification that the process has made and the verification has not counted: their tasks were lost. */
  uncounted?: UncountedAttempt[] | undefined;
}

/** An attempt that is in no history. */
export interface UncountedAttempt {
  updateId: string;
  /** When it was made, ISO 8601. */
  at: string;
}

/**
 * The same calls as the worker of the workflow makes them itself, without the task queue of calls: where that is not paused, and
 * once.
 */
export interface DirectActivities {
  /** The first send of a verification: an activity on the workflow's own task queue, which the SDK starts with its workflow task. */
  sendCode(input: SendCodeInput): Promise<SendCodeResult | AlreadyVerified | NotCalled>;
  /** A local activity of at most 3 s. A repeat in the same process asks Cognito nothing. */
  verifyCode(input: VerifyCodeInput): Promise<VerifyCodeResult | NotCalled>;
  /** A local activity of at most 3 s. */
  readAttribute(input: ReadAttributeInput): Promise<(AttributeSnapshot & Answer & MaybeLate) | NotCalled>;
  /** A local activity that does nothing, and is done after the one before it. */
  noteEnd(): Promise<MaybeLate>;
}
