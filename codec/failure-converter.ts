/** For the workflow bundle, the worker and clients: nothing of Node.js here. */
import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stack traces where the codec seals them; only the types of failures stay in plain text. The SDK looks
 * for it under this name.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
