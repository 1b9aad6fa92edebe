/** The exit codes. They are the same in every release. */
export const EXIT = {
  done: 0,
  /** The verification did not succeed, or the answer was a refusal. */
  unsuccessful: 1,
  /** A wrong command, option, value, secret or setting: nothing was done. */
  usage: 2,
  /** Temporal, a worker or Cognito did not answer. */
  unreachable: 3,
  /** `wait --timeout` has passed; the verification is open and goes on. */
  stillOpen: 4,
  interrupted: 130,
} as const;

/** By the `code` of an error. Every other error is `unsuccessful`. */
const EXIT_BY_CODE: Readonly<Record<string, number>> = {
  Usage: EXIT.usage,
  Configuration: EXIT.usage,
  InvalidRequest: EXIT.usage,
  IdReused: EXIT.usage,
  TemporalUnavailable: EXIT.unreachable,
  WorkerUnavailable: EXIT.unreachable,
  OtherTaskQueue: EXIT.unreachable,
  CognitoUnavailable: EXIT.unreachable,
  NotSetUp: EXIT.unreachable,
  UnexpectedAnswer: EXIT.unreachable,
  Sealing: EXIT.unreachable,
  KeyService: EXIT.unreachable,
  KeysUnavailable: EXIT.unreachable,
  VerificationOpen: EXIT.stillOpen,
  Interrupted: EXIT.interrupted,
};

/** The exit code for an error with this `code`. */
export function exitCodeOf(code: string): number {
  return EXIT_BY_CODE[code] ?? EXIT.unsuccessful;
}

/** For the end of the root's `--help`. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    done; with submit and wait: verified
  1    the verification did not succeed, or refused the request; doctor: something fails
  2    wrong usage, value or configuration; nothing was done
  3    Temporal, a worker or Cognito cannot be reached, or is not set up; doctor: something could not be asked
  4    wait: still open when --timeout passed
  130  interrupted; a verification that was started goes on`;
