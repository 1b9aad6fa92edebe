import type { RequestedUser, RequestedVerification, VerificationPolicy } from '@cognito-verification/client';
import { ATTRIBUTE_NAMES, type AttributeName, type TokenInput, tokenFields } from '@cognito-verification/contract';
import { Command, Option } from 'commander';
import { statusCard } from './card.js';
import { durationWithin, keyValueOption } from './options.js';
import { policyOf, policyOptions } from './policy-options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import {
  accessTokenOption,
  accessTokenReferenceOption,
  newValueOption,
  readNewValue,
  requireAccessToken,
  type SecretOptions,
} from './secret-input.js';
import { UsageError } from './usage-error.js';
import { NONE_OR_BUSY, withClient } from './with-client.js';

interface StartOptions extends OutputOptions, SecretOptions, VerificationPolicy {
  attribute: AttributeName;
  userPool?: string;
  sub?: string;
  alreadySent?: string | true;
  reverify?: true;
  replaceAtOnce?: true;
  clientMetadata?: Record<string, string>;
  requestId?: string;
  wait?: number;
  takeOver?: true;
}

/** `start`: answers once the first send is settled. */
export function startCommand(): Command {
  const command = new Command('start')
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
    .addOption(newValueOption())
    .option(
      '--replace-at-once',
      'with a new value: also in a user pool that does not keep the old one. Default: refused',
    )
    .option(
      '--reverify',
      'send a code also where the attribute is verified already. Default: alreadyVerified, and no message',
    )
    .option('--client-metadata <key=value>', "for the user pool's Lambda triggers; may be repeated", keyValueOption)
    .option('--take-over', 'end an open verification on another task queue, and start it here. Default: refused')
    .option('--wait <duration>', 'how long to wait for the first send. Default 25 seconds', durationWithin('1 ms'))
    .addOption(jsonOption())
    .optionsGroup('Policy:');
  for (const option of policyOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Exit code 0 means that the verification is open, whatever its state: awaitingCode, or sending, rateLimited or awaitingToken,
where no code was sent yet; or that it has ended as alreadyVerified, and no code was needed. --json says which in
.status.state.
A start that joins an open verification may tighten its policy, never loosen it, and does not change its client metadata.

Examples:
  cognito-verification start --attribute email --access-token-file token.txt
  COGNITO_ACCESS_TOKEN=… cognito-verification start --attribute phone_number --max-sends 3 --json
  cognito-verification start --attribute email --access-token-reference session-4711 --user-pool eu-west-1_AbC --sub 6f1a…`,
    )
    .action(async (options: StartOptions) => {
      checkUser(options);
      const tokenInput = await requireAccessToken(options);
      const newValue = await readNewValue(options);
      const request = requestOf(options);
      const started = await withClient(
        async (client) =>
          await client.start({
            ...userOf(tokenInput, options),
            ...request,
            newValue: newValue?.reveal(),
            // An empty id is treated as none.
            requestId: options.requestId || undefined,
            takeOver: options.takeOver,
          }),
        {
          timeout: options.wait ?? '25 seconds',
          workerAnswers: `${NONE_OR_BUSY} Ctrl-C stops waiting; the verification goes on once a worker can.`,
          goesOn: 'The verification may have been started, and then goes on: cognito-verification list',
        },
      );
      print(options, started, statusCard(started.workflowId, started.status));
    });
}

/** A token names its user, a reference does not. */
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
  const { attribute, alreadySent, reverify, replaceAtOnce, clientMetadata } = options;
  const policy = policyOf(options);
  return {
    attributeName: attribute,
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    clientMetadata,
    reverify,
    replaceAtOnce,
    alreadySent: alreadySent === true ? {} : alreadySent === undefined ? undefined : { destination: alreadySent },
  };
}
