import type {
  CodeDelivery,
  ParsedResendCode,
  ParsedSubmitCode,
  SubmitCodeResult,
} from '@cognito-verification/contract';
import type { ApplicationFailure } from '@temporalio/workflow';

/** What a handler posts, and where it finds the verdict. */
export interface Post<Input, Verdict> {
  readonly input: Input;
  /** When it was posted. */
  readonly atMs: number;
  verdict?: Verdict;
  refusal?: ApplicationFailure;
}

export type CodePost = Post<ParsedSubmitCode, { result: SubmitCodeResult; retryAt?: string | undefined }>;
export type ResendPost = Post<Pick<ParsedResendCode, 'clientMetadata'>, 'settled'>;

/** The server takes 2,000 updates in a run. Those past this number are kept for codes. */
const MOST_UPDATES = 1_500;

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

  private updates = 0;

  /** Counts an update that a handler has taken in. */
  countUpdate(): void {
    this.updates += 1;
  }

  /** Only codes are taken any more. */
  get full(): boolean {
    return this.updates >= MOST_UPDATES;
  }
}
