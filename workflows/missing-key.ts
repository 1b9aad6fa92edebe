/** What a verification does while the worker lacks the key that opens a payload. */
import { isKeyMissing } from '@cognito-verification/codec/provenance';
import { getStatus, LACKS_A_KEY } from '@cognito-verification/contract';
import { setCurrentDetails, setHandler } from '@temporalio/workflow';

/**
 * Hands on a request, an answer or a message of the history, unless the key that opens it is missing. Then the workflow task
 * fails, with an error that does not fail the workflow, and Temporal tries it again until the key is back. To decide without
 * the key would be to decide otherwise than a replay with it.
 * @throws Error
 */
export function awaitKey<Taken>(taken: Taken): Taken {
  if (isKeyMissing(taken)) throw new Error(`${LACKS_A_KEY}${taken.message}`);
  return taken;
}

/**
 * As `awaitKey`, for the request: until the key is back, the card and the query say which key is missing.
 * @throws Error
 */
export function awaitKeyOfRequest(request: unknown): void {
  if (!isKeyMissing(request)) return;
  setCurrentDetails(`**Waiting for a key**\n\n${request.message}`);
  const missing = new Error(`${LACKS_A_KEY}${request.message}`);
  setHandler(getStatus, () => {
    throw missing;
  });
  throw missing;
}
