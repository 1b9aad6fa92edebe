/** The policy of the probe in each partition of AWS. */
import { expect, it } from 'vitest';
import { iamPolicy } from '../../probe/iam-policy.js';

it.each([
  ['eu-west-1', 'aws'],
  ['us-east-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['eusc-de-east-1', 'aws-eusc'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['us-isof-south-1', 'aws-iso-f'],
])('%s is in %s', (region, partition) => {
  expect(iamPolicy(`${region}_Pool`)).toMatchObject({
    Statement: [{ Resource: `arn:${partition}:cognito-idp:${region}:*:userpool/${region}_Pool` }],
  });
});
