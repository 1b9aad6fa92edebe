/** What doctor makes of AWS's answers about user pools, without AWS. */
import { describe, expect, it } from 'vitest';
import * as pools from '../../doctor/aws/pool-settings.js';
import { healthyPool, POOL_ID, pool } from './aws-fixtures.js';
import { type Row, testJudgements } from './judgement-rows.js';

const ROWS: readonly Row[] = [
  ['a pool that is there', pools.judgeExistence({ id: POOL_ID, pool: healthyPool() }), 'ok', 'exists'],
  [
    'no pool',
    pools.judgeExistence({ id: POOL_ID, pool: undefined }),
    'failure',
    'list-user-pools --region eu-central-1',
  ],
  ['both verified', pools.judgeAutoVerified(healthyPool()), 'ok', 'phone_number: Cognito sends a code'],
  [
    'no e-mail verified',
    pools.judgeAutoVerified(pool({ AutoVerifiedAttributes: ['phone_number'] })),
    'warning',
    '[not_null(AutoVerifiedAttributes,`[]`),`["email"]`][]',
  ],
  [
    'no number verified',
    pools.judgeAutoVerified(pool({ AutoVerifiedAttributes: ['email'] })),
    'warning',
    '[not_null(AutoVerifiedAttributes,`[]`),`["phone_number"]`][]',
  ],
  [
    'no number verified, and no SMS',
    pools.judgeAutoVerified(pool({ AutoVerifiedAttributes: ['email'], SmsConfiguration: {} })),
    'ok',
    'verifies none',
  ],
  ['a value kept', pools.judgeKeepOriginal(healthyPool()), 'ok', 'keeps the old value'],
  [
    'a value kept, untold',
    pools.judgeKeepOriginal(healthyPool({ keepsOriginal: false })),
    'warning',
    `Add ${POOL_ID} to VERIFICATION_KEEPING_USER_POOLS`,
  ],
  [
    'a value replaced',
    pools.judgeKeepOriginal(healthyPool({ keepsOriginal: false, settings: { UserAttributeUpdateSettings: {} } })),
    'warning',
    'replaceAtOnce: true',
  ],
  [
    'a value replaced against the settings',
    pools.judgeKeepOriginal(pool({ UserAttributeUpdateSettings: {} })),
    'failure',
    'email and phone_number',
  ],
  [
    'a value replaced that nothing is verified of',
    pools.judgeKeepOriginal(
      healthyPool({
        keepsOriginal: false,
        settings: { AutoVerifiedAttributes: undefined, UserAttributeUpdateSettings: undefined },
      }),
    ),
    'warning',
    'Do what auto-verified-attributes says first',
  ],
  [
    'the same against the settings',
    pools.judgeKeepOriginal(pool({ AutoVerifiedAttributes: [], UserAttributeUpdateSettings: {} })),
    'failure',
    'although VERIFICATION_KEEPING_USER_POOLS names the pool.',
  ],
  [
    'one of two kept',
    pools.judgeKeepOriginal(
      pool({ UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] } }),
    ),
    'failure',
    'does not keep the old phone_number',
  ],
  ['no template', pools.judgeTemplates(healthyPool()), 'ok', 'holds {####}'],
  [
    'an e-mail without a code',
    pools.judgeTemplates(pool({ VerificationMessageTemplate: { EmailMessage: 'Welcome!' } })),
    'failure',
    'EmailMessage lacks {####}',
  ],
  [
    'an SMS without a code',
    pools.judgeTemplates(pool({ VerificationMessageTemplate: { SmsMessage: 'Welcome!' } })),
    'failure',
    'SmsMessage lacks {####}',
  ],
  [
    'a trigger that writes',
    pools.judgeTemplates(
      pool({ VerificationMessageTemplate: { SmsMessage: 'Welcome!' }, LambdaConfig: { CustomMessage: 'arn' } }),
    ),
    'ok',
    'custom-message trigger',
  ],
  [
    'a link',
    pools.judgeTemplates(pool({ VerificationMessageTemplate: { DefaultEmailOption: 'CONFIRM_WITH_LINK' } })),
    'warning',
    'CONFIRM_WITH_CODE',
  ],
  ['no trigger', pools.judgeTriggers(healthyPool()), 'ok', 'clientMetadata goes nowhere'],
  [
    'a writing trigger',
    pools.judgeTriggers(pool({ LambdaConfig: { CustomMessage: 'arn' } })),
    'ok',
    'put no secret there',
  ],
  [
    'a sending trigger',
    pools.judgeTriggers(
      pool({ LambdaConfig: { CustomSMSSender: { LambdaVersion: 'V1_0', LambdaArn: 'arn' }, KMSKeyID: 'arn' } }),
    ),
    'ok',
    'the checks sms-configuration',
  ],
  [
    'a sending trigger without a key',
    pools.judgeTriggers(pool({ LambdaConfig: { CustomEmailSender: { LambdaVersion: 'V1_0', LambdaArn: 'arn' } } })),
    'failure',
    'has no KMSKeyID',
  ],
];

