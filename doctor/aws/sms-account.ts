/** What the account lets be sent by SMS: to whom, and for how much. */
import type { SpendLimit } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { CouldNotAskError } from '../could-not-ask.js';
import type { Surroundings } from '../surroundings.js';
import { AwsCallError } from './call-error.js';
import { CALLS } from './calls.js';
import type { Judgement } from './each.js';
import { checkSmsRegions, type SmsRegion } from './sms-paths.js';
import { SOURCES } from './sources.js';

/** What AWS says of the sandbox. */
export interface SandboxAnswers {
  readonly region: string;
  /** `IsInSandbox` of SNS; `notAsked` where no pool sends by it. */
  readonly sns: boolean | 'notAsked' | undefined;
  /** The tier of End User Messaging, such as `SANDBOX`; `noEndpoint` where AWS does not offer it. */
  readonly tier: string | undefined;
  /** How many numbers get messages in spite of it. Asked only of a sandbox. */
  readonly verified: number | undefined;
}

export const smsSandbox = checkSmsRegions(
  { name: 'sms-sandbox', area: 'sms', title: 'SMS sandbox of the account', source: SOURCES.smsSandbox },
  askSandbox,
  judgeSandbox,
);

async function askSandbox({ region, bySns }: SmsRegion, { aws }: Surroundings): Promise<SandboxAnswers> {
  const place = { region };
  const [sns, attributes] = await Promise.allSettled([
    bySns ? aws.ask(CALLS.snsSandbox, place, {}) : ('notAsked' as const),
    aws.ask(CALLS.smsAccountAttributes, place, {}),
  ]);
  const said = sns.status === 'fulfilled' ? sns.value : undefined;
  const tier = attributes.status === 'fulfilled' ? attributes.value['ACCOUNT_TIER'] : undefined;
  const isSandbox = said === true || tier === 'SANDBOX';
  if (isSandbox) {
    const count = said === true ? CALLS.snsVerifiedDestinations : CALLS.smsVerifiedDestinations;
    return { region, sns: said, tier, verified: await aws.ask(count, place, {}).catch(() => undefined) };
  }
  // One service alone says enough if it says that this is a sandbox, and not if it says that it is none.
  if (sns.status === 'rejected') throw sns.reason;
  if (attributes.status === 'fulfilled') return { region, sns: said, tier, verified: undefined };
  const { reason } = attributes as { reason: unknown };
  // SNS sends in regions that have no End User Messaging.
  const isMissing = said === false && reason instanceof AwsCallError && reason.problem === 'noEndpoint';
  if (!isMissing) throw reason;
  return { region, sns: said, tier: NO_ENDPOINT, verified: undefined };
}

const NO_ENDPOINT = 'noEndpoint';

/** @throws CouldNotAskError if the answers say neither */
export function judgeSandbox({ region, sns, tier, verified }: SandboxAnswers): Judgement {
  if (sns !== true && tier !== 'SANDBOX') {
    const bySns = sns === false && tier === NO_ENDPOINT;
    if (bySns)
      return { verdict: 'ok', found: 'The account is out of it, by Amazon SNS alone: no End User Messaging here.' };
    if (sns !== undefined && tier === 'PRODUCTION') return { verdict: 'ok', found: 'The account is out of it.' };
    throw untold(
      region,
      sns === undefined ? 'Amazon SNS has no IsInSandbox' : `AWS End User Messaging has the tier ${tier}`,
    );
  }
  const numbers =
    verified === undefined || verified === 0 ? 'numbers' : `the ${verified} number${verified === 1 ? '' : 's'}`;
  const none = verified === 0 ? ', and there is none' : '';
  return {
    verdict: 'failure',
    found: `The account is in the SMS sandbox in ${region}: it sends only to ${numbers} that you have verified by hand${none}.`,
    means:
      'No other user ever gets a code by SMS. Cognito says that it was sent, and the user waits in vain. The month’s messages may cost one US dollar at most.',
    remedy: {
      text: 'Ask AWS for production access in this region: no call of AWS does that, only a request in the console or a case in the AWS Support Center. AWS decides, within a day or so. The command shows how it stands.',
      console:
        'AWS End User Messaging > SMS > Overview > Account status > Request production access (or Amazon SNS > Mobile > Text messaging (SMS) > Exit SMS sandbox)',
      command:
        sns === true
          ? `aws sns get-sms-sandbox-account-status --region ${region}`
          : `aws pinpoint-sms-voice-v2 describe-account-attributes --region ${region}`,
    },
  };
}

