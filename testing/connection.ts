import { AsyncLocalStorage } from 'node:async_hooks';
import { GRPC_STATUS } from '@cognito-verification/contract';
import type { ClientOptions } from '@temporalio/client';

type Connection = NonNullable<ClientOptions['connection']>;

/** An error as gRPC has it. */
export function grpcError(code: keyof typeof GRPC_STATUS | 'NOT_FOUND', details: string): Error {
  const status = code === 'NOT_FOUND' ? 5 : GRPC_STATUS[code];
  const metadata = { get: () => [] };
  return Object.assign(new Error(`${status} ${code}: ${details}`), { code: status, details, metadata });
}

/** What ends the requests of one call. */
interface Limits {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** The requests of a Temporal client, by their names. */
export type Service = Record<string, (request: never) => unknown>;

/**
 * A connection to a service of this process. Deadlines and signals end its requests, as gRPC's do.
 * @param before runs before each request
 */
export function connectionTo(service: Service, before: () => void): Connection {
  const limits = new AsyncLocalStorage<Limits>();
  const within = async <T>(limit: Limits, call: () => Promise<T>): Promise<T> =>
    await limits.run({ ...limits.getStore(), ...limit }, call);
  const request = async (answer: () => unknown): Promise<unknown> => {
    const { deadlineMs = Number.POSITIVE_INFINITY, signal } = limits.getStore() ?? {};
    if (signal?.aborted) throw grpcError('CANCELLED', 'Cancelled on client');
    before();
    let end: () => void = () => undefined;
    const limit = new Promise<never>((_, reject) => {
      const cancel = () => reject(grpcError('CANCELLED', 'Cancelled on client'));
      signal?.addEventListener('abort', cancel, { once: true });
      const late = () => reject(grpcError('DEADLINE_EXCEEDED', 'Deadline exceeded'));
      const timer = Number.isFinite(deadlineMs) ? setTimeout(late, Math.max(0, deadlineMs - Date.now())) : undefined;
      end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
    });
    try {
      return await Promise.race([answer(), limit]);
    } finally {
      end();
    }
  };
  const workflowService = new Proxy(
    {},
    {
      get: (_, name) => (given: unknown) =>
        request(() => {
          const answer = service[String(name)];
          if (!answer) throw grpcError('UNIMPLEMENTED', `The fake has no ${String(name)}`);
          return answer(given as never);
        }),
    },
  );
  const connection = {
    workflowService,
    plugins: [],
    close: async () => undefined,
    ensureConnected: async () => undefined,
    withDeadline: (deadline: number | Date, call: () => Promise<unknown>) =>
      within(
        { deadlineMs: Math.min(Number(deadline), limits.getStore()?.deadlineMs ?? Number.POSITIVE_INFINITY) },
        call,
      ),
    withMetadata: (_: unknown, call: () => Promise<unknown>) => call(),
    withAbortSignal: (signal: AbortSignal, call: () => Promise<unknown>) => within({ signal }, call),
  };
  return connection as unknown as Connection;
}
