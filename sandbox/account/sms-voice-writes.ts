import * as v from 'valibot';
import { AwsException } from '../exceptions.js';
import type { Operation } from '../operations/operation.js';
import { BadInput, checkInput, Text, wholeNumber } from '../schema.js';
import type { Account } from './account.js';
import { resourceNotFound } from './listing.js';
import { CountryRuleSet, OriginationNumber, SenderId } from './sms-settings.js';
import { arn, numberIn, senderIdIn } from './sms-voice-entries.js';

type Numbers = Account['smsVoice']['PhoneNumbers'];

const SpendLimit = v.object({ MonthlyLimit: wholeNumber(0, 1_000_000_000) });
const RuleUpdates = v.object({
  ProtectConfigurationId: Text,
  NumberCapability: v.literal('SMS', 'Invalid capability: The sandbox has rules for SMS only'),
  CountryRuleSetUpdates: CountryRuleSet,
});
const { MessageType, NumberCapabilities, OptOutListName, PoolId, RegistrationId } = OriginationNumber.entries;
const NumberRequest = v.object({
  IsoCountryCode: OriginationNumber.entries.IsoCountryCode,
  NumberType: v.picklist(['LONG_CODE', 'TOLL_FREE', 'TEN_DLC', 'SIMULATOR']),
  MessageType,
  NumberCapabilities,
  OptOutListName,
  PoolId,
  RegistrationId,
});
const Named = v.object({ PhoneNumberId: Text });
const { MessageTypes, DeletionProtectionEnabled } = SenderId.entries;
const SenderIdRequest = v.object({
  SenderId: SenderId.entries.SenderId,
  IsoCountryCode: SenderId.entries.IsoCountryCode,
  MessageTypes,
  DeletionProtectionEnabled,
});

/** Numbers of fiction for the United States; for other countries those of a country code that nobody has. */
function freeNumber(country: string, type: string, taken: Numbers): string {
  const prefix = country !== 'US' ? '+99955501' : type === 'TOLL_FREE' ? '+18005550' : '+12065550';
  for (let suffix = 100; suffix < 1_000; suffix += 1) {
    const number = `${prefix}${suffix}`;
    if (taken.every(({ PhoneNumber }) => PhoneNumber !== number)) return number;
  }
  throw new AwsException('ServiceQuotaExceededException', 'The sandbox has no more numbers.', 402);
}

/** What changes something in End User Messaging, as far as a remedy of doctor calls it. */
export const SMS_VOICE_WRITES: Readonly<Record<string, Operation>> = {
  ReleasePhoneNumber: ({ account }, input, { region }) => {
    const { PhoneNumberId } = checkInput(Named, input, 'request');
    const id = PhoneNumberId.slice(PhoneNumberId.lastIndexOf('/') + 1);
    const { PhoneNumbers } = account.in(region).smsVoice;
    const released = PhoneNumbers.find((entry) => numberIn(region, entry).PhoneNumberId === id);
    if (released === undefined) throw resourceNotFound('phone-number', id);
    account.change({ smsVoice: { PhoneNumbers: PhoneNumbers.filter((entry) => entry !== released) } }, region);
    return { ...numberIn(region, released), Status: 'DELETED' };
  },
  /** A number of the United States sends once it is registered, which `setAccount` plays; others do at once. */
  RequestPhoneNumber: ({ account }, input, { region }) => {
    const asked = checkInput(NumberRequest, input, 'request');
    const { PhoneNumbers, Registrations } = account.in(region).smsVoice;
    const isRegistered = Registrations.some(
      (one) => one.RegistrationId === asked.RegistrationId && one.RegistrationStatus === 'COMPLETE',
    );
    const isReady = isRegistered || asked.IsoCountryCode !== 'US' || asked.NumberType === 'SIMULATOR';
    const PhoneNumber = freeNumber(asked.IsoCountryCode, asked.NumberType, PhoneNumbers);
    const made = checkInput(
      OriginationNumber,
      { ...asked, PhoneNumber, Status: isReady ? 'ACTIVE' : 'PENDING' },
      'request',
    );
    account.change({ smsVoice: { PhoneNumbers: [...PhoneNumbers, made] } }, region);
    return numberIn(region, made);
  },
  RequestSenderId: ({ account }, input, { region }) => {
    const made = checkInput(SenderId, checkInput(SenderIdRequest, input, 'request'), 'request');
    const { SenderIds } = account.in(region).smsVoice;
    const { SenderIdArn } = senderIdIn(region, made);
    if (SenderIds.some((entry) => senderIdIn(region, entry).SenderIdArn === SenderIdArn)) {
      throw new AwsException('ConflictException', `The account has the sender id ${made.SenderId}.`, 400, {
        Reason: 'RESOURCE_ALREADY_EXISTS',
      });
    }
    account.change({ smsVoice: { SenderIds: [...SenderIds, made] } }, region);
    return senderIdIn(region, made);
  },
  SetTextMessageSpendLimitOverride: ({ account }, input, { region }) => {
    const { MonthlyLimit } = checkInput(SpendLimit, input, 'request');
    const { MaxLimit } = account.in(region).smsVoice.SpendLimits.TEXT_MESSAGE_MONTHLY_SPEND_LIMIT;
    if (MonthlyLimit > MaxLimit) throw new BadInput(`MonthlyLimit: AWS allows the account ${MaxLimit} at most.`);
    const limit = { EnforcedLimit: MonthlyLimit, Overridden: true };
    account.change({ smsVoice: { SpendLimits: { TEXT_MESSAGE_MONTHLY_SPEND_LIMIT: limit } } }, region);
    return { MonthlyLimit };
  },
  UpdateProtectConfigurationCountryRuleSet: ({ account }, input, { region }) => {
    const asked = checkInput(RuleUpdates, input, 'request');
    const id = asked.ProtectConfigurationId.slice(asked.ProtectConfigurationId.lastIndexOf('/') + 1);
    const all = account.in(region).smsVoice.ProtectConfigurations;
    const found = all.find(({ ProtectConfigurationId }) => ProtectConfigurationId === id);
    if (found === undefined) throw resourceNotFound('protect-configuration', id);
    const rules = { ...found.CountryRuleSet, ...asked.CountryRuleSetUpdates };
    const changed = all.map((entry) => (entry === found ? { ...entry, CountryRuleSet: rules } : entry));
    account.change({ smsVoice: { ProtectConfigurations: changed } }, region);
    return {
      ProtectConfigurationArn: arn(region, 'protect-configuration', id),
      ProtectConfigurationId: id,
      NumberCapability: asked.NumberCapability,
      CountryRuleSet: rules,
    };
  },
};