function untold(region: string, what: string): CouldNotAskError {
  return new CouldNotAskError(
    `Not known: the answer of ${what}.`,
    {
      text: 'Look at the account, and report what was found: it is not foreseen.',
      console: `AWS End User Messaging > SMS > Overview, in ${region}`,
    },
    { means: 'Nobody knows whether users get a code by SMS.' },
  );
}

/** What may be spent in a month, and what is, in US dollars. */
export interface SpendAnswers {
  readonly region: string;
  /** The `MonthlySpendLimit` of SNS; undefined where no pool sends by it, or nobody has set it. */
  readonly snsLimit: number | undefined;
  readonly limit: SpendLimit | undefined;
  /** Undefined where AWS has no figure, as before the first message of a month. */
  readonly spent: number | undefined;
}

const HOUR_MS = 3_600_000;

export const spendLimit = checkSmsRegions(
  { name: 'sms-spend-limit', area: 'sms', title: 'what SMS may cost in a month', source: SOURCES.spendLimit },
  async ({ region, bySns }, { aws, now }): Promise<SpendAnswers> => {
    const place = { region };
    const times = monthOf(now());
    const metric = (Namespace: string, MetricName: string) =>
      aws.ask(CALLS.latestOfMetric, place, { Namespace, MetricName, ...times });
    const [attributes, limits, ...spent] = await Promise.all([
      bySns ? aws.ask(CALLS.snsAttributes, place, {}) : {},
      aws.ask(CALLS.smsSpendLimits, place, {}),
      metric('AWS/SMSVoice', 'TextMessageMonthlySpend'),
      bySns ? metric('AWS/SNS', 'SMSMonthToDateSpentUSD') : undefined,
    ]);
    const known = spent.filter((amount) => amount !== undefined);
    const snsLimit = Number.parseFloat((attributes as Record<string, string>)['MonthlySpendLimit'] ?? '');
    return {
      region,
      snsLimit: Number.isNaN(snsLimit) ? undefined : snsLimit,
      limit: limits.find(({ Name }) => Name === 'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT'),
      // Both count all of the account's messages, and one may be late.
      spent: known.length > 0 ? Math.max(...known) : undefined,
    };
  },
  judgeSpending,
);

/** The month of a time in UTC, until the end of the hour: the same call all the while, and never without length. */
export function monthOf(nowMs: number): { StartTime: Date; EndTime: Date } {
  const now = new Date(nowMs);
  return {
    StartTime: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)),
    EndTime: new Date((Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS),
  };
}

/** From here on the rest of the month may not suffice. */
const NEARLY = 0.8;

/** @throws CouldNotAskError if AWS names no limit */
export function judgeSpending({ region, snsLimit, limit, spent: figure }: SpendAnswers): Judgement {
  const most = limit?.MaxLimit;
  const enforced = limit?.Overridden ? limit.EnforcedLimit : most;
  const least = Math.min(snsLimit ?? Number.POSITIVE_INFINITY, enforced ?? Number.POSITIVE_INFINITY);
  if (least === Number.POSITIVE_INFINITY) throw untold(region, 'AWS End User Messaging has no spend limit');
  const spent = figure ?? 0;
  const found =
    figure === undefined
      ? `$${least} may be spent in a month. AWS has no figure of this month, as before its first message.`
      : `$${Math.round(figure * 100) / 100} of $${least} are spent in this month.`;
  const judged = {
    found,
    remedy: raise({ region, least, most, bySns: snsLimit !== undefined && snsLimit <= (enforced ?? snsLimit) }),
  };
  if (spent >= least) {
    return {
      verdict: 'failure',
      means: 'No user gets a code by SMS until the month is over. Cognito says that it was sent.',
      ...judged,
    };
  }
  if (spent >= least * NEARLY) {
    return {
      verdict: 'warning',
      means: 'Soon users may get no code by SMS, until the month is over. Nobody gets an error.',
      ...judged,
    };
  }
  if (least <= 1) {
    return {
      verdict: 'warning',
      means: 'After some twenty messages users get no code by SMS until the month is over. Nobody gets an error.',
      ...judged,
      found: `${found} A new account has a limit of $1.`,
    };
  }
  return { verdict: 'ok', found };
}

