import * as v from 'valibot';
import { AwsException } from '../exceptions.js';
import type { Input } from '../members.js';
import { checkInput, Text } from '../schema.js';
import { jsonWire } from '../wire/json.js';
import { COGNITO_QUOTAS } from './limit-settings.js';
import { ACCOUNT_ID, type Service } from './service.js';

const Asked = v.object({ ServiceCode: Text, QuotaCode: Text });

function quotaOf(input: Input, region: string, applied: (code: string, usual: number) => number | null): object {
  const { ServiceCode, QuotaCode } = checkInput(Asked, input, 'request');
  const known = Object.entries(COGNITO_QUOTAS).find(([code]) => code === QuotaCode && ServiceCode === 'cognito-idp');
  const Value = known === undefined ? null : applied(QuotaCode, known[1].value);
  if (known === undefined || Value === null) {
    throw new AwsException(
      'NoSuchResourceException',
      'The request failed because the specified quota does not exist.',
      400,
    );
  }
  return {
    Quota: {
      ServiceCode,
      ServiceName: 'Amazon Cognito User Pools',
      QuotaArn: `arn:aws:servicequotas:${region}:${ACCOUNT_ID}:${ServiceCode}/${QuotaCode}`,
      QuotaCode,
      QuotaName: `Rate of ${known[1].category} requests`,
      Value,
      Unit: 'None',
      Adjustable: known[1].adjustable,
      GlobalQuota: false,
      Period: { PeriodValue: 1, PeriodUnit: 'SECOND' },
    },
  };
}

/** AWS Service Quotas, with the quotas of Cognito that verifications use. */
export const SERVICE_QUOTAS: Service = {
  name: 'servicequotas',
  wire: jsonWire('1.1'),
  operations: {
    GetAWSDefaultServiceQuota: (_cognito, input, { region }) => quotaOf(input, region, (_code, usual) => usual),
    GetServiceQuota: ({ account }, input, { region }) => {
      const { applied } = account.in(region).serviceQuotas;
      return quotaOf(input, region, (code, usual) => (applied[code] === undefined ? usual : applied[code]));
    },
  },
  invalidInput: 'IllegalArgumentException',
};
