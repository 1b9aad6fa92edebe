/** How many calls to Cognito the workers may make in a second, as docs/limits.md adds them up. */

/** Calls in a second that Cognito takes from an account in a region; AWS raises the first for nobody. */
export const USUAL_QUOTAS = { attempts: 25, sends: 50, looks: 120 } as const;

/** What an account in a region has a quota for. */
export type CallKind = keyof typeof USUAL_QUOTAS;

/** How many direct calls of a kind a unit of the allowance is. */
export const DIRECT_CALLS = { attempts: 1, sends: 2, looks: 1 } as const satisfies Record<CallKind, number>;

/** What limits the workers, in calls a second. */
export interface CallRates {
  /** Attempts that all workers together may make directly. */
  readonly allowance: number;
  /** Of the task queue of calls. Undefined: none. */
  readonly queueRate?: number | undefined;
  /** Of each user pool: for its sends, and as much for its attempts and looks. Undefined: none. */
  readonly poolRate?: number | undefined;
  /** How many user pools are served. None counts as one. */
  readonly pools: number;
}

/** The most calls of a kind in a second; infinite where no rate holds them. */
export interface MostCalls {
  /** Those past the queue. */
  readonly direct: number;
  /** Those that the task queue lets through. */
  readonly governed: number;
}

export function mostCalls(kind: CallKind, { allowance, queueRate, poolRate, pools }: CallRates): MostCalls {
  const [queue, pool] = [queueRate ?? Number.POSITIVE_INFINITY, poolRate ?? Number.POSITIVE_INFINITY];
  return {
    direct: Math.min(allowance, queue, pool) * DIRECT_CALLS[kind],
    governed: Math.min(queue, pool * Math.max(1, pools)),
  };
}
