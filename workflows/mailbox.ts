import type { CodeDelivery, Secret, SubmitCodeResult } from '@cognito-verification/contract';
import type { ApplicationFailure } from '@temporalio/workflow';
import type { HeldToken } from './held-token.js';

/**
 * `proven`: its token counts. `unproven`: it does not, or not yet. `tokenless`: it has none, and is the word of a service that
 * has the key; it brings nothing that Cognito would have to decide about.
 */
export type Standing = 'proven' | 'unproven' | 'tokenless';

/** What a handler posts, and where it finds the verdict. */
export interface Post<Input, Verdict> {
  readonly input: Input;
  /** When it was posted. */
  readonly atMs: number;
  verdict?: Verdict;
  refusal?: ApplicationFailure;
}

/** A code that a user typed. */
export interface Submitted {
  readonly code: Secret;
  /** The update that brought it. */
  readonly updateId: string;
  /** The only token to use for it. */
  readonly given: HeldToken | undefined;
}

/** What a re-send asks for. */
export interface Resending {
  readonly clientMetadata: Record<string, string> | undefined;
  /** The token that it brought, with which its `clientMetadata` may go out. */
  readonly given: HeldToken | undefined;
}

/** A code, and what is answered to it. */
export type CodePost = Post<Submitted, { result: SubmitCodeResult; retryAt?: string | undefined }>;
/** A re-send that a caller asks for; its answer is the status. */
export type ResendPost = Post<Resending, 'settled'>;

/** The server takes 2,000 updates in a run. Those past this number are kept for codes. */
const MOST_UPDATES = 1_500;

/** Of them, all those together whose tokens do not count, codes included. */
export const MOST_UNPROVEN = 200;

/** Where the handlers leave what they were sent. Handlers post and wait; the lifecycle takes and answers. */
export class Mailbox {
  readonly codes: CodePost[] = [];
  readonly resends: ResendPost[] = [];
  /** `codeConfirmed` has come. */
  confirmed = false;
  reference: string | undefined;
  /** Cognito has sent a code by itself. */
  alreadySent: CodeDelivery | undefined;
  /** A start has met this verification without attempts left. */
  startedAgain = false;
  /** A start has asked for another value than the one that this verification is about. */
  superseded = false;

  private updates = 0;
  private unproven = 0;
  private isPlaceTaken = false;

  /** Counts an update that a handler has taken in. */
  countUpdate(standing: Standing): void {
    this.updates += 1;
    if (standing === 'unproven') this.unproven += 1;
  }

  /** Of this standing only codes are taken any more, and if it is `unproven` none of those either. */
  full(standing: Standing): boolean {
    return this.updates >= MOST_UPDATES || this.spent(standing);
  }

  /** No message of this standing is taken any more. */
  spent(standing: Standing): boolean {
    return standing === 'unproven' && this.unproven >= MOST_UNPROVEN;
  }

  /**
   * The server keeps ten updates that wait for their answers. Of those that do not count one may wait.
   * @returns whether this one has to be answered at once
   */
  crowded(standing: Standing): boolean {
    return standing === 'unproven' && this.isPlaceTaken;
  }

  /** Has an update wait for its answer, in the place that it takes. */
  async waiting<Answer>(standing: Standing, answer: () => Promise<Answer>): Promise<Answer> {
    if (standing !== 'unproven') return await answer();
    this.isPlaceTaken = true;
    try {
      return await answer();
    } finally {
      this.isPlaceTaken = false;
    }
  }
}
