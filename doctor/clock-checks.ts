/** Checks of this machine's clock. */
import { POLLED_WITHIN_MS, type Poller } from '../temporal/pollers.js';
import type { Check } from './check.js';
import { CouldNotAskError } from './could-not-ask.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import type { Surroundings } from './surroundings.js';

/** From then on the count of a user's earlier sends costs an activity more. */
const MATTERS_MS = 10_000;
/** From then on a message counts as one of an earlier verification. */
const BREAKS_MS = 120_000;
/** AWS refuses a signature whose time is further off. */
const AWS_REFUSES_MS = 300_000;

const SUBJECT = 'clock of this machine';
const REMEDY = {
  text: 'Let a time server keep the clock of this machine, and those of your services and workers. The command does so on Linux with systemd.',
  command: 'sudo timedatectl set-ntp true',
};

export const TEMPORAL_CLOCK_CHECK: Check<Surroundings> = {
  name: 'clock',
  area: 'temporal',
  title: 'clock of this machine against that of Temporal',
  async run({ temporal, now }) {
    const pollers = await Promise.all([temporal.pollers('workflows'), temporal.pollers('calls')]);
    return [judgeClock(pollers.flat(), now())];
  },
};

/**
 * The server says when each worker has polled last, and not what time it is: no poll is of the future, and one is no older than a
 * minute.
 */
export function judgeClock(pollers: readonly Poller[], nowMs: number): Finding {
  const findings = findingsOf('clock');
  const aheadMs = nowMs - Math.max(...pollers.map(({ polledAtMs }) => polledAtMs));
  if (!Number.isFinite(aheadMs) || aheadMs > POLLED_WITHIN_MS) {
    throw new CouldNotAskError('Not asked: the server tells its time by the polls of workers, and none polls now.', {
      text: 'Do what the check workers says. If workers do poll, this clock is ahead: compare it with another one.',
      command: 'date -u',
    });
  }
  const behindMs = -aheadMs;
  if (behindMs <= MATTERS_MS) {
    const most = Math.max(0, Math.ceil(aheadMs / 1_000));
    return findings.ok(SUBJECT, `It is not behind the server's, and at most ${most} seconds ahead of it.`);
  }
  const told = {
    subject: SUBJECT,
    found: `It is at least ${Math.round(behindMs / 1_000)} seconds behind the server's.`,
    remedy: REMEDY,
  };
  return behindMs > BREAKS_MS
    ? findings.failure({
        ...told,
        means: 'Messages of a service with such a clock count as copies of earlier ones: codes are refused.',
      })
    : findings.warning({ ...told, means: 'Each start costs an activity more, and expired tokens count as valid.' });
}

export const AWS_CLOCK_CHECK: Check<Surroundings> = {
  name: 'clock-aws',
  area: 'user-pool',
  title: 'clock of this machine against that of AWS',
  async run({ aws }) {
    return [judgeAwsClock(await aws.clockSkewMs())];
  },
};

/** @param aheadMs how far this clock is ahead of AWS's; undefined if AWS has answered nothing */
export function judgeAwsClock(aheadMs: number | undefined): Finding {
  const findings = findingsOf('clock-aws', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html');
  if (aheadMs === undefined) {
    throw new CouldNotAskError('AWS has answered nothing, so its time is not known.', {
      text: 'Give this process credentials of AWS and a way to AWS, and run doctor again.',
    });
  }
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const words = `${seconds} seconds ${aheadMs < 0 ? 'behind' : 'ahead of'} AWS's`;
  if (Math.abs(aheadMs) <= MATTERS_MS)
    return findings.ok(SUBJECT, `It is ${seconds === 0 ? "the same as AWS's" : words}.`);
  const told = { subject: SUBJECT, found: `It is ${words}.`, remedy: REMEDY };
  return Math.abs(aheadMs) > AWS_REFUSES_MS
    ? findings.failure({
        ...told,
        means: 'AWS refuses what this machine signs, and access tokens count as expired too early or too late.',
      })
    : findings.warning({ ...told, means: 'Access tokens count as expired too early or too late.' });
}
