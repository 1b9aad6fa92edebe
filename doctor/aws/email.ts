/** Whether e-mails with a code go out. */
import type { GetEmailIdentityResponse } from '@aws-sdk/client-sesv2';
import type { Surroundings } from '../surroundings.js';
import { CALLS } from './calls.js';
import { checkEach, type Judgement, type Subjects } from './each.js';
import { sendByIdentity, updateUserPool, YOUR_DOMAIN } from './remedies.js';
import { SOURCES } from './sources.js';
import { checkPools, existingPool, type Pool } from './user-pools.js';

/** The identity by which a pool sends, from the SourceArn of its EmailConfiguration. */
export interface Sender {
  readonly region: string;
  readonly accountId: string;
  /** A domain, or an address, which no finding names. */
  readonly identity: string;
  readonly domain: string;
}

/** Undefined for a pool that sends by Cognito's own account, or by a function. */
export function senderOf({ settings }: Pool): Sender | undefined {
  if (settings.LambdaConfig?.CustomEmailSender) return undefined;
  const [, region, accountId, identity] =
    /^arn:[\w-]+:ses:([\w-]+):(\d+):identity\/(.+)$/.exec(settings.EmailConfiguration?.SourceArn ?? '') ?? [];
  if (!region || !accountId || !identity) return undefined;
  return { region, accountId, identity, domain: identity.slice(identity.indexOf('@') + 1) };
}

const consoleOf = ({ id }: Pool) =>
  `Amazon Cognito > User pools > ${id} > Authentication > Authentication methods > Email`;

const BY_YOUR_DOMAIN = `the command does, with your domain and address in place of those of ${YOUR_DOMAIN}. Cognito takes none that is not verified.`;

export const emailSending = checkPools(
  { name: 'email-sending', area: 'email', title: 'who sends the e-mails', source: SOURCES.email },
  judgeEmailSending,
);

export function judgeEmailSending(pool: Pool): Judgement {
  const { EmailSendingAccount: account = 'COGNITO_DEFAULT', SourceArn } = pool.settings.EmailConfiguration ?? {};
  if (pool.settings.LambdaConfig?.CustomEmailSender) {
    return { verdict: 'ok', found: 'A CustomEmailSender trigger: see message-triggers.' };
  }
  if (account === 'DEVELOPER') {
    const sender = senderOf(pool);
    if (sender) return { verdict: 'ok', found: `Amazon SES in ${sender.region}, by an identity of ${sender.domain}.` };
    return {
      verdict: 'failure',
      found: SourceArn
        ? 'EmailConfiguration.SourceArn is not the ARN of an identity.'
        : 'EmailConfiguration has no SourceArn.',
      means: 'Users get no e-mail: Cognito does not know by which address to send.',
      remedy: {
        text: `Choose a verified identity of Amazon SES: ${BY_YOUR_DOMAIN}`,
        console: consoleOf(pool),
        command: sendByIdentity(pool, YOUR_DOMAIN, { From: `codes@${YOUR_DOMAIN}` }),
      },
    };
  }
  return {
    verdict: 'warning',
    found:
      'Cognito’s own account sends them: 50 a day for all pools of the AWS account, which start again at 09:00 UTC.',
    means: 'From the 51st message of a day on, users get no code by e-mail, and cannot sign up or verify.',
    remedy: {
      text: `Verify a domain of yours in Amazon SES (Identities > Create identity), and leave its sandbox (Account dashboard > Request production access). Then let the pool send with it: ${BY_YOUR_DOMAIN}`,
      console: `${consoleOf(pool)} > Edit > Send email with Amazon SES`,
      command: sendByIdentity(pool, YOUR_DOMAIN, { From: `codes@${YOUR_DOMAIN}` }),
    },
  };
}

export const emailFailure = checkPools(
  {
    name: 'email-configuration-failure',
    area: 'email',
    title: 'errors that Cognito met with e-mail',
    source: SOURCES.userPool,
  },
  judgeEmailFailure,
);

export function judgeEmailFailure(pool: Pool): Judgement {
  const failure = pool.settings.EmailConfigurationFailure;
  if (!failure)
    return {
      verdict: 'ok',
      found: 'The pool tells of none. AWS fills this field no longer; CloudTrail has such errors.',
    };
  return {
    verdict: 'failure',
    found: `EmailConfigurationFailure says ${failure.slice(0, 100)}.`,
    means: 'Users get no e-mail.',
    remedy: {
      text: 'Look up what failed in the events of cognito-idp.amazonaws.com in CloudTrail (Event history), and mend that. Then choose the identity in the pool anew, as the command does: that renews the role by which Cognito sends.',
      console: consoleOf(pool),
      command: updateUserPool(pool, {}),
    },
  };
}

/** An identity, and the pool that sends by it. */
export interface UsedIdentity {
  readonly sender: Sender;
  readonly pool: Pool;
  /** That of the address, else that of its domain; undefined if there is neither. */
  readonly found: GetEmailIdentityResponse | undefined;
  /** Whether `found` is that of an address. */
  readonly isAddress: boolean;
}

