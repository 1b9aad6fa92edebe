/** What the guard needs of a logger: the SDK's loggers and ours fit. */
export interface GuardLog {
  info(message: string, meta?: Record<string, unknown>): void;
  warn(message: string, meta?: Record<string, unknown>): void;
}
