/** From where the SMS of a user pool are sent. Sandbox, spending and numbers are of one account in one region. */
import type { Surroundings } from '../surroundings.js';
import { type About, checkEach, type Judgement, type Subjects } from './each.js';
import { existingPool, type Pool } from './user-pools.js';

/**
 * By which service, and from where. `sns`: Amazon SNS hands the messages to AWS End User Messaging. `direct`: Cognito calls AWS End
 * User Messaging itself.
 */
export interface SmsPath {
  readonly by: 'sns' | 'direct';
  readonly region: string;
}

/** The regions from which Amazon SNS sends for pools of a region, by the table of Cognito's page. Others send for themselves alone. */
const SNS_REGIONS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'us-east-2': ['us-east-2', 'us-east-1'],
  'ca-central-1': ['ca-central-1', 'us-east-1'],
  'eu-central-1': ['eu-central-1', 'eu-west-1'],
  'eu-west-2': ['eu-west-2', 'eu-west-1'],
  'ap-south-1': ['ap-south-1', 'ap-southeast-1'],
  'ap-southeast-5': ['ap-southeast-1'],
  'ap-southeast-7': ['ap-south-1'],
  'ap-east-1': ['ap-southeast-1'],
  'ap-northeast-2': ['ap-northeast-1'],
};

/** Where Amazon SNS may send from for pools of this region, the best first. */
export function snsRegionsOf(poolRegion: string): readonly [string, ...string[]] {
  return SNS_REGIONS[poolRegion] ?? [poolRegion];
}

/** Undefined for a pool that sends no SMS, or by a function. */
export function smsPathOf({ settings, region }: Pool): SmsPath | undefined {
  const { SmsConfiguration: sms = {}, LambdaConfig: triggers = {} } = settings;
  if (triggers.CustomSMSSender) return undefined;
  if (sms.EumsSms) return { by: 'direct', region };
  if (sms.SnsCallerArn) return { by: 'sns', region: sms.SnsRegion ?? snsRegionsOf(region)[0] };
  return undefined;
}

/** A region from which SMS are sent. */
export interface SmsRegion {
  readonly region: string;
  /** Some pool sends by Amazon SNS. */
  readonly bySns: boolean;
  /** Some pool sends by End User Messaging itself. */
  readonly direct: boolean;
  /** The pools that send from here. */
  readonly pools: readonly Pool[];
}

/** A check of each region from which a pool sends SMS. */
export function checkSmsRegions<Answers>(
  about: About,
  ask: (region: SmsRegion, surroundings: Surroundings) => Promise<Answers>,
  judge: (answers: Answers, surroundings: Surroundings) => Judgement | readonly Judgement[],
) {
  return checkEach(
    about,
    async (surroundings): Promise<Subjects<Answers>> => {
      const { regions, unknown } = await smsRegions(surroundings);
      return {
        subjects: [
          ...regions.map((region) => ({ name: region.region, look: async () => await ask(region, surroundings) })),
          ...unknown.map(({ name, error }) => ({ name, look: async () => await Promise.reject(error) })),
        ],
        noneBecause: 'No user pool sends SMS by AWS.',
      };
    },
    judge,
  );
}

async function smsRegions(surroundings: Surroundings): Promise<{
  regions: readonly SmsRegion[];
  unknown: readonly { name: string; error: unknown }[];
}> {
  const regions = new Map<string, { region: string; bySns: boolean; direct: boolean; pools: Pool[] }>();
  const unknown: { name: string; error: unknown }[] = [];
  await Promise.all(
    surroundings.userPools().map(async (served) => {
      try {
        const pool = await existingPool(surroundings, served);
        const path = smsPathOf(pool);
        if (!path) return;
        const known = regions.get(path.region) ?? { region: path.region, bySns: false, direct: false, pools: [] };
        known.bySns ||= path.by === 'sns';
        known.direct ||= path.by === 'direct';
        known.pools.push(pool);
        regions.set(path.region, known);
      } catch (error) {
        unknown.push({ name: served.userPoolId, error });
      }
    }),
  );
  return { regions: [...regions.values()], unknown };
}
