/** The command line is wrong. Its message never repeats an argument that may be a secret. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'Usage';
}

/** A person or a pipeline stopped the command. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly code = 'Interrupted';
}
