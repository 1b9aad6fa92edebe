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
  verdict?: Verdict;
  refusal?: ApplicationFailure;
}

export type CodePost = Post<ParsedSubmitCode, { result: SubmitCodeResult; retryAt?: string }>;
export type ResendPost = Post<Pick<ParsedResendCode, 'clientMetadata'>, 'settled'>;

/** Where the handlers leave what they were sent. Handlers post and wait; the lifecycle takes and answers. */
export class Mailbox {
  readonly codes: CodePost[] = [];
  readonly resends: ResendPost[] = [];
  /** Taken, and with Cognito. */
  codeUnderCheck: CodePost | undefined;
  /** Taken, and answered when the send is settled that they asked for or joined. */
  readonly awaitingSend: ResendPost[] = [];
  /** `codeConfirmed` has come. */
  confirmed = false;
  reference: string | undefined;
  /** Cognito has sent a code by itself. */
  alreadySent: CodeDelivery | undefined;
  /** A token has come that may end `awaitingToken`. */
  tokenOffered = false;
}
