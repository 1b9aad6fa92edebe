import { UsageError } from './usage-error.js';

// Options that other tools have, and that would put a secret on the command line.
const TOKEN_OPTION = /^--(access-)?token(=|$)/;
const CODE_OPTION = /^--code(=|$)/;
/** A JSON Web Token, alone or as the value of an option: its header is an object, which is `eyJ…` in base64. */
const TOKEN = /(^|=)(Bearer\s+)?eyJ[\w-]{5,}\./;
/** A verification code of Cognito, alone. */
const CODE = /^\d{6}$/;

/**
 * Refuses tokens and codes among the arguments. Every user of the machine can read arguments in its list of processes, and
 * the shell writes them into its history. It runs before the parser, whose errors quote arguments.
 * @throws UsageError that does not repeat the argument.
 */
export function refuseSecretArguments(args: readonly string[]): void {
  if (args.some((arg) => TOKEN_OPTION.test(arg) || TOKEN.test(arg))) {
    throw new UsageError(
      `An access token ${WHY_NOT} Use --access-token-file FILE (- for standard input) or the variable COGNITO_ACCESS_TOKEN.`,
    );
  }
  if (args.some((arg) => CODE_OPTION.test(arg)) || (args[0] === 'submit' && args.some((arg) => CODE.test(arg)))) {
    throw new UsageError(
      `A code ${WHY_NOT} Type it when asked, or use standard input, --code-file FILE or the variable VERIFICATION_CODE.`,
    );
  }
}

const WHY_NOT =
  'must not be an argument: other users of this machine can read it there, and the shell keeps it. It is not repeated here.';
