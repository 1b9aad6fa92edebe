/** The clients of AWS. No other file of doctor loads one, and each is loaded when a check first asks its service. */
import type { STSClientConfig } from '@aws-sdk/client-sts';

/** What every client is made with, and nothing that only one service has. */
export type ClientSettings = Pick<STSClientConfig, 'maxAttempts' | 'credentials'> & {
  readonly region: string;
  /** Default: what the AWS SDK finds in its own settings, such as `AWS_ENDPOINT_URL_SNS`, else AWS. */
  readonly endpoint?: string;
};

/** The services by the prefix of their IAM actions. */
export const SERVICES = {
  'cognito-idp': {
    title: 'Amazon Cognito',
    endpointSetting: 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER',
    load: async (settings: ClientSettings) =>
      new (await import('@aws-sdk/client-cognito-identity-provider')).CognitoIdentityProvider(settings),
  },
  cloudwatch: {
    title: 'Amazon CloudWatch',
    endpointSetting: 'AWS_ENDPOINT_URL_CLOUDWATCH',
    load: async (settings: ClientSettings) => new (await import('@aws-sdk/client-cloudwatch')).CloudWatch(settings),
  },
  servicequotas: {
    title: 'Service Quotas',
    endpointSetting: 'AWS_ENDPOINT_URL_SERVICE_QUOTAS',
    load: async (settings: ClientSettings) =>
      new (await import('@aws-sdk/client-service-quotas')).ServiceQuotas(settings),
  },
  ses: {
    title: 'Amazon SES',
    endpointSetting: 'AWS_ENDPOINT_URL_SESV2',
    load: async (settings: ClientSettings) => new (await import('@aws-sdk/client-sesv2')).SESv2(settings),
  },
  'sms-voice': {
    title: 'AWS End User Messaging SMS',
    endpointSetting: 'AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2',
    load: async (settings: ClientSettings) =>
      new (await import('@aws-sdk/client-pinpoint-sms-voice-v2')).PinpointSMSVoiceV2(settings),
  },
  sns: {
    title: 'Amazon SNS',
    endpointSetting: 'AWS_ENDPOINT_URL_SNS',
    load: async (settings: ClientSettings) => new (await import('@aws-sdk/client-sns')).SNS(settings),
  },
  sts: {
    title: 'AWS STS',
    endpointSetting: 'AWS_ENDPOINT_URL_STS',
    load: async (settings: ClientSettings) => new (await import('@aws-sdk/client-sts')).STS(settings),
  },
  wafv2: {
    title: 'AWS WAF',
    endpointSetting: 'AWS_ENDPOINT_URL_WAFV2',
    load: async (settings: ClientSettings) => new (await import('@aws-sdk/client-wafv2')).WAFV2(settings),
  },
} as const;

/** A service that is asked. */
export type Service = keyof typeof SERVICES;

/** The client of each service. */
export type Clients = { readonly [Name in Service]: Awaited<ReturnType<(typeof SERVICES)[Name]['load']>> };
