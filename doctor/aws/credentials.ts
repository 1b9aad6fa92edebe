/** Who asks. */
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { regionOfFirst, type Surroundings } from '../surroundings.js';
import { AwsCallError } from './call-error.js';
import { SOURCES } from './sources.js';

/** Everything else of AWS hangs on it: where it fails, the other checks say in one line that they were not asked. */
export const credentials: Check<Surroundings> = {
  name: 'aws-credentials',
  area: 'user-pool',
  title: 'AWS credentials',
  async run(surroundings) {
    try {
      const { accountId } = await surroundings.aws.identity();
      // The name of the role or user may hold a person's address.
      return [finding({ verdict: 'ok', found: `They are of the AWS account ${accountId}.` })];
    } catch (error) {
      if (!(error instanceof AwsCallError)) throw error;
      return [finding(problem(error, surroundings))];
    }
  },
};

function finding(judged: Omit<Finding, 'check' | 'subject' | 'source'>): Finding {
  return { check: credentials.name, subject: credentials.title, source: SOURCES.credentials, ...judged };
}

const UNKNOWN = 'Nobody knows whether codes reach your users: no check of AWS could be made.';

function problem(
  error: AwsCallError,
  { environment, userPools }: Surroundings,
): Omit<Finding, 'check' | 'subject' | 'source'> {
  const profile = environment['AWS_PROFILE'] || undefined;
  if (error.problem === 'noCredentials') {
    return {
      verdict: 'couldNotAsk',
      found: profile
        ? `There are no AWS credentials: the profile ${profile} that AWS_PROFILE names is not in the files of the AWS CLI, or has none.`
        : 'There are no AWS credentials: not in the environment, in no profile, and none of this machine.',
      means: UNKNOWN,
      remedy: {
        text: `${profile ? 'Correct AWS_PROFILE, or set the profile up, as the command does. Or give' : 'Give'} doctor credentials that may read, in one of the ways of the AWS SDKs: AWS_PROFILE, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or a role of the machine. Workers need none. cognito-verification doctor --iam-policy prints the permissions.`,
        command: profile ? `aws configure --profile ${profile}` : 'aws configure',
      },
    };
  }
  if (error.problem === 'credentialsRefused') {
    return {
      verdict: 'couldNotAsk',
      found: error.message.replace('Refused: ', ''),
      means: UNKNOWN,
      remedy: {
        text: 'Sign in again, or take other credentials. If they are new: is the clock of this machine right, and is the region of the first pool enabled for the account?',
        command: profile
          ? `aws sso login --profile ${profile}`
          : `aws sts get-caller-identity --region ${regionOfFirst(userPools)}`,
      },
    };
  }
  return { verdict: 'couldNotAsk', found: error.message, remedy: error.remedy, ...error.more };
}
