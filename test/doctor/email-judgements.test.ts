/** What doctor makes of AWS's answers about e-mail, without AWS. */
import * as email from '../../doctor/aws/email.js';
import * as sesAccount from '../../doctor/aws/ses-account.js';
import { healthyPool, pool, unknown } from './aws-fixtures.js';
import { type Row, testJudgements } from './judgement-rows.js';

const sender = email.senderOf(healthyPool());
if (!sender) throw new Error('The healthy pool has a sender.');
const identity = { sender, pool: healthyPool(), found: { VerifiedForSendingStatus: true }, isAddress: false };
const ses = (more: object) => ({
  region: 'eu-west-1',
  account: { ProductionAccessEnabled: true, SendingEnabled: true, EnforcementStatus: 'HEALTHY', ...more },
});

const ROWS: readonly Row[] = [
  ['SES', email.judgeEmailSending(healthyPool()), 'ok', 'Amazon SES in eu-central-1'],
  [
    'Cognito’s own e-mail',
    email.judgeEmailSending(pool({ EmailConfiguration: { EmailSendingAccount: 'COGNITO_DEFAULT' } })),
    'warning',
    '50 a day',
  ],
  ['nothing said of e-mail', email.judgeEmailSending(pool({ EmailConfiguration: {} })), 'warning', '50 a day'],
  [
    'SES without an identity',
    email.judgeEmailSending(pool({ EmailConfiguration: { EmailSendingAccount: 'DEVELOPER' } })),
    'failure',
    'no SourceArn',
  ],
  ['no e-mail failure', email.judgeEmailFailure(healthyPool()), 'ok', 'CloudTrail'],
  ['an e-mail failure', email.judgeEmailFailure(pool({ EmailConfigurationFailure: 'x' })), 'failure', 'CloudTrail'],
  ['an identity', email.judgeIdentity(identity), 'ok', 'is verified in eu-central-1'],
  ['no identity', email.judgeIdentity({ ...identity, found: undefined }), 'failure', '--email-identity bakery.example'],
  [
    'an open identity',
    email.judgeIdentity({ ...identity, found: { VerificationStatus: 'PENDING' } }),
    'failure',
    'not verified (PENDING)',
  ],
  [
    'an open identity of an address',
    email.judgeIdentity({ ...identity, isAddress: true, found: { VerificationStatus: 'PENDING' } }),
    'failure',
    'of an address of bakery.example is not verified (PENDING)',
  ],
  [
    'the line for it',
    email.judgeIdentity({ ...identity, isAddress: true, found: { VerificationStatus: 'PENDING' } }),
    'failure',
    `get-email-identity --region eu-central-1 --email-identity "$(aws cognito-idp describe-user-pool`,
  ],
  [
    'an identity of another account',
    email.judgeIdentity({ ...identity, sender: { ...sender, accountId: '999' } }),
    'failure',
    'of the account 999',
  ],
  [
    'an identity elsewhere',
    email.judgeIdentity({ ...identity, sender: { ...sender, region: 'ap-south-1' } }),
    'warning',
    'is in ap-south-1',
  ],
  ['SES in production', sesAccount.judgeSesSandbox(ses({})), 'ok', 'out of it'],
  [
    'SES in its sandbox',
    sesAccount.judgeSesSandbox(ses({ ProductionAccessEnabled: false })),
    'failure',
    'Request production access',
  ],
  [
    'SES that says nothing of a sandbox',
    unknown(() => sesAccount.judgeSesSandbox({ region: 'eu-west-1', account: {} })),
    'couldNotAsk',
    'no ProductionAccessEnabled',
  ],
  [
    'SES that says nothing',
    unknown(() => sesAccount.judgeSesSending({ region: 'eu-west-1', account: {} })),
    'couldNotAsk',
    'no SendingEnabled',
  ],
  [
    'SES without a word of its quota',
    unknown(() => sesAccount.judgeSesSending(ses({}))),
    'couldNotAsk',
    'no SendQuota',
  ],
  [
    'SES sends',
    sesAccount.judgeSesSending(ses({ SendQuota: { Max24HourSend: 100, SentLast24Hours: 5 } })),
    'ok',
    '5 of 100',
  ],
  [
    'SES without a quota',
    sesAccount.judgeSesSending(ses({ SendQuota: { Max24HourSend: -1, SentLast24Hours: 5 } })),
    'ok',
    'without a daily quota',
  ],
  ['SES is paused', sesAccount.judgeSesSending(ses({ SendingEnabled: false })), 'failure', '--sending-enabled'],
  [
    'SES is stopped',
    sesAccount.judgeSesSending(ses({ EnforcementStatus: 'SHUTDOWN' })),
    'failure',
    'AWS Support Center',
  ],
  ['SES on probation', sesAccount.judgeSesSending(ses({ EnforcementStatus: 'PROBATION' })), 'warning', 'PROBATION'],
  [
    'SES nearly full',
    sesAccount.judgeSesSending(ses({ SendQuota: { Max24HourSend: 100, SentLast24Hours: 80 } })),
    'warning',
    '80 of 100',
  ],
  [
    'SES full',
    sesAccount.judgeSesSending(ses({ SendQuota: { Max24HourSend: 100, SentLast24Hours: 100 } })),
    'failure',
    '100 of 100',
  ],
];

testJudgements(ROWS);
