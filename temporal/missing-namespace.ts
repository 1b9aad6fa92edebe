/** The Temporal Service answers and has no such namespace. */
class NamespaceMissingError extends Error {
  override readonly name = 'NamespaceMissingError';
  readonly code = 'TemporalUnavailable';
  constructor(namespace: string, cause: unknown) {
    // The words of the client, which has an error of its own for this.
    super(`The Temporal Service has no namespace "${namespace}". Create it, or correct TEMPORAL_NAMESPACE.`, { cause });
  }
}

/** A `NamespaceMissingError` for an error of Temporal's that means the same; any other error as it is. */
export function explainMissingNamespace(error: unknown, namespace: string): unknown {
  return saysNamespaceNotFound(error) ? new NamespaceMissingError(namespace, error) : error;
}

/** How Core begins the error of a namespace that it could not look up, for whichever reason. */
const EITHER = /was not found or otherwise could not be described/gi;

/** The connections of workers and of clients throw errors of different classes, both with the server's words. */
function saysNamespaceNotFound(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /\bnamespace\b.*\bnot found\b/i.test(error.message.replace(EITHER, '')) || saysNamespaceNotFound(error.cause);
}
