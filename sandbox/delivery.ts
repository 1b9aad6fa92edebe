import * as v from 'valibot';
import { issueCode } from './codes.js';
import type { Cognito } from './cognito.js';
import { askTrigger, type CustomTexts } from './custom-message.js';
import { CognitoException, invalidParameter } from './exceptions.js';
import { spendDefaultEmail } from './quotas.js';
import { emailAccount, sendsSms } from './settings.js';
import type { User, UserPool, VerifiableAttribute } from './state.js';

/** Cognito's statement of where it has sent a code. */
export interface CodeDeliveryDetails {
  readonly AttributeName: VerifiableAttribute;
  readonly DeliveryMedium: 'EMAIL' | 'SMS';
  /** Masked: `z***@b***` or `+********8920`. */
  readonly Destination: string;
}

/** One code on its way to a user. */
export interface Sending {
  readonly pool: UserPool;
  readonly user: User;
  readonly clientId: string;
  readonly attributeName: VerifiableAttribute;
  readonly value: string;
  readonly triggerSource: `CustomMessage_${'SignUp' | 'ResendCode' | 'VerifyUserAttribute' | 'UpdateUserAttribute'}`;
  readonly clientMetadata: Record<string, string>;
  /** Cognito accepts the call, and no message arrives. */
  readonly undelivered: boolean;
}

const CODE_PARAMETER = '{####}';
const OWN_TEXTS = {
  EmailMessage: `Your confirmation code is ${CODE_PARAMETER}`,
  EmailSubject: 'Your verification code',
  SmsMessage: `Your verification code is ${CODE_PARAMETER}`,
};
/** The member `VerificationMessageTemplate` of a pool. Cognito's own texts replace those that are missing. */
const Template = v.fallback(
  v.object({
    EmailMessage: v.fallback(v.string(), OWN_TEXTS.EmailMessage),
    EmailSubject: v.fallback(v.string(), OWN_TEXTS.EmailSubject),
    SmsMessage: v.fallback(v.string(), OWN_TEXTS.SmsMessage),
  }),
  OWN_TEXTS,
);

const MAX_SMS = 140;
const MAX_EMAIL = 20_000;

/** Makes a code, puts it into its slot and the message with it into the inbox. */
export async function sendCode(cognito: Cognito, sending: Sending): Promise<CodeDeliveryDetails> {
  const { pool, user, attributeName, value } = sending;
  const medium = attributeName === 'email' ? 'EMAIL' : 'SMS';
  if (medium === 'SMS' && !sendsSms(pool)) {
    throw invalidParameter('User pool does not have SMS configuration to send messages.');
  }
  const texts = await customTexts(cognito, sending);
  const template = v.parse(Template, pool.settings['VerificationMessageTemplate']);
  const body =
    medium === 'EMAIL' ? (texts.emailMessage ?? template.EmailMessage) : (texts.smsMessage ?? template.SmsMessage);
  checkBody(medium, body);
  if (medium === 'EMAIL' && emailAccount(pool) === 'COGNITO_DEFAULT') spendDefaultEmail(cognito);

  const code = issueCode(cognito, user, attributeName, value);
  const fill = (text: string): string => text.replaceAll(CODE_PARAMETER, code);
  if (!sending.undelivered) {
    cognito.inbox.deliver({
      userPoolId: pool.id,
      username: user.username,
      attributeName,
      medium,
      destination: value,
      subject: medium === 'EMAIL' ? fill(texts.emailSubject ?? template.EmailSubject) : undefined,
      body: fill(body),
      code,
      triggerSource: sending.triggerSource,
    });
  }
  return { AttributeName: attributeName, DeliveryMedium: medium, Destination: maskDestination(attributeName, value) };
}

async function customTexts(cognito: Cognito, sending: Sending): Promise<CustomTexts> {
  const { pool, user, attributeName } = sending;
  if (cognito.customMessage === undefined) return {};
  const texts = await askTrigger(
    cognito.customMessage,
    {
      version: '1',
      triggerSource: sending.triggerSource,
      region: pool.region,
      userPoolId: pool.id,
      userName: user.username,
      callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: sending.clientId },
      request: {
        userAttributes: {
          sub: user.sub,
          'cognito:user_status': user.status,
          ...user.attributes,
          [attributeName]: sending.value,
        },
        codeParameter: CODE_PARAMETER,
        clientMetadata: sending.clientMetadata,
      },
      response: { smsMessage: null, emailMessage: null, emailSubject: null },
    },
    cognito.switches.triggerTimeoutMs,
  );
  const customEmail = texts.emailMessage ?? texts.emailSubject;
  if (attributeName === 'email' && typeof customEmail === 'string' && emailAccount(pool) === 'COGNITO_DEFAULT') {
    throw new CognitoException(
      'InvalidLambdaResponseException',
      'Custom e-mail texts need a user pool whose EmailSendingAccount is DEVELOPER.',
    );
  }
  return texts;
}

function checkBody(medium: 'EMAIL' | 'SMS', body: string): void {
  if (body === '') throw invalidParameter('The message is empty.');
  const member = medium === 'EMAIL' ? 'emailMessage' : 'smsMessage';
  const failed = `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must`;
  if (!body.includes(CODE_PARAMETER)) {
    throw invalidParameter(`${failed} satisfy regular expression pattern: .*\\{####\\}.*`);
  }
  const max = medium === 'EMAIL' ? MAX_EMAIL : MAX_SMS;
  if (body.length > max) throw invalidParameter(`${failed} have length less than or equal to ${max}`);
}

function maskDestination(attributeName: VerifiableAttribute, value: string): string {
  if (attributeName === 'email') {
    const [local = '', domain = ''] = value.split('@');
    return `${local.slice(0, 1)}***@${domain.slice(0, 1)}***`;
  }
  return `+${'*'.repeat(Math.max(value.length - 5, 0))}${value.slice(-4)}`;
}
