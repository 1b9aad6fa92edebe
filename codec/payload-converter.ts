/** For the workflow bundle and the worker: nothing of Node.js here. */
import {
  defaultPayloadConverter,
  type Payload,
  type PayloadConverter,
  type SerializationContext,
} from '@temporalio/common';
import { errorOfUnopened, remember } from './provenance.js';

/**
 * Returns an Error for a payload that cannot be read, instead of throwing one. A thrown error would fail the workflow
 * task, which is retried for ever: one broken payload, typed into the Web UI or changed in a database, would stop a
 * verification that people wait for. The workflow refuses the returned one like any other wrong input.
 */
class RefusablePayloadConverter implements PayloadConverter {
  toPayload(value: unknown, context?: SerializationContext): Payload {
    return defaultPayloadConverter.toPayload(value, context);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the interface's own
  fromPayload<T>(payload: Payload, context?: SerializationContext): T {
    const error = errorOfUnopened(payload);
    // T says what the value should have been; every reader of an input checks it.
    if (error) return error as T;
    try {
      const value = defaultPayloadConverter.fromPayload<T>(payload, context);
      remember(value, payload);
      return value;
    } catch {
      return new Error('a payload that cannot be read') as T;
    }
  }
}

/** The SDK looks for it under this name. */
export const payloadConverter: PayloadConverter = new RefusablePayloadConverter();
