import type { Cognito } from './cognito.js';
import { attemptLimitExceeded, emailLimitExceeded } from './exceptions.js';
import type { Spending, User, VerifiableAttribute } from './state.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Cognito's e-mail day starts at 09:00 UTC. */
const EMAIL_DAY_STARTS_MS = 9 * HOUR_MS;

/** The two limits that a user has. */
export type UserLimit = 'sends' | 'attempts';

/** Takes back a counted call that Cognito then refused. */
export type Refund = () => void;

/**
 * Counts one call against a user's hourly limit, or throws `LimitExceededException`. The call counts at once, and the
 * answer takes it back if Cognito refuses it later. Otherwise a slow trigger would let concurrent calls pass the limit.
 */
export function spend(
  { clock, switches }: Cognito,
  user: User,
  limit: UserLimit,
  attributeName: VerifiableAttribute | undefined,
): Refund {
  const now = clock.now();
  const windowStart = switches.window === 'sliding' ? now - HOUR_MS : Math.floor(now / HOUR_MS) * HOUR_MS - 1;
  const inWindow = user[limit].filter((spending) => spending.at > windowStart);
  // A call that is outside of the window never counts again.
  user[limit] = inWindow;
  const counted =
    switches.limitScope === 'user' ? inWindow : inWindow.filter((spending) => spending.attributeName === attributeName);
  const allowed = limit === 'sends' ? switches.sendsPerHour : switches.attemptsPerHour;
  const spending: Spending = { at: now, attributeName };
  if (counted.length >= allowed) {
    if (switches.limitCounts === 'all') inWindow.push(spending);
    throw attemptLimitExceeded();
  }
  inWindow.push(spending);
  return () => {
    if (switches.limitCounts === 'all') return;
    user[limit] = user[limit].filter((other) => other !== spending);
  };
}

/** Counts one e-mail that Cognito sends from its own address, or throws `LimitExceededException`. */
export function spendDefaultEmail({ state, clock, switches }: Cognito): void {
  const now = clock.now();
  const dayStart = Math.floor((now - EMAIL_DAY_STARTS_MS) / DAY_MS) * DAY_MS + EMAIL_DAY_STARTS_MS;
  state.defaultEmailsAt = state.defaultEmailsAt.filter((at) => at >= dayStart);
  if (state.defaultEmailsAt.length >= switches.emailsPerDay) throw emailLimitExceeded();
  state.defaultEmailsAt.push(now);
}
