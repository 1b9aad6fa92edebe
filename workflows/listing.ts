/** What the list says of a verification: its search attributes. */
import {
  type ListedState,
  type ParsedRequest,
  SEARCH_ATTRIBUTE_KEYS,
  type VerificationState,
} from '@cognito-verification/contract';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';

/** It changes what the list says only where that differs: each change is an event and a billed action. */
export class Listing {
  private listed: ListedState | undefined;

  constructor(private readonly request: ParsedRequest) {}

  /** A start sets it for free; one by hand may not have. */
  begin(): void {
    if (this.isListedByStart()) this.listed = LISTED_BY_START;
    else this.list(LISTED_BY_START);
  }

  /** @param listed what the list says, where that is not what it says of every verification in this state */
  enter(state: VerificationState, listed: ListedState = LISTED_AS[state]): void {
    this.list(listed);
  }

  private list(state: ListedState): void {
    if (state === this.listed) return;
    this.listed = state;
    upsertSearchAttributes(this.attributesIn(state));
  }

  /** All three, for a verification that was started by hand, without them. */
  private attributesIn(state: ListedState): { key: (typeof SEARCH_ATTRIBUTE_KEYS)['state']; value: string }[] {
    return [
      { key: SEARCH_ATTRIBUTE_KEYS.state, value: state },
      { key: SEARCH_ATTRIBUTE_KEYS.attributeName, value: this.request.attributeName },
      { key: SEARCH_ATTRIBUTE_KEYS.userPoolId, value: this.request.owner.userPoolId },
    ];
  }

  private isListedByStart(): boolean {
    const { typedSearchAttributes } = workflowInfo();
    return this.attributesIn(LISTED_BY_START).every(({ key, value }) => typedSearchAttributes.get(key) === value);
  }
}

const LISTED_AS: Record<VerificationState, ListedState> = {
  sending: 'codePending',
  awaitingCode: 'codePending',
  rateLimited: 'rateLimited',
  awaitingToken: 'awaitingToken',
  verified: 'verified',
  alreadyVerified: 'alreadyVerified',
  expired: 'expired',
  failed: 'failed',
  cancelled: 'cancelled',
};

const LISTED_BY_START = LISTED_AS.sending;
