import { pythonWith, works } from '../python-environment.js';

/** Installed where the machine has none; any version of the last years would do. */
const PACKAGES = ['awscli==1.45.11', 'boto3==1.43.11'];

/** Where the AWS CLI and a Python with boto3 are. */
export interface AwsTools {
  readonly aws: string;
  readonly python: string;
}

/** The machine's own tools, or else those of a virtual environment in the user's cache; none without Python. */
export async function findAwsTools(): Promise<AwsTools | undefined> {
  const own = (await works('aws', '--version')) && (await works('python3', '-c', 'import boto3'));
  if (own) return { aws: 'aws', python: 'python3' };
  const environment = await pythonWith('aws-tools', PACKAGES);
  return environment && { aws: environment.command('aws'), python: environment.python };
}
