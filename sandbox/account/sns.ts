import * as v from 'valibot';
import type { Operation } from '../operations/operation.js';
import { BadInput, checkInput, Text } from '../schema.js';
import { queryWire } from '../wire/query.js';
import { pageOf } from './paging.js';
import { ACCOUNT_ID, CREATED, type Service } from './service.js';

const AttributeNames = v.object({ attributes: v.optional(v.array(v.string()), []) });
const OnePhoneNumber = v.object({ phoneNumber: Text });
const ATTRIBUTES = [
  'MonthlySpendLimit',
  'DeliveryStatusIAMRole',
  'DeliveryStatusSuccessSamplingRate',
  'DefaultSenderID',
  'DefaultSMSType',
  'UsageReportS3Bucket',
] as const;
const NewAttributes = v.object({ attributes: v.record(v.picklist(ATTRIBUTES), v.string()) });
const LowerCasePage = v.object({ nextToken: v.optional(v.string()) });

const operations: Readonly<Record<string, Operation>> = {
  CheckIfPhoneNumberIsOptedOut: ({ account }, input, { region }) => {
    const { phoneNumber } = checkInput(OnePhoneNumber, input, 'request');
    const numbers = account.in(region).smsVoice.OptedOutNumbers;
    return { isOptedOut: numbers.some(({ OptedOutNumber }) => OptedOutNumber === phoneNumber) };
  },
  GetSMSAttributes: ({ account }, input, { region }) => {
    const { attributes: names } = checkInput(AttributeNames, input, 'request');
    const all = Object.entries(account.in(region).sns.attributes);
    const asked = all.filter(([name, value]) => value !== null && (names.length === 0 || names.includes(name)));
    return { attributes: new Map(asked) };
  },
  GetSMSSandboxAccountStatus: ({ account }, _input, { region }) => ({
    IsInSandbox: account.in(region).sns.IsInSandbox,
  }),
  ListOriginationNumbers: ({ account }, input, { region }) => {
    const { entries, NextToken } = pageOf(account.in(region).smsVoice.PhoneNumbers, input, 30);
    const PhoneNumbers = entries.map((entry) => ({
      CreatedAt: CREATED,
      PhoneNumber: entry.PhoneNumber,
      Status: entry.Status,
      Iso2CountryCode: entry.IsoCountryCode,
      RouteType: entry.MessageType === 'PROMOTIONAL' ? 'Promotional' : 'Transactional',
      NumberCapabilities: entry.NumberCapabilities,
    }));
    return { PhoneNumbers, NextToken };
  },
  ListPhoneNumbersOptedOut: ({ account }, input, { region }) => {
    const { nextToken: NextToken } = checkInput(LowerCasePage, input, 'request');
    const page = pageOf(account.in(region).smsVoice.OptedOutNumbers, { NextToken });
    return { phoneNumbers: page.entries.map(({ OptedOutNumber }) => OptedOutNumber), nextToken: page.NextToken };
  },
  ListSMSSandboxPhoneNumbers: ({ account }, input, { region }) => {
    const { entries, NextToken } = pageOf(account.in(region).smsVoice.VerifiedDestinationNumbers, input);
    const PhoneNumbers = entries.map(({ DestinationPhoneNumber, Status }) => ({
      PhoneNumber: DestinationPhoneNumber,
      Status: Status === 'VERIFIED' ? 'Verified' : 'Pending',
    }));
    return { PhoneNumbers, NextToken };
  },
  SetSMSAttributes: ({ account }, input, { region }) => {
    const { attributes } = checkInput(NewAttributes, input, 'request');
    const { MaxLimit } = account.in(region).smsVoice.SpendLimits.TEXT_MESSAGE_MONTHLY_SPEND_LIMIT;
    const limit = Number(attributes.MonthlySpendLimit ?? 0);
    if (!(limit >= 0 && limit <= MaxLimit)) {
      throw new BadInput(`MonthlySpendLimit: Expected at most ${MaxLimit}, which AWS allows the account.`);
    }
    account.change({ sns: { attributes } }, region);
    return {};
  },
};

/** Amazon SNS, as far as it sends SMS. */
export const SNS: Service = {
  name: 'sns',
  wire: queryWire('http://sns.amazonaws.com/doc/2010-03-31/'),
  operations,
  invalidInput: 'InvalidParameter',
  denied: 'AuthorizationError',
  // It writes its own prefix in capitals, other than in the policies.
  deniedPrefix: 'SNS',
  resourceOf: (_input, region) => `arn:aws:sns:${region}:${ACCOUNT_ID}:*`,
};
