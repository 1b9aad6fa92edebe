/** The record of a run, for the judge (`check.ts`). It contains no secret. */
import type {
  AttributeName,
  ResolvedPolicy,
  VerificationOutcome,
  VerificationStatus,
} from '@cognito-verification/contract';

/** A request of a service. */
export type Operation = 'start' | 'submitCode' | 'resendCode' | 'renewAccessToken' | 'confirm' | 'cancel';

/** One call of the client from outside: its input and its answer. */
export interface ClientCall {
  atMs: number;
  endedAtMs: number;
  operation: Operation;
  /** The same for each repetition of a call. */
  id: string;
  /** `ok`, the `code` of a `VerificationError`, or the text of any other error. */
  answer: string;
  /** The result of a submitted code. */
  result?: string;
  /** The status in the answer. */
  status?: VerificationStatus;
}

/** One call that reached Cognito. */
export interface CognitoCall {
  atMs: number;
  operation: 'send' | 'attempt';
  /** The caller: a worker, or the service with its own client before it confirms. */
  by: 'worker' | 'service';
  /** By `UpdateUserAttributes`, where it is a send. */
  changes?: true;
  /** Cognito did it, and a fault kept its answer back. */
  lost?: true;
  /** What Cognito did; missing if a fault kept it from doing anything. */
  effect?: string;
}

/** One activity that asked Cognito for a message, as recorded in the history. */
export interface SendActivity {
  scheduledAtMs: number;
  endedAtMs: number;
  /** `timedOut`: Temporal gave it up while a worker had it. `cutOff`: the verification ended before it did. */
  end: 'answered' | 'timedOut' | 'cutOff';
}

/** A change of address, and what the user pool holds at the end. */
export interface ChangeRecord {
  attributeName: AttributeName;
  /** The user pool keeps the old value until the new one is verified. */
  keeps: boolean;
  holds: 'old' | 'new' | 'another';
}

/** All that is known about one verification. */
export interface Evidence {
  workflowId: string;
  behaviour: string;
  policy: ResolvedPolicy;
  calls: readonly ClientCall[];
  /** The number of runs of the workflow. */
  runs: number;
  startedAtMs: number;
  /** Undefined while it is open. */
  endedAtMs: number | undefined;
  outcome: VerificationOutcome | undefined;
  sendActivities: readonly SendActivity[];
  /** Why workflow tasks failed. */
  failedTasks: readonly string[];
  /** Workflow tasks that a worker had and did not end: what a local attempt in them was told, nobody may know. */
  lostTasks: number;
  /** The same, of tasks for a code: the server was killed meanwhile, and no history has them. At most so many. */
  forgottenTasks: number;
  /** How the replay of this build differs from the history at the end; undefined if it replays. */
  replayError?: string | undefined;
  /** Build ids of the workers that had one of its workflow tasks. */
  builds: readonly string[];
  cognito: readonly CognitoCall[];
  /** When messages arrived in the person's inboxes. */
  messagesAtMs: readonly number[];
  /** How many of them went anywhere but to the value that is to be verified. */
  strays: number;
  /** Undefined if the verification changes no address. */
  change?: ChangeRecord | undefined;
  /** Whether the user pool has the attribute as verified at the end, with the value to which the codes went. */
  verifiedInPool: boolean;
  /** Whether the outcome proves that very value. */
  provesValue: boolean;
}
