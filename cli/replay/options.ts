import type { OutputOptions } from '../print.js';

/** The options of `replay`, as commander passes them on. */
export interface ReplayCommandOptions extends OutputOptions {
  workflowId?: string | undefined;
  query?: string | undefined;
  since?: number | undefined;
  limit?: number | undefined;
  bundle?: string | undefined;
  concurrency?: number | undefined;
  junit?: string | undefined;
  save?: string | undefined;
  redact?: boolean | undefined;
  sealKeyFile?: string | undefined;
  allowEmpty?: boolean | undefined;
}
