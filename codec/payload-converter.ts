/** For the workflow bundle and the worker: nothing of Node.js here. */
import {
  defaultPayloadConverter,
  type Payload,
  type PayloadConverter,
  type SerializationContext,
} from '@temporalio/common';
import { errorOfUnopened, remember } from './provenance.js';

/**
 * Hands on what cannot be read as an Error instead of throwing it. Thrown, it would fail the workflow task, which is
 * tried again for ever: one broken payload, typed into the Web UI or changed in a database, would stop a verification
 * that people wait for. Handed on, it is refused like any other input that is wrong.
 */
class RefusablePayloadConverter implements PayloadConverter {
  toPayload(value: unknown, context?: SerializationContext): Payload {
    return defaultPayloadConverter.toPayload(value, context);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the interface's own
  fromPayload<T>(payload: Payload, context?: SerializationContext): T {
    const error = errorOfUnopened(payload);
    // The caller's type says what it should have been; whoever reads an input checks it.
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

/** The name under which the SDK looks for it. */
export const payloadConverter: PayloadConverter = new RefusablePayloadConverter();
