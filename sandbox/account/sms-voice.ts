import * as v from 'valibot';
import type { Operation } from '../operations/operation.js';
import { checkInput, Text } from '../schema.js';
import { jsonWire } from '../wire/json.js';
import { listing, resourceNotFound } from './listing.js';
import { CREATED, type Service } from './service.js';
import { arn, idOf, numberIn, senderIdIn } from './sms-voice-entries.js';
import { SMS_VOICE_WRITES } from './sms-voice-writes.js';

const RuleSet = v.object({
  ProtectConfigurationId: Text,
  NumberCapability: v.picklist(['SMS', 'VOICE', 'MMS', 'RCS']),
});
const OptOutList = v.object({ OptOutListName: Text });

const optedOut = listing({
  member: 'OptedOutNumbers',
  entries: (settings) => settings.OptedOutNumbers.map((entry) => ({ ...entry, OptedOutTimestamp: CREATED })),
  ids: ['OptedOutNumbers', ({ OptedOutNumber }) => OptedOutNumber, 'opted-out-number'],
  filters: { 'end-user-opted-out': 'EndUserOptedOut' },
});

const operations: Readonly<Record<string, Operation>> = {
  DescribeAccountAttributes: listing({
    member: 'AccountAttributes',
    entries: ({ AccountAttributes }) =>
      Object.entries(AccountAttributes).flatMap(([Name, Value]) => (Value === null ? [] : [{ Name, Value }])),
  }),
  DescribeConfigurationSets: listing({
    member: 'ConfigurationSets',
    entries: ({ ConfigurationSets }, region) =>
      ConfigurationSets.map((entry) => ({
        ConfigurationSetArn: arn(region, 'configuration-set', entry.ConfigurationSetName),
        ...entry,
        CreatedTimestamp: CREATED,
      })),
    ids: ['ConfigurationSetNames', ({ ConfigurationSetName }) => ConfigurationSetName, 'configuration-set'],
    filters: {
      'default-message-type': 'DefaultMessageType',
      'default-sender-id': 'DefaultSenderId',
      'default-message-feedback-enabled': 'DefaultMessageFeedbackEnabled',
      'protect-configuration-id': 'ProtectConfigurationId',
    },
  }),
  DescribeOptedOutNumbers: async (cognito, input, call) => {
    const { OptOutListName } = checkInput(OptOutList, input, 'request');
    if (OptOutListName !== 'Default') throw resourceNotFound('opt-out-list', OptOutListName);
    return {
      OptOutListArn: arn(call.region, 'opt-out-list', OptOutListName),
      OptOutListName,
      ...(await optedOut(cognito, input, call)),
    };
  },
  DescribePhoneNumbers: listing({
    member: 'PhoneNumbers',
    entries: ({ PhoneNumbers }, region) => PhoneNumbers.map((entry) => numberIn(region, entry)),
    ids: ['PhoneNumberIds', ({ PhoneNumberId }) => PhoneNumberId, 'phone-number'],
    filters: {
      status: 'Status',
      'iso-country-code': 'IsoCountryCode',
      'message-type': 'MessageType',
      'number-capability': 'NumberCapabilities',
      'number-type': 'NumberType',
      'two-way-enabled': 'TwoWayEnabled',
      'self-managed-opt-outs-enabled': 'SelfManagedOptOutsEnabled',
      'opt-out-list-name': 'OptOutListName',
      'deletion-protection-enabled': 'DeletionProtectionEnabled',
    },
  }),
  DescribePools: listing({
    member: 'Pools',
    entries: ({ Pools }, region) =>
      Pools.map((entry) => ({ PoolArn: arn(region, 'pool', entry.PoolId), ...entry, CreatedTimestamp: CREATED })),
    ids: ['PoolIds', ({ PoolId }) => PoolId, 'pool'],
    filters: {
      status: 'Status',
      'message-type': 'MessageType',
      'two-way-enabled': 'TwoWayEnabled',
      'self-managed-opt-outs-enabled': 'SelfManagedOptOutsEnabled',
      'opt-out-list-name': 'OptOutListName',
      'shared-routes-enabled': 'SharedRoutesEnabled',
      'deletion-protection-enabled': 'DeletionProtectionEnabled',
    },
  }),
  DescribeProtectConfigurations: listing({
    member: 'ProtectConfigurations',
    entries: ({ ProtectConfigurations }, region) =>
      ProtectConfigurations.map(({ CountryRuleSet: _rules, ...entry }) => ({
        ProtectConfigurationArn: arn(region, 'protect-configuration', entry.ProtectConfigurationId),
        ...entry,
        CreatedTimestamp: CREATED,
      })),
    ids: ['ProtectConfigurationIds', ({ ProtectConfigurationId }) => ProtectConfigurationId, 'protect-configuration'],
    filters: { 'account-default': 'AccountDefault', 'deletion-protection-enabled': 'DeletionProtectionEnabled' },
  }),
  DescribeRegistrations: listing({
    member: 'Registrations',
    entries: ({ Registrations }, region) =>
      Registrations.map((entry) => ({
        RegistrationArn: arn(region, 'registration', entry.RegistrationId),
        ...entry,
        CreatedTimestamp: CREATED,
      })),
    ids: ['RegistrationIds', ({ RegistrationId }) => RegistrationId, 'registration'],
    filters: { 'registration-type': 'RegistrationType', 'registration-status': 'RegistrationStatus' },
  }),
  DescribeSenderIds: listing({
    member: 'SenderIds',
    entries: ({ SenderIds }, region) => SenderIds.map((entry) => senderIdIn(region, entry)),
    ids: ['SenderIds', ({ SenderId, IsoCountryCode }) => `${SenderId}:${IsoCountryCode}`, 'sender-id'],
    filters: {
      'sender-id': 'SenderId',
      'iso-country-code': 'IsoCountryCode',
      'message-type': 'MessageTypes',
      'deletion-protection-enabled': 'DeletionProtectionEnabled',
      registered: 'Registered',
    },
  }),
  DescribeSpendLimits: listing({
    member: 'SpendLimits',
    entries: ({ SpendLimits }) => Object.entries(SpendLimits).map(([Name, limit]) => ({ Name, ...limit })),
  }),
  DescribeVerifiedDestinationNumbers: listing({
    member: 'VerifiedDestinationNumbers',
    entries: ({ VerifiedDestinationNumbers }, region) =>
      VerifiedDestinationNumbers.map((entry) => {
        const { VerifiedDestinationNumberId: id = idOf('verified', entry.DestinationPhoneNumber) } = entry;
        return {
          ...entry,
          VerifiedDestinationNumberArn: arn(region, 'verified-destination-number', id),
          VerifiedDestinationNumberId: id,
          CreatedTimestamp: CREATED,
        };
      }),
    ids: [
      'VerifiedDestinationNumberIds',
      ({ VerifiedDestinationNumberId }) => VerifiedDestinationNumberId,
      'verified-destination-number',
    ],
    filters: { status: 'Status' },
  }),
  GetProtectConfigurationCountryRuleSet: ({ account }, input, { region }) => {
    const { ProtectConfigurationId, NumberCapability } = checkInput(RuleSet, input, 'request');
    const id = ProtectConfigurationId.slice(ProtectConfigurationId.lastIndexOf('/') + 1);
    const found = account
      .in(region)
      .smsVoice.ProtectConfigurations.find((entry) => entry.ProtectConfigurationId === id);
    if (found === undefined) throw resourceNotFound('protect-configuration', id);
    return {
      ProtectConfigurationArn: arn(region, 'protect-configuration', id),
      ProtectConfigurationId: id,
      NumberCapability,
      CountryRuleSet: NumberCapability === 'SMS' ? found.CountryRuleSet : {},
    };
  },
};

/** AWS End User Messaging SMS (`pinpoint-sms-voice-v2`). */
export const SMS_VOICE: Service = {
  name: 'sms-voice',
  wire: jsonWire('1.0'),
  operations: { ...operations, ...SMS_VOICE_WRITES },
  invalidInput: 'ValidationException',
  resourceOf: (_input, region) => arn(region, '*', '*').replace('/*', ''),
};
