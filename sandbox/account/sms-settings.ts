import * as v from 'valibot';
import { fields, JsonObject, Text, wholeNumber } from '../schema.js';

const PhoneNumber = v.pipe(v.string(), v.regex(/^\+[1-9]\d{1,14}$/, 'Invalid phone number: Expected E.164'));
const Country = v.pipe(v.string(), v.regex(/^[A-Z]{2}$/, 'Invalid country: Expected two capitals, such as US'));
const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_:/-]{1,256}$/, 'Invalid id'));
const MessageType = v.optional(v.picklist(['TRANSACTIONAL', 'PROMOTIONAL']), 'TRANSACTIONAL');
const Flag = v.optional(v.boolean(), false);
const Dollars = wholeNumber(0, 1_000_000_000);

/** What Amazon SNS says about SMS. Its numbers are those of End User Messaging. */
export const SnsSettings = fields({
  /** The SMS sandbox sends to verified numbers only. */
  IsInSandbox: Flag,
  /** As `GetSMSAttributes` has them. `null` takes one out. */
  attributes: v.optional(
    v.pipe(
      v.record(v.string(), v.nullable(v.string())),
      v.transform((given) => ({ MonthlySpendLimit: '500', DefaultSMSType: 'Transactional', ...given })),
    ),
    {},
  ),
});

/** A number to send by. */
export const OriginationNumber = fields({
  PhoneNumber,
  /** Default: made from the number. */
  PhoneNumberId: v.optional(Id),
  Status: v.optional(v.picklist(['PENDING', 'ACTIVE', 'ASSOCIATING', 'DISASSOCIATING', 'DELETED']), 'ACTIVE'),
  IsoCountryCode: Country,
  MessageType,
  NumberCapabilities: v.optional(v.array(v.picklist(['SMS', 'VOICE', 'MMS', 'RCS'])), ['SMS']),
  NumberType: v.picklist(['SHORT_CODE', 'LONG_CODE', 'TOLL_FREE', 'TEN_DLC', 'SIMULATOR']),
  MonthlyLeasingPrice: v.optional(Text, '2.00'),
  TwoWayEnabled: Flag,
  SelfManagedOptOutsEnabled: Flag,
  OptOutListName: v.optional(Id, 'Default'),
  InternationalSendingEnabled: Flag,
  DeletionProtectionEnabled: Flag,
  PoolId: v.optional(Id),
  RegistrationId: v.optional(Id),
});

/** A name to send by. */
export const SenderId = fields({
  SenderId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,11}$/, 'Invalid sender id')),
  IsoCountryCode: Country,
  MessageTypes: v.optional(v.array(v.picklist(['TRANSACTIONAL', 'PROMOTIONAL'])), ['TRANSACTIONAL']),
  MonthlyLeasingPrice: v.optional(Text, '0.00'),
  DeletionProtectionEnabled: Flag,
  Registered: Flag,
  RegistrationId: v.optional(Id),
});

const Registration = fields({
  RegistrationId: Id,
  /** Such as `US_TOLL_FREE_REGISTRATION`. */
  RegistrationType: Id,
  RegistrationStatus: v.picklist([
    ...(['CREATED', 'SUBMITTED', 'AWS_REVIEWING', 'REVIEWING', 'REQUIRES_AUTHENTICATION', 'PROVISIONING'] as const),
    ...(['COMPLETE', 'REQUIRES_UPDATES', 'CLOSED', 'DELETED'] as const),
  ]),
  CurrentVersionNumber: v.optional(wholeNumber(1, 100_000), 1),
  ApprovedVersionNumber: v.optional(wholeNumber(1, 100_000)),
  LatestDeniedVersionNumber: v.optional(wholeNumber(1, 100_000)),
  AdditionalAttributes: v.optional(v.record(v.string(), v.string())),
});

const Pool = fields({
  PoolId: Id,
  Status: v.optional(v.picklist(['CREATING', 'ACTIVE', 'DELETING']), 'ACTIVE'),
  MessageType,
  TwoWayEnabled: Flag,
  SelfManagedOptOutsEnabled: Flag,
  OptOutListName: v.optional(Id, 'Default'),
  SharedRoutesEnabled: Flag,
  DeletionProtectionEnabled: Flag,
});

