/** From the least important to the most. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** What a process says about itself. */
export interface TelemetryConfig {
  /** `VERIFICATION_LOG_LEVEL`: the least important level that is logged; default `info`. */
  readonly logLevel: LogLevelName;
  /** `VERIFICATION_METRICS_ADDRESS`, `host:port`: where a worker serves its metrics. Default: nowhere. */
  readonly metricsAddress?: string | undefined;
  /** `VERIFICATION_HEALTH_ADDRESS`, `host:port`, port 0 for any free one: where a worker answers probes. Default: nowhere. */
  readonly healthAddress?: string | undefined;
}