testJudgements(ROWS);

describe('a line that updates', () => {
  it('hands over what the pool has, but for what AWS does not take twice', () => {
    const [judged] = pools.judgeAutoVerified(
      pool({
        AutoVerifiedAttributes: [],
        Policies: { PasswordPolicy: { MinimumLength: 8, TemporaryPasswordValidityDays: 7 } },
        AdminCreateUserConfig: { AllowAdminCreateUserOnly: false, UnusedAccountValidityDays: 7 },
        SmsVerificationMessage: 'the same',
        VerificationMessageTemplate: { SmsMessage: 'the same' },
      }),
    );
    expect(judged?.remedy?.command).toBe(
      `aws cognito-idp update-user-pool --region eu-central-1 --user-pool-id ${POOL_ID} --cli-input-json "$(aws cognito-idp describe-user-pool --region eu-central-1 --user-pool-id ${POOL_ID} --output json --query 'UserPool.{Policies:Policies,AutoVerifiedAttributes:[not_null(AutoVerifiedAttributes,\`[]\`),\`["email"]\`][],VerificationMessageTemplate:VerificationMessageTemplate,UserAttributeUpdateSettings:UserAttributeUpdateSettings,EmailConfiguration:EmailConfiguration,SmsConfiguration:SmsConfiguration,AdminCreateUserConfig:AdminCreateUserConfig.{AllowAdminCreateUserOnly:AllowAdminCreateUserOnly}}')"`,
    );
  });

  it('hands over what another line of the report may have set, and what AWS has added to a pool', () => {
    const absent = pool({ AutoVerifiedAttributes: undefined, UserAttributeUpdateSettings: undefined });
    for (const one of pools.judgeAutoVerified(absent)) {
      expect(one.remedy?.command).toContain('UserAttributeUpdateSettings:not_null(UserAttributeUpdateSettings,`{}`)');
    }
    expect(pools.judgeKeepOriginal(absent).remedy?.command).toContain(
      'AutoVerifiedAttributes:not_null(AutoVerifiedAttributes,`[]`)',
    );
    const named = pool({
      UserAttributeUpdateSettings: {},
      KeyConfiguration: {},
      IssuerConfiguration: {},
      AcrConfiguration: {},
    });
    expect(pools.judgeKeepOriginal(named).remedy?.command).toContain(
      'KeyConfiguration:KeyConfiguration,IssuerConfiguration:IssuerConfiguration,AcrConfiguration:AcrConfiguration}',
    );
  });

  it('changes one member of a structure', () => {
    const template = { VerificationMessageTemplate: { EmailMessage: 'Hello', EmailSubject: 'Code' } };
    expect(JSON.stringify(pools.judgeTemplates(pool(template)))).toContain(
      'VerificationMessageTemplate:merge(VerificationMessageTemplate,`',
    );
  });
});
