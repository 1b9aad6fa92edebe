import { pythonWith, works } from '../python-environment.js';

/** Installed on a machine without them; any recent version would do. */
const PACKAGES = ['awscli==1.45.11', 'boto3==1.43.11'];

/** The paths of the AWS CLI and of a Python with boto3. */
export interface AwsTools {
  readonly aws: string;
  readonly python: string;
}

/** The machine's own tools, otherwise those of a virtual environment in the user's cache; undefined without Python. */
export async function findAwsTools(): Promise<AwsTools | undefined> {
  const hasOwnTools = (await works('aws', '--version')) && (await works('python3', '-c', 'import boto3'));
  if (hasOwnTools) return { aws: 'aws', python: 'python3' };
  const environment = await pythonWith('aws-tools', PACKAGES);
  return environment && { aws: environment.command('aws'), python: environment.python };
}
