import { parseDuration } from '@cognito-verification/contract';
import { Argument, InvalidArgumentError, Option } from 'commander';

/** The argument of most commands. */
export const workflowIdArgument = () => new Argument('<workflowId>', 'as start printed it');

/** Holds a command to one verification of the workflow id. */
export const runOption = () =>
  new Option('--run <id>', 'the run, as start --json printed it. Default: the newest verification with this id');

export interface RunOptions {
  run?: string;
}

/**
 * A duration such as `10m` or `'10 minutes'`, in milliseconds.
 * @throws InvalidArgumentError
 */
export function durationOption(value: string): number {
  const ms = parseDuration(value);
  // A bare number would be milliseconds, which is not what a person means.
  if (ms === undefined || /^[\d.]+$/.test(value.trim())) {
    throw new InvalidArgumentError("A duration has a unit: '30 seconds', 10m, 24h.");
  }
  return ms;
}

/** A `durationOption` from `least` to `most`, which are durations too. Default: as long as one likes. */
export function durationWithin(least: string, most?: string): (value: string) => number {
  const [leastMs, mostMs] = [
    durationOption(least),
    most === undefined ? Number.POSITIVE_INFINITY : durationOption(most),
  ];
  return (value) => {
    const ms = durationOption(value);
    if (ms < leastMs || ms > mostMs)
      throw new InvalidArgumentError(
        `It must be ${most === undefined ? `${least} at least` : `from ${least} to ${most}`}.`,
      );
    return ms;
  };
}

/** A whole number from `least` to `most`. Default: as large as one likes. */
export function countWithin(least: number, most?: number): (value: string) => number {
  return (value) => {
    const count = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(count >= least && count <= (most ?? count)))
      throw new InvalidArgumentError(
        `It must be a whole number from ${least}${most === undefined ? '' : ` to ${most}`}.`,
      );
    return count;
  };
}

/** @throws InvalidArgumentError */
export function portOption(value: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 (any free one) to 65535.');
  return port;
}

/**
 * Collects `key=value` from an option that may be repeated.
 * @throws InvalidArgumentError
 */
export function keyValueOption(value: string, before: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be key=value.');
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}
