/** The operations of the probe that ask for AWS credentials. The others ask for the test user's token only. */
const OPERATIONS = [
  'AdminCreateUser',
  'AdminDeleteUser',
  'AdminGetUser',
  'AdminInitiateAuth',
  'AdminSetUserPassword',
  'DescribeUserPool',
] as const;

/**
 * The partitions of AWS besides `aws`, by how the names of their regions begin.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
const PARTITIONS: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['eusc-', 'aws-eusc'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
];

/** The IAM policy that a run needs. @param userPoolId without it, the place for it is marked */
export function iamPolicy(userPoolId = 'REGION_POOL'): object {
  const region = userPoolId.split('_')[0] ?? '';
  const partition = PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: OPERATIONS.map((operation) => `cognito-idp:${operation}`),
        Resource: `arn:${partition}:cognito-idp:${region}:*:userpool/${userPoolId}`,
      },
    ],
  };
}
