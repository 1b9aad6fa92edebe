/** Whether Amazon SES lets the account send. */
import type { GetAccountResponse } from '@aws-sdk/client-sesv2';
import { CouldNotAskError } from '../could-not-ask.js';
import { CALLS } from './calls.js';
import { type About, checkEach, type Judgement } from './each.js';
import { senders } from './email.js';
import { SOURCES } from './sources.js';

/** A check of Amazon SES in each region by which a pool sends. */
function checkSesAccounts(
  about: About,
  judge: (answers: { region: string; account: GetAccountResponse }) => Judgement,
) {
  return checkEach(
    about,
    async (surroundings) =>
      await senders(
        surroundings,
        async (_pool, { region }) => ({
          region,
          account: await surroundings.aws.ask(CALLS.sesAccount, { region }, {}),
        }),
        {
          nameOf: ({ region }) => region,
          // Others have Cognito's account send by their identity.
          only: ({ settings }) => settings.EmailConfiguration?.EmailSendingAccount === 'DEVELOPER',
        },
      ),
    judge,
  );
}

export const sesSandbox = checkSesAccounts(
  { name: 'ses-sandbox', area: 'email', title: 'sandbox of Amazon SES', source: SOURCES.sesSandbox },
  judgeSesSandbox,
);

export function judgeSesSandbox({ region, account }: { region: string; account: GetAccountResponse }): Judgement {
  if (account.ProductionAccessEnabled === true) return { verdict: 'ok', found: 'The account is out of it.' };
  if (account.ProductionAccessEnabled === undefined) throw untold(region, 'ProductionAccessEnabled');
  const review = account.Details?.ReviewDetails?.Status;
  return {
    verdict: 'failure',
    found: `Amazon SES in ${region} is in its sandbox${review ? ` (request for production access: ${review})` : ''}.`,
    means: 'Only addresses that you have verified by hand get an e-mail. All other users get none, and see no error.',
    remedy: {
      ...(review === 'PENDING' || review === 'DENIED'
        ? {
            text:
              review === 'PENDING'
                ? 'Wait for AWS, which decides within a day or so and may ask back in a case. The command shows how it stands.'
                : 'AWS has refused: answer in the case that the command names, in the AWS Support Center. AWS decides.',
            command: `aws sesv2 get-account --region ${region} --query "[ProductionAccessEnabled,Details.ReviewDetails]"`,
          }
        : {
            text: 'Ask AWS for production access: the command does, with your web site in place of https://example.com. AWS decides within a day or so, and may ask back in a case.',
            command: `aws sesv2 put-account-details --region ${region} --production-access-enabled --mail-type TRANSACTIONAL --website-url https://example.com`,
          }),
      console: 'Amazon SES > Account dashboard > Request production access',
    },
  };
}

export const sesSending = checkSesAccounts(
  { name: 'ses-sending', area: 'email', title: 'whether Amazon SES sends', source: SOURCES.sesQuota },
  judgeSesSending,
);

function untold(region: string, member: string): CouldNotAskError {
  return new CouldNotAskError(
    `Not known: the answer of Amazon SES in ${region} has no ${member}.`,
    {
      text: 'Look at the dashboard, and report what was found: it is not foreseen.',
      console: 'Amazon SES > Account dashboard',
      command: `aws sesv2 get-account --region ${region}`,
    },
    { means: 'Nobody knows whether users get an e-mail.' },
  );
}

/** From here on a rush of sign-ups may use up the rest of the day. */
const NEARLY = 0.8;

export function judgeSesSending({ region, account }: { region: string; account: GetAccountResponse }): Judgement {
  const { SendingEnabled, EnforcementStatus = 'HEALTHY', SendQuota: quota } = account;
  const dashboard = 'Amazon SES > Account dashboard';
  const show = `aws sesv2 get-account --region ${region} --query "[SendingEnabled,EnforcementStatus,SendQuota]"`;
  if (EnforcementStatus === 'SHUTDOWN') {
    return {
      verdict: 'failure',
      found: 'AWS has stopped all sending of this account (SHUTDOWN).',
      means: 'No user gets an e-mail.',
      remedy: {
        text: 'Read the notice of AWS about bounces or complaints, mend their cause, and answer the case in the AWS Support Center. AWS decides. The command shows how it stands.',
        console: 'Amazon SES > Reputation metrics',
        command: show,
      },
    };
  }
  if (SendingEnabled === false) {
    return {
      verdict: 'failure',
      found: 'Sending is switched off for the account.',
      means: 'No user gets an e-mail.',
      remedy: {
        text: 'Find out who has paused it and why, then switch it on.',
        console: `${dashboard} > Resume sending`,
        command: `aws sesv2 put-account-sending-attributes --region ${region} --sending-enabled`,
      },
    };
  }
  if (EnforcementStatus !== 'HEALTHY') {
    return {
      verdict: 'warning',
      found: `AWS reviews the sending of this account (${EnforcementStatus}).`,
      means: 'AWS may stop all e-mails to users.',
      remedy: {
        text: 'Read the notice of AWS, and mend what it names. AWS decides when the review ends. The command shows how it stands.',
        console: 'Amazon SES > Reputation metrics',
        command: show,
      },
    };
  }
  if (SendingEnabled === undefined) throw untold(region, 'SendingEnabled');
  const { Max24HourSend: most, SentLast24Hours: sent } = quota ?? {};
  if (most === undefined || sent === undefined) throw untold(region, 'SendQuota');
  // -1 is no limit.
  if (most >= 0 && sent >= most * NEARLY) {
    return {
      verdict: sent >= most ? 'failure' : 'warning',
      found: `${sent} of ${most} e-mails of the last 24 hours are used.`,
      means:
        sent >= most
          ? 'Users get no e-mail until older ones leave the 24 hours.'
          : 'A rush of sign-ups gets no e-mail.',
      remedy: {
        text: 'Ask AWS for a greater quota; AWS decides. The command shows what it is.',
        console: `${dashboard} > Sending limits > Request increase`,
        command: show,
      },
    };
  }
  return {
    verdict: 'ok',
    found: most < 0 ? 'It sends, without a daily quota.' : `It sends: ${sent} of ${most} in the last 24 hours.`,
  };
}
