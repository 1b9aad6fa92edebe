import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Installed where the machine has none; any version of the last years would do. */
const PACKAGES = ['awscli==1.45.11', 'boto3==1.43.11'];

/** Where the AWS CLI and a Python with boto3 are. */
export interface AwsTools {
  readonly aws: string;
  readonly python: string;
}

async function works(command: string, ...parameters: string[]): Promise<boolean> {
  return run(command, parameters).then(
    () => true,
    () => false,
  );
}

/** The machine's own tools, or else those of a virtual environment in the user's cache; none without Python. */
export async function findAwsTools(): Promise<AwsTools | undefined> {
  const own = (await works('aws', '--version')) && (await works('python3', '-c', 'import boto3'));
  if (own) return { aws: 'aws', python: 'python3' };
  if (!(await works('python3', '--version'))) return undefined;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'cognito-verification', 'aws-tools');
  const tools = { aws: join(folder, 'bin', 'aws'), python: join(folder, 'bin', 'python') };
  // Written last, so that a half-finished installation is done over.
  const complete = join(folder, PACKAGES.join('+'));
  const isComplete = await access(complete).then(
    () => true,
    () => false,
  );
  if (isComplete) return tools;
  await mkdir(folder, { recursive: true });
  await run('python3', ['-m', 'venv', '--clear', folder]);
  await run(tools.python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  await writeFile(complete, '');
  return tools;
}
