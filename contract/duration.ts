type Unit =
  | ('years' | 'year' | 'yrs' | 'yr' | 'y')
  | ('weeks' | 'week' | 'w')
  | ('days' | 'day' | 'd')
  | ('hours' | 'hour' | 'hrs' | 'hr' | 'h')
  | ('minutes' | 'minute' | 'mins' | 'min' | 'm')
  | ('seconds' | 'second' | 'secs' | 'sec' | 's')
  | ('milliseconds' | 'millisecond' | 'msecs' | 'msec' | 'ms');

/**
 * A duration as Temporal's SDK takes it: milliseconds, or a text such as `'10 minutes'`. The SDK's own type is `any` where the
 * types of its package `ms` are not installed.
 */
export type Duration = number | `${number}` | `${number}${Unit}` | `${number} ${Unit}`;
