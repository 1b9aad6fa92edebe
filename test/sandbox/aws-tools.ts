import { pythonWith, works } from '../python-environment.js';

/** Installed on a machine without them. */
const PACKAGES = ['awscli==1.46.3', 'boto3==1.43.62'];
/** Of a version that knows how a pool sends by AWS End User Messaging itself. */
const KNOWS_END_USER_MESSAGING = 'aws cognito-idp update-user-pool --generate-cli-skeleton | grep -q EumsSms';

/** The paths of the AWS CLI and of a Python with boto3. */
export interface AwsTools {
  readonly aws: string;
  readonly python: string;
}

/** The machine's own tools, otherwise those of a virtual environment in the user's cache; undefined without Python. */
export async function findAwsTools(): Promise<AwsTools | undefined> {
  const hasOwnTools =
    (await works('sh', '-c', KNOWS_END_USER_MESSAGING)) && (await works('python3', '-c', 'import boto3'));
  if (hasOwnTools) return { aws: 'aws', python: 'python3' };
  const environment = await pythonWith('aws-tools', PACKAGES);
  return environment && { aws: environment.command('aws'), python: environment.python };
}