/** These regions send for pools of any region, by the older documents. */
const ALTERNATE_REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1'];

export const sesIdentity = checkEach(
  { name: 'ses-identity', area: 'email', title: 'identities of Amazon SES', source: SOURCES.sesIdentities },
  async (surroundings) =>
    await senders(surroundings, async (pool, sender): Promise<UsedIdentity> => {
      const place = { region: sender.region };
      const find = (EmailIdentity: string) => surroundings.aws.ask(CALLS.sesIdentity, place, { EmailIdentity });
      const found = await find(sender.identity);
      return {
        pool,
        sender,
        found: found ?? (await find(sender.domain)),
        isAddress: found !== undefined && sender.identity !== sender.domain,
      };
    }),
  judgeIdentity,
);

export function judgeIdentity({ sender, pool, found, isAddress }: UsedIdentity): Judgement {
  const consolePath = `Amazon SES > Configuration > Identities > ${sender.domain}`;
  const nothing = 'Users get no e-mail: Amazon SES refuses to send by this identity.';
  const accountId = pool.settings.Arn?.split(':')[4];
  if (accountId && accountId !== sender.accountId) {
    return {
      verdict: 'failure',
      found: `The identity is of the account ${sender.accountId}, and the pool of ${accountId}.`,
      means: nothing,
      remedy: {
        text: `Use an identity of the account of the pool. The command names ${sender.domain} there, which must be verified first.`,
        console: consoleOf(pool),
        command: sendByIdentity(pool, sender.domain),
      },
      source: SOURCES.email,
    };
  }
  if (!found) {
    return {
      verdict: 'failure',
      found: `Amazon SES in ${sender.region} has no identity for ${sender.domain}.`,
      means: nothing,
      remedy: {
        text: 'Make it, as the command does, and put the records that SES names into the DNS of the domain. SES looks there by itself.',
        console: 'Amazon SES > Configuration > Identities > Create identity',
        command: `aws sesv2 create-email-identity --region ${sender.region} --email-identity ${sender.domain}`,
      },
    };
  }
  const what = isAddress ? `an address of ${sender.domain}` : sender.domain;
  if (found.VerifiedForSendingStatus !== true) {
    // The pool names the address when the line runs, so that the report does not.
    const identity = isAddress
      ? `"$(aws cognito-idp describe-user-pool --region ${pool.region} --user-pool-id ${pool.id} --query UserPool.EmailConfiguration.SourceArn --output text | cut -d / -f 2-)"`
      : sender.domain;
    return {
      verdict: 'failure',
      found: `The identity of ${what} is not verified (${found.VerificationStatus ?? 'unknown'}).`,
      means: nothing,
      remedy: {
        text: 'Put the records of the identity into the DNS of the domain, or follow the link in the message to the address. Then wait: SES looks again by itself, for 72 hours. The console shows the records; the command shows the status, and the token of each DKIM record.',
        console: consolePath,
        command: `aws sesv2 get-email-identity --region ${sender.region} --email-identity ${identity} --query "[VerificationStatus,DkimAttributes.Tokens]"`,
      },
    };
  }
  if (sender.region !== pool.region && !ALTERNATE_REGIONS.includes(sender.region)) {
    return {
      verdict: 'warning',
      found: `The identity is in ${sender.region}, and the pool in ${pool.region}.`,
      means: 'Users may get no e-mail: Cognito sends from some regions only.',
      remedy: {
        text: `Look into the table of the document. An identity in ${pool.region} is right in any case: the command names ${sender.domain} there, which must be verified first.`,
        console: consoleOf(pool),
        command: sendByIdentity(pool, sender.domain),
      },
      source: SOURCES.email,
    };
  }
  return { verdict: 'ok', found: `The identity of ${what} is verified in ${sender.region}.` };
}

/** The senders of all pools. What is found of two pools in the same words is said once. */
export async function senders<Subject>(
  surroundings: Surroundings,
  look: (pool: Pool, sender: Sender) => Promise<Subject>,
  {
    nameOf = ({ domain, region }) => `${domain} in ${region}`,
    only = () => true,
  }: { nameOf?: (sender: Sender) => string; only?: (pool: Pool) => boolean } = {},
): Promise<Subjects<Subject>> {
  const subjects = await Promise.all(
    surroundings.userPools().map(async (served): Promise<Subjects<Subject>['subjects']> => {
      try {
        const pool = await existingPool(surroundings, served);
        const sender = senderOf(pool);
        return sender && only(pool) ? [{ name: nameOf(sender), look: async () => await look(pool, sender) }] : [];
      } catch (error) {
        return [{ name: served.userPoolId, look: async () => await Promise.reject(error) }];
      }
    }),
  );
  return { subjects: subjects.flat(), noneBecause: 'No user pool sends by an identity of Amazon SES.' };
}
