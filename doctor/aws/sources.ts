/** The documents of AWS that the checks come from. */
const COGNITO = 'https://docs.aws.amazon.com/cognito/latest/developerguide';
const COGNITO_API = 'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference';
const SMS = 'https://docs.aws.amazon.com/sms-voice/latest/userguide';
const SES = 'https://docs.aws.amazon.com/ses/latest/dg';

export const SOURCES = {
  credentials: 'https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html',
  describeUserPool: `${COGNITO_API}/API_DescribeUserPool.html`,
  appClient: `${COGNITO_API}/API_UserPoolClientType.html`,
  attributes: `${COGNITO}/user-pool-settings-attributes.html`,
  verification: `${COGNITO}/user-pool-settings-email-phone-verification.html`,
  tokens: `${COGNITO}/amazon-cognito-user-pools-using-the-access-token.html`,
  revocation: `${COGNITO}/token-revocation.html`,
  templates: `${COGNITO_API}/API_VerificationMessageTemplateType.html`,
  customMessage: `${COGNITO}/user-pool-lambda-custom-message.html`,
  customSenders: `${COGNITO}/user-pool-lambda-custom-sender-triggers.html`,
  pinpointEnd: 'https://docs.aws.amazon.com/pinpoint/latest/userguide/migrate.html',
  userPool: `${COGNITO_API}/API_UserPoolType.html`,
  quotas: `${COGNITO}/quotas.html`,
  email: `${COGNITO}/user-pool-email.html`,
  firewall: `${COGNITO}/user-pool-waf.html`,
  smsSettings: `${COGNITO}/user-pool-sms-settings.html`,
  smsSandbox: `${SMS}/sandbox.html`,
  spendLimit: `${SMS}/spend-limit.html`,
  optOuts: `${SMS}/opt-out-list.html`,
  requestNumber: `${SMS}/phone-numbers-request.html`,
  registrations: `${SMS}/registrations.html`,
  countries: `${SMS}/phone-numbers-sms-by-country.html`,
  protect: `${SMS}/protect.html`,
  sesSandbox: `${SES}/request-production-access.html`,
  sesIdentities: `${SES}/creating-identities.html`,
  sesQuota: `${SES}/manage-sending-quotas.html`,
} as const;
