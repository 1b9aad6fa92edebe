import type { RequestedUser, RequestedVerification, VerificationPolicy } from '@cognito-verification/client';
import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  POLICY_DEFAULTS,
  POLICY_LIMITS,
  type TokenInput,
  tokenFields,
} from '@cognito-verification/contract';
import { Command, Option } from 'commander';
import { statusCard } from './card.js';
import { durationOption, keyValueOption, wholeNumberOption } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import {
  accessTokenOption,
  accessTokenReferenceOption,
  requireAccessToken,
  type SecretOptions,
} from './secret-input.js';
import { UsageError } from './usage-error.js';
import { withClient } from './with-client.js';

interface StartOptions extends OutputOptions, SecretOptions {
  attribute: AttributeName;
  userPool?: string;
  sub?: string;
  alreadySent?: string | true;
  clientMetadata?: Record<string, string>;
  requestId?: string;
  wait?: number;
  deadline?: number;
  codeLifetime?: number;
  resendAfter?: number;
  resendCooldown?: number;
  maxSends?: number;
  maxAttempts?: number;
  confirmation?: NonNullable<VerificationPolicy['confirmation']>;
  codeFormat?: NonNullable<VerificationPolicy['codeFormat']>;
}

/** `start`: answers once the first send is settled. */
export function startCommand(): Command {
  return new Command('start')
    .description(
      'Starts a verification, or joins the open one of the same user and attribute. Cognito sends the code; the answer says where to.',
    )
    .addOption(
      new Option('--attribute <name>', 'the attribute to verify').choices(ATTRIBUTE_NAMES).makeOptionMandatory(),
    )
    .addOption(accessTokenOption())
    .addOption(accessTokenReferenceOption())
    .option('--user-pool <id>', 'with --access-token-reference: the id of the user pool')
    .option('--sub <sub>', "with --access-token-reference: the user's sub")
    .option('--request-id <id>', 'repeating a start with the same id sends nothing again. Default: a random one')
    .option('--already-sent [destination]', 'Cognito has sent a code by itself: skip the first send')
    .option('--client-metadata <key=value>', "for the user pool's Lambda triggers; may be repeated", keyValueOption)
    .option('--wait <duration>', 'how long to wait for the first send. Default 20 seconds', durationOption)
    .addOption(jsonOption())
    .optionsGroup('Policy:')
    .option('--deadline <duration>', range('the whole verification', 'deadline'), durationOption)
    .option(
      '--code-lifetime <duration>',
      `how long a code works; ${POLICY_LIMITS.codeLifetime.least} to ${POLICY_LIMITS.codeLifetime.most}, default ${POLICY_DEFAULTS.codeLifetime.phone_number} by SMS, ${POLICY_DEFAULTS.codeLifetime.email} by e-mail`,
      durationOption,
    )
    .option(
      '--resend-after <duration>',
      'send again by itself when nothing was confirmed for so long; default: never',
      durationOption,
    )
    .option(
      '--resend-cooldown <duration>',
      range('how soon a second send is allowed, doubled with each further one', 'resendCooldown'),
      durationOption,
    )
    .option('--max-sends <n>', range('messages, the first included', 'maxSends'), wholeNumberOption)
    .option('--max-attempts <n>', range('codes that may be tried', 'maxAttempts'), wholeNumberOption)
    .addOption(
      new Option(
        '--confirmation <kind>',
        `whether confirm is believed or Cognito is asked. Default ${POLICY_DEFAULTS.confirmation}`,
      ).choices(['trust', 'recheck']),
    )
    .addOption(
      new Option('--code-format <form>', `what a code looks like. Default ${POLICY_DEFAULTS.codeFormat}`).choices([
        'sixDigits',
        'nonSpace',
      ]),
    )
    .addHelpText(
      'after',
      `
Exit code 0 means that the verification is open, whatever its state: awaitingCode, or sending, rateLimited or awaitingToken,
where no code has left yet. --json says which in .status.state.
A start that joins an open verification leaves its policy and client metadata as the first start set them.

Examples:
  cognito-verification start --attribute email --access-token-file token.txt
  COGNITO_ACCESS_TOKEN=… cognito-verification start --attribute phone_number --max-sends 3 --json
  cognito-verification start --attribute email --access-token-reference session-4711 --user-pool eu-west-1_AbC --sub 6f1a…`,
    )
    .action(async (options: StartOptions) => {
      checkUser(options);
      const tokenInput = await requireAccessToken(options);
      const request = requestOf(options);
      const started = await withClient(
        async (client) =>
          await client.start({
            ...userOf(tokenInput, options),
            ...request,
            ...(options.requestId ? { requestId: options.requestId } : {}),
          }),
        {
          ...(options.wait === undefined ? {} : { waitForDelivery: options.wait }),
          workerAnswers: 'Ctrl-C stops waiting; the verification goes on once one runs.',
          onInterrupt:
            'Interrupted. The verification may have been started, and then goes on: cognito-verification list',
        },
      );
      print(options, started, statusCard(started.workflowId, started.status));
    });
}

/** A token says who the user is, a reference does not. */
function checkUser({ accessTokenReference, userPool, sub }: StartOptions): void {
  if (accessTokenReference === undefined && (userPool !== undefined || sub !== undefined)) {
    throw new UsageError('--user-pool and --sub belong to --access-token-reference: an access token says both itself.');
  }
  if (accessTokenReference !== undefined && (userPool === undefined || sub === undefined)) {
    throw new UsageError('--access-token-reference needs --user-pool and --sub: it does not say who the user is.');
  }
}

function userOf(tokenInput: TokenInput, { userPool = '', sub = '' }: StartOptions): RequestedUser {
  const token = tokenFields(tokenInput);
  return token.accessToken === undefined ? { ...token, userPoolId: userPool, sub } : token;
}

function requestOf(options: StartOptions): RequestedVerification {
  const { attribute, alreadySent, clientMetadata } = options;
  const { deadline, codeLifetime, resendAfter, resendCooldown, maxSends, maxAttempts, confirmation, codeFormat } =
    options;
  const policy: VerificationPolicy = {
    ...(deadline === undefined ? {} : { deadline }),
    ...(codeLifetime === undefined ? {} : { codeLifetime }),
    ...(resendAfter === undefined ? {} : { resendAfter }),
    ...(resendCooldown === undefined ? {} : { resendCooldown }),
    ...(maxSends === undefined ? {} : { maxSends }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(confirmation === undefined ? {} : { confirmation }),
    ...(codeFormat === undefined ? {} : { codeFormat }),
  };
  return {
    attributeName: attribute,
    ...(Object.keys(policy).length > 0 ? { policy } : {}),
    ...(clientMetadata ? { clientMetadata } : {}),
    ...(alreadySent === undefined ? {} : { alreadySent: alreadySent === true ? {} : { destination: alreadySent } }),
  };
}

function range(what: string, field: 'deadline' | 'resendCooldown' | 'maxSends' | 'maxAttempts'): string {
  const { least, most } = POLICY_LIMITS[field];
  return `${what}; ${least} to ${most}, default ${POLICY_DEFAULTS[field]}`;
}
