/** The look before a first send that must wait: whether it is made, what it shows, and what follows. */
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { LimitFacts } from './limits.js';
import type { Looks } from './looks.js';
import type { Mailbox } from './mailbox.js';
import type { Ending } from './policy.js';
import { alreadyVerifiedBy } from './proof.js';
import type { SendRecords } from './send-records.js';
import type { Terms } from './terms.js';

/** What a look shows. */
export type Shown = { verdict: 'alreadyVerified'; attribute: AttributeSnapshot } | NotYet;

/** The send must wait, and nothing shows that it is not needed. */
export interface NotYet {
  verdict: 'notYet';
}

/**
 * What a look shows. A value that is not told is not taken for verified, as before any other send.
 * @param attribute undefined where it could not be read
 */
export function shownBy(attribute: AttributeSnapshot | undefined): Shown {
  const isShown = attribute?.verified === true && attribute.valueDigest !== undefined;
  return isShown ? { verdict: 'alreadyVerified', attribute } : { verdict: 'notYet' };
}

/** What the look needs of its verification. */
interface Parts {
  readonly terms: Pick<Terms, 'reverify' | 'change'>;
  readonly mailbox: Pick<Mailbox, 'alreadySent' | 'superseded'>;
  readonly looks: Pick<Looks, 'codeAccepted'>;
  readonly limits: Pick<LimitFacts, 'earlier'>;
  takeRequests(): void;
}

/** One look at most is made. Its answer, and that of a first send that has looked itself, are judged here. */
export class LookBeforeSend {
  private isMade = false;

  constructor(
    private readonly parts: Parts,
    private readonly records: Pick<SendRecords, 'nothingSent'>,
  ) {}

  /** An earlier verification gives reason to look. */
  get wanted(): boolean {
    const { limits, terms } = this.parts;
    return Boolean(limits.earlier.endedVerified) && !terms.reverify && !this.isMade;
  }

  /** It is being made. */
  begin(): void {
    this.isMade = true;
  }

  /** What follows. What came during the look may ask for a code all the same, or say that one is out. */
  settle(shown: Shown): Ending | 'awaitCode' | 'send' {
    const { terms, mailbox, looks } = this.parts;
    if (shown.verdict === 'alreadyVerified') this.parts.takeRequests();
    if (looks.codeAccepted || !this.records.nothingSent) return 'awaitCode';
    if (shown.verdict === 'notYet' || terms.reverify || mailbox.alreadySent || mailbox.superseded) return 'send';
    const { valueDigest, newValueDigest } = shown.attribute;
    if (terms.change.newValue && newValueDigest !== valueDigest) return 'send';
    return alreadyVerifiedBy(shown.attribute);
  }
}