const ConfigurationSet = fields({
  ConfigurationSetName: Id,
  /** As the answer has them. */
  EventDestinations: v.optional(v.array(JsonObject), []),
  DefaultMessageType: v.optional(v.picklist(['TRANSACTIONAL', 'PROMOTIONAL'])),
  DefaultSenderId: v.optional(Id),
  DefaultMessageFeedbackEnabled: v.optional(v.boolean()),
  ProtectConfigurationId: v.optional(Id),
});

/** What Protect does with SMS to a country. */
export const CountryRuleSet = v.record(
  Country,
  fields({ ProtectStatus: v.picklist(['ALLOW', 'BLOCK', 'MONITOR', 'FILTER']) }),
);

const ProtectConfiguration = fields({
  ProtectConfigurationId: Id,
  AccountDefault: Flag,
  DeletionProtectionEnabled: Flag,
  /** For SMS, by country. The other capabilities have no rules. */
  CountryRuleSet: v.optional(CountryRuleSet, {}),
});

const VerifiedDestinationNumber = fields({
  DestinationPhoneNumber: PhoneNumber,
  /** Default: made from the number. */
  VerifiedDestinationNumberId: v.optional(Id),
  Status: v.optional(v.picklist(['PENDING', 'VERIFIED', 'UNSUPPORTED']), 'VERIFIED'),
});

/** What AWS pays for at most in a month, in whole US dollars. `EnforcedLimit` counts where `Overridden`, else `MaxLimit`. */
function spendLimit(EnforcedLimit: number, MaxLimit: number, Overridden: boolean) {
  return v.optional(
    fields({
      EnforcedLimit: v.optional(Dollars, EnforcedLimit),
      MaxLimit: v.optional(Dollars, MaxLimit),
      Overridden: v.optional(v.boolean(), Overridden),
    }),
    {},
  );
}

/** What AWS End User Messaging SMS says. */
export const SmsVoiceSettings = fields({
  AccountAttributes: v.optional(
    fields({
      ACCOUNT_TIER: v.optional(v.picklist(['PRODUCTION', 'SANDBOX']), 'PRODUCTION'),
      /** Default: none. */
      DEFAULT_PROTECT_CONFIGURATION_ID: v.optional(v.nullable(Id), null),
    }),
    {},
  ),
  SpendLimits: v.optional(
    fields({
      TEXT_MESSAGE_MONTHLY_SPEND_LIMIT: spendLimit(500, 1000, true),
      VOICE_MESSAGE_MONTHLY_SPEND_LIMIT: spendLimit(1, 1, false),
    }),
    {},
  ),
  PhoneNumbers: v.optional(v.array(OriginationNumber), [
    { PhoneNumber: '+18005550100', IsoCountryCode: 'US', NumberType: 'TOLL_FREE', RegistrationId: 'registration-1' },
  ]),
  SenderIds: v.optional(v.array(SenderId), []),
  Registrations: v.optional(v.array(Registration), [
    {
      RegistrationId: 'registration-1',
      RegistrationType: 'US_TOLL_FREE_REGISTRATION',
      RegistrationStatus: 'COMPLETE',
      ApprovedVersionNumber: 1,
    },
  ]),
  Pools: v.optional(v.array(Pool), []),
  ConfigurationSets: v.optional(v.array(ConfigurationSet), []),
  ProtectConfigurations: v.optional(v.array(ProtectConfiguration), []),
  /** The numbers to which a sandbox may send, in SNS too. */
  VerifiedDestinationNumbers: v.optional(v.array(VerifiedDestinationNumber), []),
  /** Of the list `Default`, in SNS too. */
  OptedOutNumbers: v.optional(
    v.array(fields({ OptedOutNumber: PhoneNumber, EndUserOptedOut: v.optional(v.boolean(), true) })),
    [],
  ),
});
