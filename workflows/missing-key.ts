import { isKeyMissing } from '@cognito-verification/codec/provenance';

/**
 * Hands on what has been taken already, a request, an answer or a message of the history, unless the key is missing that
 * opens it. Then the workflow task fails, with an error that is no failure of the workflow, and is tried again until the key is
 * back: decided without it, a replay with the key would tell another story.
 * @throws Error
 */
export function awaitKey<Taken>(taken: Taken): Taken {
  if (isKeyMissing(taken)) throw new Error(taken.message);
  return taken;
}
