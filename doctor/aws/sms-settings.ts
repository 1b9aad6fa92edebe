/** How a user pool is set up for SMS. */
import type { PoolInformation } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { CALLS } from './calls.js';
import type { Judgement } from './each.js';
import { nameNoSender, updateUserPool, withEumsSms } from './remedies.js';
import { smsPathOf, snsRegionsOf } from './sms-paths.js';
import { type Senders, sendersIn, sendersNamed } from './sms-senders.js';
import { SOURCES } from './sources.js';
import { checkPools, isAutoVerified, type Pool } from './user-pools.js';

const consoleOf = ({ id }: Pool) =>
  `Amazon Cognito > User pools > ${id} > Authentication > Authentication methods > SMS`;

export const smsConfiguration = checkPools(
  { name: 'sms-configuration', area: 'sms', title: 'how user pools send SMS', source: SOURCES.smsSettings },
  judgeSmsConfiguration,
);

export function judgeSmsConfiguration(pool: Pool): Judgement {
  const { SmsConfiguration: sms = {}, LambdaConfig: triggers = {} } = pool.settings;
  if (triggers.CustomSMSSender) return { verdict: 'ok', found: 'A CustomSMSSender trigger: see message-triggers.' };
  const path = smsPathOf(pool);
  const edit = `${consoleOf(pool)} > Edit`;
  if (!path) {
    if (!isAutoVerified(pool, 'phone_number'))
      return { verdict: 'ok', found: 'This pool sends none, and verifies no phone_number.' };
    return {
      verdict: 'failure',
      found: 'The pool has no SmsConfiguration, and is to verify phone_number.',
      means: 'Users get no code by SMS: each send fails.',
      remedy: {
        text: 'Choose AWS End User Messaging in the console, and let it make a new IAM role by which Cognito sends. Or let the pool verify no phone numbers.',
        console: edit,
      },
    };
  }
  const role = path.by === 'direct' ? sms.EumsSms?.CallerArn : sms.SnsCallerArn;
  if (!/^arn:[\w-]+:iam::\d+:role\/.+/.test(role ?? '')) {
    return {
      verdict: 'failure',
      found: `${path.by === 'direct' ? 'EumsSms.CallerArn' : 'SnsCallerArn'} is not the ARN of a role.`,
      means: 'Users get no code by SMS: Cognito cannot take the role by which it sends.',
      remedy: { text: 'Let the console make a new IAM role.', console: edit },
    };
  }
  const allowed = path.by === 'direct' ? ([pool.region] as const) : snsRegionsOf(pool.region);
  const region = path.by === 'direct' ? (sms.EumsSms?.Region ?? pool.region) : path.region;
  if (!allowed.includes(region)) {
    return {
      verdict: 'failure',
      found: `The pool is in ${pool.region} and is to send from ${region}, which it cannot.`,
      means: 'Users get no code by SMS.',
      remedy: {
        text: `Let the pool send from ${allowed.join(' or ')}.`,
        console: edit,
        command: updateUserPool(pool, {
          SmsConfiguration: path.by === 'direct' ? withEumsSms({ Region: allowed[0] }) : { SnsRegion: allowed[0] },
        }),
      },
    };
  }
  if ((path.by === 'direct' ? sms.EumsSms?.ExternalId : sms.ExternalId) === undefined) {
    return {
      verdict: 'warning',
      found: 'The role has no ExternalId.',
      means:
        'Nothing for users, unless the role asks for one: then Cognito cannot take it, and no SMS goes out. Without one, others may have Cognito send at your cost.',
      remedy: {
        text: 'Let the console make a new role, whose trust policy asks for an external id and for this pool. Or keep the role: the command gives it the id of the pool as its external id, here and in its trust policy.',
        console: edit,
        command: `${updateUserPool(pool, {
          SmsConfiguration: path.by === 'direct' ? withEumsSms({ ExternalId: pool.id }) : { ExternalId: pool.id },
        })} && ${trustCognito(pool, role, pool.id)}`,
      },
    };
  }
  if (path.by === 'sns' && sms.SnsRegion === undefined && allowed.length > 1) {
    return {
      verdict: 'warning',
      found: `The pool names no SnsRegion, and may send from ${allowed.join(' or ')}.`,
      means:
        'The sandbox, the spending and the numbers belong to one region, and the pool does not say which. All checks of SMS look at the first.',
      remedy: {
        text: `Name ${allowed[0]}, once its sandbox is left and its limit raised.`,
        console: edit,
        command: updateUserPool(pool, { SmsConfiguration: { SnsRegion: allowed[0] } }),
      },
    };
  }
  const by = path.by === 'direct' ? 'AWS End User Messaging itself' : 'Amazon SNS';
  return { verdict: 'ok', found: `By ${by}, from ${path.region}.` };
}

/** A line by which only Cognito takes the role, with the external id if there is one. */
function trustCognito(pool: Pool, role: string | undefined, externalId: string | undefined): string {
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'cognito-idp.amazonaws.com' },
        Action: 'sts:AssumeRole',
        ...(externalId !== undefined && { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
      },
    ],
  };
  return `aws iam update-assume-role-policy --region ${pool.region} --role-name ${role?.split('/').at(-1)} --policy-document '${JSON.stringify(policy)}'`;
}

