/** Whether Cognito takes as many calls as the check `queue-limits` reckons with. */
import { allowanceOf } from '../allowance.js';
import { type CallKind, type CallRates, DIRECT_CALLS, mostCalls, USUAL_QUOTAS } from '../call-rates.js';
import { CouldNotAskError } from '../could-not-ask.js';
import { readable, type Surroundings } from '../surroundings.js';
import { CALLS } from './calls.js';
import { checkEach, type Judgement, type Subjects } from './each.js';
import { SOURCES } from './sources.js';
import { placeOf } from './user-pools.js';

/** Of an account in a region, in calls a second. */
const QUOTAS = [
  { code: 'L-6621E65D', category: 'UserUpdate', calls: 'attempts' },
  { code: 'L-55545DC8', category: 'UserResourceRead', calls: 'sends' },
  { code: 'L-D6BD5178', category: 'UserRead', calls: 'looks' },
] as const;

type Quota = (typeof QUOTAS)[number];

/** What Cognito takes, and what the workers may do. */
export interface QuotaAnswers {
  readonly quota: Quota;
  /** In calls a second; undefined where AWS knows no other than its default. */
  readonly value: number | undefined;
  /** Undefined where Cognito takes no less than usual: `queue-limits` has judged them then. */
  readonly rates: CallRates | undefined;
}

export const quotas = checkEach(
  { name: 'cognito-quotas', area: 'quotas', title: 'calls a second that Cognito takes', source: SOURCES.quotas },
  (surroundings): Subjects<QuotaAnswers> => ({
    subjects: [...new Set(surroundings.userPools().map((served) => placeOf(served).region))].flatMap((region) =>
      QUOTAS.map((quota) => ({
        name: `${region} ${quota.category}`,
        look: async () => await askQuota(surroundings, region, quota),
      })),
    ),
    noneBecause: 'No user pool is served.',
  }),
  judgeQuota,
);

async function askQuota(surroundings: Surroundings, region: string, quota: Quota): Promise<QuotaAnswers> {
  const input = { ServiceCode: 'cognito-idp', QuotaCode: quota.code };
  const value = await surroundings.aws.ask(CALLS.quota, { region }, input);
  const isLess = value !== undefined && value < USUAL_QUOTAS[quota.calls];
  if (!isLess) return { quota, value, rates: undefined };
  try {
    return { quota, value, rates: await ratesOf(surroundings, region) };
  } catch (error) {
    if (!(error instanceof CouldNotAskError)) throw error;
    throw withQuota(quota, value, error);
  }
}

/** Without Temporal the quota at least is known, and that it is less than usual. */
function withQuota({ category, calls }: Quota, value: number, { message, remedy }: CouldNotAskError): CouldNotAskError {
  return new CouldNotAskError(
    `Cognito takes ${value} ${calls} a second (${category}), and not ${USUAL_QUOTAS[calls]} as usual. Whether the workers stay within that is not known: ${message}`,
    remedy,
    { means: 'If they do not, users wait longer in a rush of sign-ups.' },
  );
}

async function ratesOf({ temporal, environment, servedUserPools }: Surroundings, region: string): Promise<CallRates> {
  const limits = await temporal.callsQueue();
  const served = readable(servedUserPools, 'user-pool-settings');
  return {
    allowance: allowanceOf(environment),
    queueRate: limits?.queueRate.perSecond,
    poolRate: limits?.poolRate.perSecond,
    pools: served.filter((pool) => placeOf(pool).region === region).length,
  };
}

export function judgeQuota({ quota, value, rates }: QuotaAnswers): Judgement {
  const { category, calls } = quota;
  const usual = USUAL_QUOTAS[calls];
  const most = value ?? usual;
  const takes = `Cognito takes ${most} ${calls} a second (${category}${value === undefined ? ', the default of AWS' : ''})`;
  if (!rates) return { verdict: 'ok', found: `${takes}.` };
  const { direct, governed } = mostCalls(calls, rates);
  const may = `${direct} + ${governed === Number.POSITIVE_INFINITY ? 'all that comes' : governed}`;
  if (direct + governed <= most) return { verdict: 'ok', found: `${takes}; the workers make ${may} at most.` };
  return {
    verdict: 'warning',
    found: `${takes}, and not ${usual} as usual; the workers may make ${may}.`,
    means:
      'In a rush of sign-ups Cognito refuses calls, also those of your other applications: users wait longer for a code, or for the answer to one.',
    remedy: {
      text: 'Set a rate for the task queue of calls that suits this quota with any number of workers. It holds at once. Or ask AWS to give the quota back.',
      console: `Service Quotas > AWS services > Amazon Cognito User Pools > Rate of ${category} requests`,
      command: `cognito-verification limits --queue-rate ${rateFor(most, calls)} --reason "Cognito's quota"`,
    },
  };
}

/** The rate with which direct calls and those of the queue come to the quota. Never 0, which would pause the queue. */
function rateFor(quota: number, calls: CallKind): number {
  const rate = quota / (1 + DIRECT_CALLS[calls]);
  return rate < 1 ? Math.floor(rate * 100) / 100 : Math.floor(rate);
}
