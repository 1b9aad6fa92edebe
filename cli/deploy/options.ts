import type { OutputOptions } from '../print.js';

export const ACTIONS = ['status', 'promote', 'ramp', 'rollback'] as const;
export type Action = (typeof ACTIONS)[number];

/** The options of `deploy`, as commander passes them on. */
export interface DeployOptions extends OutputOptions {
  deployment?: string;
  build?: string;
  replay?: boolean;
  bundle?: string;
  wait?: number;
}

/** What is asked for. `percent` is there with `ramp`. */
export interface DeployRequest {
  action: Action;
  percent?: number | undefined;
}
