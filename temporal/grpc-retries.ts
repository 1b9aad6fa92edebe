import { type ConnectionOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;
type Status = Parameters<ReturnType<typeof defaultGrpcRetryOptions>['retryableDecider']>[1];

/**
 * The retries of Temporal's client, without its weakness: it repeats a failed call from a timer, and on a connection that
 * was closed meanwhile that throws where nobody can catch it, which ends the process. Here the call fails with the error
 * that it would have been repeated for.
 * @param isClosed whether the connection was closed
 */
export function retriesUntil(isClosed: () => boolean): Interceptor {
  return (options, nextCall) => {
    const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
    let failure: Status | undefined;
    const retries = makeGrpcRetryInterceptor({
      delayFunction,
      retryableDecider: (attempt, status) => {
        failure = status;
        return !isClosed() && retryableDecider(attempt, status);
      },
    });
    return retries(options, (again) => (failure && isClosed() ? failedCall(failure) : nextCall(again)));
  };
}

/** A call that fails as soon as it starts, without a use of the connection. */
function failedCall(failure: Status): Call {
  const nothing = () => undefined;
  return {
    start: (_metadata, listener) => listener?.onReceiveStatus?.(failure),
    cancelWithStatus: nothing,
    getPeer: () => 'closed',
    sendMessageWithContext: nothing,
    sendMessage: nothing,
    startRead: nothing,
    halfClose: nothing,
    getAuthContext: () => null,
  };
}
