import type { OutputOptions } from '../print.js';

/** What `replay` was asked for, as commander hands it on. */
export interface ReplayCommandOptions extends OutputOptions {
  workflowId?: string;
  query?: string;
  since?: number;
  limit?: number;
  bundle?: string;
  concurrency?: number;
  junit?: string;
  save?: string;
  redact?: boolean;
  sealKeyFile?: string;
  allowEmpty?: boolean;
}