/** A line by which the role may send. */
function allowSending(pool: Pool, role: string, action: string): string {
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] };
  return `aws iam put-role-policy --region ${pool.region} --role-name ${role.split('/').at(-1)} --policy-name cognito-sms --policy-document '${JSON.stringify(policy)}'`;
}

export const smsFailure = checkPools(
  {
    name: 'sms-configuration-failure',
    area: 'sms',
    title: 'errors that Cognito met with SMS',
    source: SOURCES.userPool,
  },
  judgeSmsFailure,
);

export function judgeSmsFailure(pool: Pool): Judgement {
  const failures = (pool.settings.SmsConfigurationFailure ?? '').split(',').filter((failure) => failure !== '');
  if (failures.length === 0) {
    return { verdict: 'ok', found: 'The pool tells of none. It may not know of a sandbox: see sms-sandbox.' };
  }
  const { SmsConfiguration: sms } = pool.settings;
  const direct = smsPathOf(pool)?.by === 'direct';
  const action = direct ? 'sms-voice:SendTextMessage' : 'sns:Publish';
  const role = direct ? sms?.EumsSms?.CallerArn : sms?.SnsCallerArn;
  const externalId = direct ? sms?.EumsSms?.ExternalId : sms?.ExternalId;
  const isRole = failures.some((failure) => failure.includes('Role'));
  const isTrust = failures.some((failure) => failure.includes('RoleTrust'));
  const isAccess = failures.some((failure) => failure.includes('RoleAccess'));
  const lines = role
    ? [
        ...(isTrust ? [trustCognito(pool, role, externalId)] : []),
        ...(isAccess ? [allowSending(pool, role, action)] : []),
      ]
    : [];
  const steps = isTrust ? [`Let Cognito assume the role ${role ?? ''}`] : [`Let the role ${role ?? ''} call ${action}`];
  if (isTrust && isAccess) steps.push(`let the role call ${action}`);
  return {
    verdict: 'failure',
    found: `SmsConfigurationFailure says ${failures.join(', ').slice(0, 200)}.`,
    means: 'Users get no code by SMS.',
    remedy: isRole
      ? {
          text: `${steps.join(', and ')}. Or let the console make a new role.${direct ? ' If the policy of the role names the ARN of a number, name the same ARN as OriginationIdentity of the pool.' : ''}`,
          console: `${consoleOf(pool)} > Edit`,
          command: lines.length > 0 ? lines.join(' && ') : undefined,
        }
      : { text: 'Do what the check sms-sandbox says.', console: consoleOf(pool) },
  };
}

/** What a user pool can name. */
export interface Nameable extends Senders {
  readonly numberPools: readonly PoolInformation[];
}

export const poolSender = checkPools(
  {
    name: 'sms-sender-of-pool',
    area: 'sms',
    title: 'number or sender id that a user pool names',
    source: SOURCES.smsSettings,
  },
  async (pool, { aws }) => {
    const wanted = pool.settings.SmsConfiguration?.EumsSms?.OriginationIdentity;
    if (!wanted || smsPathOf(pool) === undefined) return judgePoolSender(pool, undefined);
    const askPools = (Owner: 'SELF' | 'SHARED') => aws.ask(CALLS.numberPools, { region: pool.region }, { Owner });
    const [senders, own, shared] = await Promise.all([
      sendersIn(aws, pool.region),
      askPools('SELF'),
      askPools('SHARED'),
    ]);
    return judgePoolSender(pool, { ...senders, numberPools: [...own, ...shared] });
  },
);

/** @param senders undefined if the pool names none */
export function judgePoolSender(pool: Pool, senders: Nameable | undefined): Judgement {
  const wanted = pool.settings.SmsConfiguration?.EumsSms?.OriginationIdentity;
  if (!senders || !wanted) return { verdict: 'ok', found: 'The pool names none: AWS chooses for each country.' };
  const edit = { console: `${consoleOf(pool)} > Edit` };
  const means = 'Users get no code by SMS: AWS cannot send by what the pool names.';
  const numberPool = senders.numberPools.find(({ PoolArn, PoolId }) => PoolArn === wanted || PoolId === wanted);
  const named = sendersNamed(wanted, senders);
  const found = numberPool ?? named.numbers[0] ?? named.senderIds[0];
  if (!found) {
    return {
      verdict: 'failure',
      found: `${pool.region} has no such number, pool of numbers or sender id as OriginationIdentity names.`,
      means,
      remedy: {
        text: 'Name one that is there, by its ARN. Or name none, as the command does: AWS then chooses for each country. The command needs version 1.46 of the AWS CLI.',
        ...edit,
        command: nameNoSender(pool),
      },
    };
  }
  if ('Status' in found && found.Status !== 'ACTIVE') {
    return {
      verdict: 'failure',
      found: `What OriginationIdentity names is not active (${found.Status}).`,
      means,
      remedy: {
        text: 'Finish its registration, or name another one. Or name none, as the command does: AWS then chooses for each country. The command needs version 1.46 of the AWS CLI.',
        ...edit,
        command: nameNoSender(pool),
      },
    };
  }
  return { verdict: 'ok', found: 'What the pool names is there.' };
}
