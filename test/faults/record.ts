/** What is written down while the faults go on, to be judged when all is over (`check.ts`). Nothing in it is a secret. */
import type { ResolvedPolicy, VerificationOutcome, VerificationStatus } from '@cognito-verification/contract';

/** What a service asked for. */
export type Operation = 'start' | 'submitCode' | 'resendCode' | 'renewAccessToken' | 'confirm' | 'cancel';

/** One call of the client, from the outside: what went in, and what was heard of it. */
export interface ClientCall {
  atMs: number;
  endedAtMs: number;
  operation: Operation;
  /** The same for each repetition of a call. */
  id: string;
  /** `ok`, the `code` of a `VerificationError`, or the text of an error that is none. */
  answer: string;
  /** Of a submitted code. */
  result?: string;
  /** As it came with the answer. */
  status?: VerificationStatus;
}

/** One call that has reached Cognito. */
export interface CognitoCall {
  atMs: number;
  operation: 'send' | 'attempt';
  /** Who called: a worker, or the service with its own client before it confirms. */
  by: 'worker' | 'service';
  /** What Cognito did; missing when a fault kept it from doing anything. */
  effect?: string;
}

/** One activity that asked Cognito for a message, as the history has it. */
export interface SendActivity {
  scheduledAtMs: number;
  endedAtMs: number;
  /** `timedOut`: Temporal gave it up while a worker had it. `cutOff`: the verification had ended before it did. */
  end: 'answered' | 'timedOut' | 'cutOff';
}

/** All that is known of one verification. */
export interface Evidence {
  workflowId: string;
  behaviour: string;
  policy: ResolvedPolicy;
  calls: readonly ClientCall[];
  /** How many runs of the workflow there were. */
  runs: number;
  startedAtMs: number;
  /** Undefined while it is open. */
  endedAtMs: number | undefined;
  outcome: VerificationOutcome | undefined;
  sendActivities: readonly SendActivity[];
  /** Why workflow tasks failed. */
  failedTasks: readonly string[];
  /** What this build does otherwise than the history, once all was over; undefined where it replays. */
  replayError?: string | undefined;
  /** Build ids of the workers that had a workflow task of it. */
  builds: readonly string[];
  cognito: readonly CognitoCall[];
  /** When messages were put into the person's inbox. */
  messagesAtMs: readonly number[];
  /** As the user pool has the attribute in the end. */
  verifiedInPool: boolean;
}
