/** From the least important. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** What this process tells of itself. */
export interface TelemetryConfig {
  /** `VERIFICATION_LOG_LEVEL`: the least that is logged; default `info`. */
  readonly logLevel: LogLevelName;
  /** `VERIFICATION_METRICS_ADDRESS`, `host:port`: where a worker serves its metrics; not at all unless set. */
  readonly metricsAddress?: string;
}
