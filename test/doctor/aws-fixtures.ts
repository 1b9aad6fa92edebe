/** User pools and app clients as Cognito describes them, in which nothing is wrong. */
import type { Judgement } from '../../doctor/aws/each.js';
import type { AppClient, Pool } from '../../doctor/aws/user-pools.js';
import { CouldNotAskError } from '../../doctor/could-not-ask.js';

export const POOL_ID = 'eu-central-1_AbC123xyz';
export const POOL_ARN = `arn:aws:cognito-idp:eu-central-1:123456789012:userpool/${POOL_ID}`;
const BOTH = ['email', 'phone_number'] as const;

/** What the pool is to have in place of what is right. */
export interface PoolChanges {
  readonly settings?: Pool['settings'];
  readonly keepsOriginal?: boolean;
  readonly region?: string;
}

export function healthyPool({ settings = {}, keepsOriginal = true, region = 'eu-central-1' }: PoolChanges = {}): Pool {
  return {
    id: POOL_ID,
    region,
    place: { region },
    served: { userPoolId: POOL_ID, clientIds: undefined, keepsOriginal, endpoint: undefined, keysFile: undefined },
    settings: {
      Arn: POOL_ARN,
      AutoVerifiedAttributes: [...BOTH],
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: [...BOTH] },
      EmailConfiguration: {
        EmailSendingAccount: 'DEVELOPER',
        SourceArn: 'arn:aws:ses:eu-central-1:123456789012:identity/no-reply@bakery.example',
      },
      SmsConfiguration: {
        SnsCallerArn: 'arn:aws:iam::123456789012:role/service-role/CognitoSms',
        ExternalId: 'a1b2c3d4',
        SnsRegion: 'eu-central-1',
      },
      ...settings,
    },
  };
}

export function healthyClient(settings: AppClient['settings'] = {}, pool: PoolChanges = {}): AppClient {
  return { id: '1h57kf5cpq17m0eml12EXAMPLE', pool: healthyPool(pool), settings };
}

/** A healthy pool but for these settings. */
export const pool = (settings: Pool['settings']) => healthyPool({ settings });

/** A pool that sends by AWS End User Messaging itself. */
export const direct = (EumsSms: object, id = POOL_ID): Pool => ({
  ...pool({ SmsConfiguration: { EumsSms: { CallerArn: 'arn:aws:iam::1:role/x', ...EumsSms } } }),
  id,
});

/** What a judgement throws where the answers tell nothing, as the report has it. */
export const unknown = (judge: () => unknown): Judgement => {
  try {
    judge();
  } catch (error) {
    if (error instanceof CouldNotAskError) {
      return { verdict: 'couldNotAsk', found: error.message, remedy: error.remedy, ...error.more };
    }
  }
  throw new Error('The answers are taken to tell something.');
};
