import type { SubmitCodeAnswer } from '@cognito-verification/client';
import { tokenFields } from '@cognito-verification/contract';
import { Command } from 'commander';
import { statusCard } from './card.js';
import { EXIT } from './exit-codes.js';
import { type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import {
  accessTokenOption,
  accessTokenReferenceOption,
  codeOption,
  readAccessToken,
  requireCode,
  type SecretOptions,
} from './secret-input.js';
import { time } from './time.js';
import { MAY_STILL_BE_DONE, WAITS_AT_MOST, withClient } from './with-client.js';

interface SubmitOptions extends OutputOptions, RunOptions, SecretOptions {
  attemptId?: string;
}

/** `submit`: exit code 0 only when the code was right. */
export function submitCommand(): Command {
  return new Command('submit')
    .description('Submits the code that the user received. Exit code 0 only when it was right.')
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .addOption(codeOption())
    .addOption(accessTokenOption())
    .addOption(accessTokenReferenceOption())
    .option('--attempt-id <id>', 'repeating a submit with the same id counts one attempt. Default: a random one')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  cognito-verification submit <workflowId>                 asks for the code
  read -rs CODE && printf %s "$CODE" | cognito-verification submit <workflowId> --json

The result is verified, mismatch, codeExpired, rateLimited or accessTokenRejected.
${WAITS_AT_MOST}`,
    )
    .action(async (workflowId: string, options: SubmitOptions) => {
      const code = await requireCode(options);
      const tokenInput = await readAccessToken(options);
      const answer = await withClient(
        async (client) =>
          await client.submitCode(
            { workflowId, run: options.run },
            {
              code: code.reveal(),
              ...tokenFields(tokenInput),
              // An empty id is treated as none.
              attemptId: options.attemptId || undefined,
            },
          ),
        { workerAnswers: MAY_STILL_BE_DONE },
      );
      print(options, answer, `${resultInWords(workflowId, answer)}\n\n${statusCard(workflowId, answer.status)}`);
      if (answer.result !== 'verified') process.exitCode = EXIT.unsuccessful;
    });
}

function resultInWords(workflowId: string, { result, retryAt }: SubmitCodeAnswer): string {
  const sentences: Record<SubmitCodeAnswer['result'], string> = {
    verified: 'The code was right.',
    mismatch: 'The code was wrong.',
    codeExpired: `The code has expired. Send another: cognito-verification resend ${workflowId}`,
    rateLimited: `Cognito accepts no more attempts for this user for now${retryAt ? `; again from ${time(retryAt)}` : ''}.`,
    accessTokenRejected: `The access token was refused, or none was found. Bring a fresh one: cognito-verification renew-token ${workflowId}`,
  };
  return sentences[result];
}
