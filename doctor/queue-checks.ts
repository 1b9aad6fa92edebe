/** Checks of the task queue of calls to Cognito: its limits, and the fairness between user pools. */
import type { QueueLimits, QueueRate } from '../temporal/queue-limits.js';
import { noQueueLimits } from '../temporal/queue-limits.js';
import { allowanceOf } from './allowance.js';
import { type CallRates, mostCalls, USUAL_QUOTAS } from './call-rates.js';
import type { Check } from './check.js';
import { CouldNotAskError } from './could-not-ask.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import { readable, type Surroundings } from './surroundings.js';

const queueLimits: Check<Surroundings> = {
  name: 'queue-limits',
  area: 'temporal',
  title: 'limits of the task queue of calls',
  async run({ temporal, servedUserPools, environment }) {
    const limits = await temporal.callsQueue();
    const { namespace } = temporal.config();
    if (!limits) {
      throw new CouldNotAskError(noQueueLimits({ namespace }).message, {
        text: 'Upgrade the Temporal Server to 1.29 or newer.',
      });
    }
    const pools = readable(servedUserPools, 'user-pool-settings').length;
    return [judgeQueueLimits(temporal.taskQueue('calls'), limits, { allowance: allowanceOf(environment), pools })];
  },
};

export function judgeQueueLimits(
  taskQueue: string,
  { queueRate, poolRate }: Pick<QueueLimits, 'queueRate' | 'poolRate'>,
  { allowance, pools }: Pick<CallRates, 'allowance' | 'pools'>,
): Finding {
  const findings = findingsOf('queue-limits', 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html');
  const paused = [queueRate, poolRate].find(({ perSecond }) => perSecond === 0);
  if (paused) {
    const what = paused === queueRate ? 'queue-rate' : 'pool-rate';
    return findings.failure({
      subject: taskQueue,
      found: `The queue is paused: the ${what === 'queue-rate' ? 'rate' : 'rate of each pool'} is 0${whoSet(paused)}.`,
      means: 'No code is sent and none is checked. A verification that waits for minutes ends as failed.',
      remedy: {
        text: 'If the reason is over, set a rate again.',
        command: `cognito-verification limits --${what} 12 --reason "Cognito's quota"`,
      },
    });
  }
  const rates = { allowance, queueRate: queueRate.perSecond, poolRate: poolRate.perSecond, pools };
  const [attempts, sends] = [mostCalls('attempts', rates), mostCalls('sends', rates)];
  const remedy = {
    text: 'Set a rate so that direct calls and those of the queue stay within the quotas together.',
    command: `cognito-verification limits --queue-rate 12 --reason "Cognito's quota"`,
  };
  if (attempts.governed === Number.POSITIVE_INFINITY) {
    return findings.warning({
      subject: taskQueue,
      found: 'The queue has no rate.',
      means:
        "When many users come at once, more calls reach Cognito than the account may make. Cognito throttles them, other services' calls too.",
      remedy,
    });
  }
  const sum = { attempts: attempts.direct + attempts.governed, sends: sends.direct + sends.governed };
  const inWords = `At most ${sum.attempts} attempts and ${sum.sends} sends in a second, of which the workers make ${attempts.direct} and ${sends.direct} directly`;
  if (sum.attempts <= USUAL_QUOTAS.attempts && sum.sends <= USUAL_QUOTAS.sends)
    return findings.ok(taskQueue, `${inWords}.`);
  return findings.warning({
    subject: taskQueue,
    found: `${inWords}: Cognito takes ${USUAL_QUOTAS.attempts} and, unless it was raised, ${USUAL_QUOTAS.sends}.`,
    means: 'When many users come at once, Cognito throttles: they wait longer for a code, and for its check.',
    remedy,
  });
}

function whoSet({ setBy, reason }: QueueRate): string {
  const who = setBy === undefined ? '' : `, set by ${setBy}`;
  return `${who}${reason === undefined ? '' : ` because of "${reason}"`}`;
}

const fairness: Check<Surroundings> = {
  name: 'fairness',
  area: 'temporal',
  title: 'fairness between sends and attempts, and between user pools',
  async run({ temporal }) {
    await temporal.inNamespace();
    return [judgeFairness(temporal.config().namespace)];
  },
};

/** No answer of a Temporal Service shows it, and it is off by default. So the finding stands until a person has looked. */
export function judgeFairness(namespace: string): Finding {
  return findingsOf(
    'fairness',
    'https://docs.temporal.io/develop/task-queue-priority-fairness#task-queue-fairness',
  ).warning({
    subject: namespace,
    found: 'No Temporal Service says whether fairness is on. It is off unless somebody has switched it on.',
    means:
      'Without it, when many users come at once, the check of a code waits behind all sends, with one user pool too; and users of a quiet pool wait behind those of a busy one.',
    remedy: {
      text: 'Set matching.enableFairness to true in the dynamic configuration of your server, or switch Fairness on in the settings of the namespace in Temporal Cloud, if it is not on. From then on run doctor with --without fairness.',
      command: 'cognito-verification doctor --without fairness',
    },
  });
}

/** In the order of the report. */
export const QUEUE_CHECKS: readonly Check<Surroundings>[] = [queueLimits, fairness];