/** Somebody has set a limit below what AWS allows, or AWS must allow more. */
function raise(limits: {
  region: string;
  least: number;
  most: number | undefined;
  bySns: boolean;
}): Judgement['remedy'] {
  const { region, least, most, bySns } = limits;
  if (most !== undefined && least < most) {
    return {
      text: `Raise the limit. AWS allows $${most} in a month; more than that is a request in Service Quotas.`,
      console: bySns
        ? 'Amazon SNS > Mobile > Text messaging (SMS) > Edit > Account spend limit'
        : 'AWS End User Messaging > SMS > Overview > SMS spending status > Edit',
      command: bySns
        ? `aws sns set-sms-attributes --region ${region} --attributes MonthlySpendLimit=${most}`
        : `aws pinpoint-sms-voice-v2 set-text-message-spend-limit-override --region ${region} --monthly-limit ${most}`,
    };
  }
  return {
    text: 'Ask AWS for more, in Service Quotas or in a case in the AWS Support Center; AWS decides. Then raise your own limit to it. The command shows what AWS allows.',
    console:
      'Service Quotas > AWS services > AWS End User Messaging > TextMessageMonthlySpend > Request increase at account level',
    command: `aws pinpoint-sms-voice-v2 describe-spend-limits --region ${region}`,
  };
}

/** How many numbers are on a list. */
export interface OptOuts {
  readonly count: number;
  /** There are more, which nobody has counted. */
  readonly more: boolean;
}

export const optOuts = checkSmsRegions(
  { name: 'sms-opt-outs', area: 'sms', title: 'numbers that want no SMS', source: SOURCES.optOuts },
  async ({ region, bySns, direct }, { aws }) => {
    const [sns, eum] = await Promise.all([
      bySns ? aws.ask(CALLS.snsOptOuts, { region }, {}) : undefined,
      direct ? aws.ask(CALLS.smsOptOuts, { region }, { OptOutListName: 'Default' }) : undefined,
    ]);
    return { region, lists: [...(sns ? [{ ...sns, bySns: true }] : []), ...(eum ? [{ ...eum, bySns: false }] : [])] };
  },
  ({ region, lists }) => lists.map((list) => judgeOptOuts({ region, ...list })),
);

/** Some are normal: people answer STOP. A whole page of them is worth a look. */
export function judgeOptOuts({ region, bySns, count, more }: OptOuts & { region: string; bySns: boolean }): Judgement {
  if (count === 0) return { verdict: 'ok', found: 'There are none.' };
  const found = `${more ? `More than ${count}` : count} number${count === 1 ? ' has' : 's have'} opted out by answering STOP`;
  if (!more)
    return { verdict: 'ok', found: `${found}: their owners get no code by SMS, without an error. Offer them e-mail.` };
  return {
    verdict: 'warning',
    found: `${found}.`,
    means:
      'Their owners get no code by SMS, without an error. So many may not know why, or are a sign of messages that nobody wanted.',
    remedy: {
      text: 'Offer them e-mail. Take a number out of the list only when its owner asks for it; they can answer START themselves. The command shows the list, with the numbers. Once you know why there are so many, leave this check out: --without sms-opt-outs.',
      console: bySns
        ? 'Amazon SNS > Mobile > Text messaging (SMS) > Opted-out phone numbers'
        : 'AWS End User Messaging > SMS > Opt-out lists > Default',
      command: bySns
        ? `aws sns list-phone-numbers-opted-out --region ${region}`
        : `aws pinpoint-sms-voice-v2 describe-opted-out-numbers --region ${region} --opt-out-list-name Default`,
    },
  };
}
