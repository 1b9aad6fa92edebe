/** What an error of Temporal's becomes that says only that there is no such namespace: the words of the client. */
export async function explainMissingNamespace(error: unknown, namespace: string): Promise<unknown> {
  if (!saysSo(error)) return error;
  const { TemporalUnavailableError } = await import('@cognito-verification/client');
  return new TemporalUnavailableError(
    `The Temporal Service has no namespace "${namespace}". Create it, or correct TEMPORAL_NAMESPACE.`,
    { cause: error },
  );
}

/** A worker's connection and a client's throw errors of different classes, with the server's words. */
function saysSo(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /\bnamespace\b.*\bnot found\b/i.test(error.message) || saysSo(error.cause);
}
