/** What doctor makes of AWS's answers about SMS to a country, without AWS. */
import { describe, expect, it } from 'vitest';
import * as countries from '../../doctor/aws/sms-countries.js';
import * as protect from '../../doctor/aws/sms-protect.js';
import { direct, healthyPool, POOL_ID } from './aws-fixtures.js';
import { type Row, testJudgements } from './judgement-rows.js';

const number = (more: object) =>
  ({
    PhoneNumberId: 'phone-1',
    PhoneNumber: '+18005550100',
    IsoCountryCode: 'US',
    NumberType: 'TOLL_FREE',
    NumberCapabilities: ['SMS'],
    Status: 'ACTIVE',
    RegistrationId: 'registration-1',
    ...more,
  }) as never;
const registered = (RegistrationStatus: string, more: object = {}) => ({
  numbers: [number({})],
  senderIds: [],
  registrations: [{ RegistrationId: 'registration-1', RegistrationStatus, ...more } as never],
  region: 'us-east-1',
});
const nothing = { region: 'us-east-1', numbers: [], senderIds: [], registrations: [] };
const senderId = (more: object) => ({ SenderId: 'BAKERY', IsoCountryCode: 'DE', Registered: false, ...more }) as never;

const ROWS: readonly Row[] = [
  [
    'no US number',
    countries.judgeUnitedStates(nothing, 'US', true),
    'failure',
    'request-phone-number --region us-east-1 --iso-country-code US',
  ],
  ['no US number, and nobody has asked', countries.judgeUnitedStates(nothing, 'US', false), 'warning', '--country DE'],
  ['no US number for a territory', countries.judgeUnitedStates(nothing, 'PR', true), 'failure', 'a number of PR'],
  [
    'a registered US number',
    countries.judgeUnitedStates(registered('COMPLETE'), 'US', true),
    'ok',
    'a toll-free number (phone-1), ready',
  ],
  [
    'a registration under way',
    countries.judgeUnitedStates(registered('REVIEWING'), 'US', true),
    'failure',
    'is not registered (REVIEWING)',
  ],
  [
    'a registration that is changed',
    countries.judgeUnitedStates(registered('REQUIRES_UPDATES', { ApprovedVersionNumber: 1 }), 'US', true),
    'ok',
    'ready',
  ],
  [
    'a US number that nobody registers',
    countries.judgeUnitedStates({ ...nothing, numbers: [number({ RegistrationId: undefined })] }, 'US', true),
    'failure',
    'is not registered',
  ],
  [
    'a 10DLC number that waits',
    countries.judgeUnitedStates(
      { ...registered('COMPLETE'), numbers: [number({ NumberType: 'TEN_DLC', Status: 'PENDING' })] },
      'US',
      true,
    ),
    'failure',
    'a 10DLC number (phone-1) is not active',
  ],
  [
    'one ready, one not',
    countries.judgeUnitedStates(
      { ...registered('COMPLETE'), numbers: [number({}), number({ PhoneNumberId: 'phone-2', Status: 'PENDING' })] },
      'US',
      true,
    ),
    'warning',
    'Not ready',
  ],
  [
    'a simulator',
    countries.judgeUnitedStates({ ...nothing, numbers: [number({ NumberType: 'SIMULATOR' })] }, 'US', true),
    'failure',
    'has no number',
  ],
  [
    'a voice number',
    countries.judgeUnitedStates({ ...nothing, numbers: [number({ NumberCapabilities: ['VOICE'] })] }, 'US', true),
    'failure',
    'has no number',
  ],
  [
    'a short code',
    countries.judgeUnitedStates(
      { ...nothing, numbers: [number({ NumberType: 'SHORT_CODE', RegistrationId: undefined })] },
      'US',
      true,
    ),
    'ok',
    'a short code',
  ],
  [
    'a German sender id that a pool names, and a US number beside it',
    countries
      .usedOriginators(
        {
          ...registered('COMPLETE'),
          senderIds: [senderId({ SenderIdArn: 'arn:aws:sms-voice:us-east-1:1:sender-id/BAKERY/DE' })],
        },
        [direct({ OriginationIdentity: 'arn:aws:sms-voice:us-east-1:1:sender-id/BAKERY/DE' })],
      )
      .map((originators) => countries.judgeUnitedStates(originators, 'US', true)),
    'failure',
    `what ${POOL_ID} names as OriginationIdentity is no number of the United States`,
  ],
  [
    'a pool of numbers that has a US number',
    countries
      .usedOriginators({ ...registered('COMPLETE'), numbers: [number({ PoolId: 'pool-1' })] }, [
        direct({ OriginationIdentity: 'arn:aws:sms-voice:us-east-1:1:pool/pool-1' }),
      ])
      .map((originators) => countries.judgeUnitedStates(originators, 'US', true)),
    'ok',
    'a toll-free number (phone-1), ready',
  ],
  ['a country without a sender', countries.judgeCountry(nothing, 'DE'), 'warning', '--iso-country-code DE'],
  [
    'a country with a sender id',
    countries.judgeCountry({ ...nothing, senderIds: [senderId({})] }, 'DE'),
    'ok',
    '1 to send by',
  ],
  [
    'a sender id that waits',
    countries.judgeCountry({ ...nothing, senderIds: [senderId({ RegistrationId: 'r' })] }, 'DE'),
    'warning',
    'BAKERY (unknown)',
  ],
  ['no Protect', protect.judgeProtect({ region: 'us-east-1', configurations: [] }, 'US', true), 'ok', 'no rule'],
  [
    'Protect blocks',
    protect.judgeProtect(
      {
        region: 'us-east-1',
        configurations: [{ id: 'protect-1', of: 'the account', rules: { US: { ProtectStatus: 'BLOCK' } } }],
      },
      'US',
      true,
    ),
    'failure',
    '"US":{"ProtectStatus":"ALLOW"}',
  ],
  [
    'Protect blocks a country that nobody has asked about',
    protect.judgeProtect(
      {
        region: 'us-east-1',
        configurations: [{ id: 'protect-1', of: 'the account', rules: { US: { ProtectStatus: 'BLOCK' } } }],
      },
      'US',
      false,
    ),
    'warning',
    'doctor --country DE',
  ],
  [
    'Protect filters',
    protect.judgeProtect(
      {
        region: 'us-east-1',
        configurations: [{ id: 'protect-1', of: 'the account', rules: { US: { ProtectStatus: 'FILTER' } } }],
      },
      'US',
      true,
    ),
    'ok',
    'FILTER',
  ],
];

testJudgements(ROWS);

describe('Protect', () => {
  const sets = [{ ConfigurationSetName: 'codes', ProtectConfigurationId: 'protect-codes' }];
  const ofSet = { id: 'protect-codes', of: 'the configuration set codes' };
  const ofAccount = { id: 'protect-1', of: 'the account' };
  const bySet = direct({ ConfigurationSetName: 'codes' });

  it.each([
    ['a pool by a set, in place of that of the account', [bySet], [ofSet]],
    [
      'a pool beside it that has no set',
      [bySet, healthyPool(), direct({ ConfigurationSetName: 'other' })],
      [ofSet, ofAccount],
    ],
    ['a pool by SNS', [healthyPool()], [ofAccount]],
  ])('applies to %s', (_what, poolsOfRegion, applied) => {
    expect(protect.appliedProtect(poolsOfRegion, 'protect-1', sets)).toEqual(applied);
  });
});
