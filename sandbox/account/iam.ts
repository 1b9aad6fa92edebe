import * as v from 'valibot';
import type { Cognito } from '../cognito.js';
import type { Operation } from '../operations/operation.js';
import { checkInput, Text } from '../schema.js';
import { queryWire } from '../wire/query.js';
import { ACCOUNT_ID, type Service } from './service.js';

const Role = v.object({ RoleName: Text });
const Document = v.pipe(
  v.string(),
  v.check((text) => {
    try {
      return typeof JSON.parse(text) === 'object';
    } catch {
      return false;
    }
  }, 'Invalid policy: Expected JSON'),
);
const RolePolicy = v.object({ RoleName: Text, PolicyName: Text, PolicyDocument: Document });
const TrustPolicy = v.object({ RoleName: Text, PolicyDocument: Document });
const SmsRole = v.object({
  SmsConfiguration: v.object({
    SnsCallerArn: v.optional(Text),
    EumsSms: v.optional(v.object({ CallerArn: Text })),
  }),
  SmsConfigurationFailure: Text,
});

/** Cognito finds that it can use the role now, and tells of that failure no longer. It does not read the policy here. */
function forget({ state }: Cognito, role: string, failure: string): void {
  for (const pool of Object.values(state.pools)) {
    if (!v.is(SmsRole, pool.settings)) continue;
    const { SmsConfiguration, SmsConfigurationFailure, ...others } = pool.settings;
    const arn = SmsConfiguration.EumsSms?.CallerArn ?? SmsConfiguration.SnsCallerArn;
    if (arn?.slice(arn.lastIndexOf('/') + 1) !== role) continue;
    const left = SmsConfigurationFailure.split(',').filter((one) => one !== failure);
    pool.settings = {
      ...others,
      SmsConfiguration,
      ...(left.length > 0 && { SmsConfigurationFailure: left.join(',') }),
    };
  }
}

const operations: Readonly<Record<string, Operation>> = {
  ListRolePolicies: ({ account }, input, { region }) => {
    const { RoleName } = checkInput(Role, input, 'request');
    return {
      PolicyNames: Object.keys(account.in(region).iam.rolePolicies[RoleName] ?? {}),
      IsTruncated: false,
    };
  },
  PutRolePolicy: (cognito, input) => {
    const { RoleName, PolicyName, PolicyDocument } = checkInput(RolePolicy, input, 'request');
    cognito.account.change({ iam: { rolePolicies: { [RoleName]: { [PolicyName]: PolicyDocument } } } });
    forget(cognito, RoleName, 'InvalidSmsRoleAccessPolicyException');
    return {};
  },
  UpdateAssumeRolePolicy: (cognito, input) => {
    const { RoleName, PolicyDocument } = checkInput(TrustPolicy, input, 'request');
    cognito.account.change({ iam: { trustPolicies: { [RoleName]: PolicyDocument } } });
    forget(cognito, RoleName, 'InvalidSmsRoleTrustRelationshipException');
    return {};
  },
};

/** AWS IAM, as far as it is about the role by which Cognito sends SMS. */
export const IAM: Service = {
  name: 'iam',
  wire: queryWire('https://iam.amazonaws.com/doc/2010-05-08/'),
  operations,
  invalidInput: 'MalformedPolicyDocument',
  resourceOf: (input) => (v.is(Role, input) ? `arn:aws:iam::${ACCOUNT_ID}:role/${input.RoleName}` : '*'),
};
