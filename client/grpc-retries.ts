import { GRPC_STATUS } from '@cognito-verification/contract';
import { type ConnectionOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { isForeign } from './unreachable.js';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;
type Status = Parameters<ReturnType<typeof defaultGrpcRetryOptions>['retryableDecider']>[1];

/** What is known of a connection when a call on it fails. */
interface Line {
  /** Somebody has closed it. */
  isClosed(): boolean;
  /** It is there: the server itself has said what the call ended with. */
  isConnected(): boolean;
  /**
   * How long calls are repeated while there is no connection, from the first that failed. Then each fails at once, until one is
   * answered. Default: as long as Temporal's client repeats them, which is 20 to 35 seconds for each call.
   */
  readonly repeatsForMs?: number | undefined;
}

/** Short, so that a call does not fail after a pause of a second although the service is back. */
const LONGEST_PAUSE_MS = 300;

/**
 * The retries of Temporal's client, without two weaknesses. It repeats a failed call from a timer, and on a connection that
 * was closed meanwhile that throws where nobody can catch it, which ends the process: here the call fails with the error
 * that it would have been repeated for. And it repeats each call for half a minute while nobody is there.
 */
export function retriesOn(line: Line): Interceptor {
  const { repeatsForMs = Number.POSITIVE_INFINITY } = line;
  let awaySinceMs: number | undefined;
  const isAway = (status: Status) => isUnavailable(status) && (isForeign(status.details) || !line.isConnected());
  const noteAnswer = (status: Status): boolean => {
    if (!isAway(status)) {
      awaySinceMs = undefined;
      return true;
    }
    awaySinceMs ??= Date.now();
    return Date.now() - awaySinceMs < repeatsForMs;
  };
  return (options, nextCall) => {
    const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
    let failure: Status | undefined;
    const retries = makeGrpcRetryInterceptor({
      delayFunction: (attempt, status) => {
        const pauseMs = delayFunction(attempt, status);
        return isAway(status) && line.repeatsForMs !== undefined ? Math.min(pauseMs, LONGEST_PAUSE_MS) : pauseMs;
      },
      retryableDecider: (attempt, status) => {
        failure = status;
        return noteAnswer(status) && !line.isClosed() && retryableDecider(attempt, status);
      },
    });
    return retries(options, (again) =>
      failure && line.isClosed() ? failedCall(failure) : ofGrpcOnly(nextCall(again)),
    );
  };
}

/**
 * The call, which fails for what is no answer in gRPC. grpc-js takes the HTTP status 404 for a method that an old server lacks, and
 * does not look at the content type: it reads a page as a message that is too large, which would be tried again. What a proxy
 * without a server says (`UNAVAILABLE`) is tried again.
 */
function ofGrpcOnly(call: Call): Call {
  const start = call.start.bind(call);
  let contentType = GRPC;
  call.start = (sent, listener) => {
    start(sent, {
      onReceiveMetadata: (metadata) => {
        contentType = String(metadata.get('content-type')[0] ?? GRPC);
        listener?.onReceiveMetadata?.(metadata);
      },
      onReceiveMessage: (message) => listener?.onReceiveMessage?.(message),
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
      onReceiveStatus: (status) => listener?.onReceiveStatus?.({ ...status, ...endOf(status, contentType) }),
    });
  };
  return call;
}

const GRPC = 'application/grpc';
const OK = 0;

/** What the call ended with, in the words of `isForeign` where the answer is no gRPC. */
function endOf(status: Ended, contentType: string): Ended {
  const isPage = status.code !== OK && !contentType.startsWith(GRPC);
  const details = isPage && !isForeign(status.details) ? `Received HTTP content type ${contentType}` : status.details;
  return { code: isForeign(details) && !isUnavailable(status) ? GRPC_STATUS.INTERNAL : status.code, details };
}

interface Ended {
  readonly code: number;
  readonly details: string;
}

const isUnavailable = ({ code }: Pick<Ended, 'code'>) => code === GRPC_STATUS.UNAVAILABLE;

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
