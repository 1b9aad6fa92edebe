/** The user pools and app clients that are asked about, as Cognito describes them. */
import type { UserPoolType } from '@aws-sdk/client-cognito-identity-provider';
import type { UserPoolSetting } from '@cognito-verification/codec';
import type { Place } from '../aws-account.js';
import { CouldNotAskError } from '../could-not-ask.js';
import type { Surroundings } from '../surroundings.js';
import { type AppClientSettings, CALLS } from './calls.js';
import { type About, checkEach, type Judgement, type Subjects } from './each.js';

/** The attributes that Cognito can verify. */
export const ATTRIBUTES = ['email', 'phone_number'] as const;

/** DescribeUserPoolClient allows few calls a second, and a pool has up to a thousand app clients. */
export const MOST_CLIENTS = 10;

/** A user pool that exists. */
export interface Pool {
  readonly id: string;
  readonly region: string;
  readonly place: Place;
  /** As the settings of the worker name it. */
  readonly served: UserPoolSetting;
  readonly settings: UserPoolType;
}

/** An app client that exists. */
export interface AppClient {
  readonly id: string;
  readonly pool: Pool;
  readonly settings: AppClientSettings;
}

/** Where the calls for a pool go. */
export function placeOf({ userPoolId, endpoint }: UserPoolSetting): Place {
  return { region: userPoolId.split('_')[0] ?? '', endpoint };
}

/**
 * The pool as Cognito describes it; undefined if there is none.
 * @throws AwsCallError
 */
export async function findPool({ aws }: Surroundings, served: UserPoolSetting): Promise<Pool | undefined> {
  const { userPoolId } = served;
  const place = placeOf(served);
  const settings = await aws.ask(CALLS.userPool, place, { UserPoolId: userPoolId });
  return settings && { id: userPoolId, region: place.region, place, served, settings };
}

/** @throws CouldNotAskError if there is none, which the check `user-pool-exists` reports */
export async function existingPool(surroundings: Surroundings, served: UserPoolSetting): Promise<Pool> {
  const pool = await findPool(surroundings, served);
  if (pool) return pool;
  throw new CouldNotAskError('Not asked, because the user pool does not exist.', {
    text: 'Do what the check user-pool-exists says, and run doctor again.',
  });
}

/** The ids of the app clients whose tokens count, and whether those are all. */
export async function countedClients(
  { aws }: Surroundings,
  { served, place, id }: Pool,
): Promise<{ ids: readonly string[]; left: number }> {
  const ids = served.clientIds ?? (await aws.ask(CALLS.appClients, place, { UserPoolId: id }));
  return { ids: ids.slice(0, MOST_CLIENTS), left: Math.max(0, ids.length - MOST_CLIENTS) };
}

/** The app client as Cognito describes it; undefined if there is none. */
export async function findClient({ aws }: Surroundings, pool: Pool, id: string): Promise<AppClient | undefined> {
  const settings = await aws.ask(CALLS.appClient, pool.place, { UserPoolId: pool.id, ClientId: id });
  return settings && { id, pool, settings };
}

/** A check of each user pool. */
export function checkPools(
  about: About,
  judge: (
    pool: Pool,
    surroundings: Surroundings,
  ) => Judgement | readonly Judgement[] | Promise<Judgement | Judgement[]>,
) {
  return checkEach(
    about,
    (surroundings): Subjects<Pool> => ({
      subjects: surroundings.userPools().map((served) => ({
        name: served.userPoolId,
        look: async () => await existingPool(surroundings, served),
      })),
      noneBecause: 'No user pool is served.',
    }),
    judge,
  );
}

/** A check of each app client whose tokens count. Those that do not exist are left to the check `app-clients`. */
export function checkClients(about: About, judge: (client: AppClient) => Judgement | readonly Judgement[]) {
  return checkEach(
    about,
    async (surroundings): Promise<Subjects<AppClient>> => {
      const subjects = await Promise.all(
        surroundings.userPools().map(async (served) => await clientSubjects(surroundings, served)),
      );
      return { subjects: subjects.flat(), noneBecause: 'No user pool has an app client.' };
    },
    judge,
  );
}

async function clientSubjects(
  surroundings: Surroundings,
  served: UserPoolSetting,
): Promise<Subjects<AppClient>['subjects']> {
  try {
    const pool = await existingPool(surroundings, served);
    const { ids } = await countedClients(surroundings, pool);
    return ids.map((id) => ({
      name: `${pool.id} ${id}`,
      look: async () => {
        const client = await findClient(surroundings, pool, id);
        if (client) return client;
        throw new CouldNotAskError('Not asked, because the app client does not exist.', {
          text: 'Do what the check app-clients says, and run doctor again.',
        });
      },
    }));
  } catch (error) {
    return [{ name: served.userPoolId, look: async () => await Promise.reject(error) }];
  }
}

/** Whether the pool sends this attribute a code when it changes. */
export function isAutoVerified({ settings }: Pool, attribute: (typeof ATTRIBUTES)[number]): boolean {
  return settings.AutoVerifiedAttributes?.includes(attribute) ?? false;
}

/** Whether the pool has a way to send SMS. */
export function canSendSms({ settings }: Pool): boolean {
  const { SnsCallerArn, EumsSms } = settings.SmsConfiguration ?? {};
  return SnsCallerArn !== undefined || EumsSms !== undefined || settings.LambdaConfig?.CustomSMSSender !== undefined;
}

/** The attributes that a user of the pool may want to verify: the phone number only where the pool can send to it. */
export function verifiableAttributes(pool: Pool): readonly string[] {
  return ATTRIBUTES.filter((attribute) => attribute === 'email' || isAutoVerified(pool, attribute) || canSendSms(pool));
}

/** The attributes that the pool is made to verify: each whose change gets a code by itself, and what it keeps until then. */
export function verifiedAttributes(pool: Pool): readonly string[] {
  return ATTRIBUTES.filter((attribute) => isAutoVerified(pool, attribute));
}
