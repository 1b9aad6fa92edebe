import type { VerificationFailure } from '@cognito-verification/contract';
import type { ResendPost } from './mailbox.js';
import { refused } from './refusals.js';

/** The callers whose re-sends one send answers: the one that is under way, or is due next. */
export class WaitingResends {
  private readonly posts: ResendPost[] = [];

  get all(): readonly ResendPost[] {
    return this.posts;
  }

  /** The next send is made for this caller. */
  add(post: ResendPost): void {
    this.posts.push(post);
  }

  /**
   * A send that is under way serves this caller too. One waits; the others are told the status at once, so that a crowd of them
   * does not keep a code from being submitted.
   */
  join(post: ResendPost): void {
    if (this.posts.length > 0) post.verdict = 'settled';
    else this.posts.push(post);
  }

  /** They are told the status. */
  answer(): void {
    for (const post of this.posts.splice(0)) post.verdict = 'settled';
  }

  /** They are told why no request was sent. */
  refuse({ type, message }: VerificationFailure, cause: VerificationFailure): void {
    for (const post of this.posts.splice(0)) post.refusal = refused(type, message, cause);
  }
}
