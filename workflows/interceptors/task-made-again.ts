/**
 * The error of a workflow task that is to be made again, by a replay. Nothing is wrong: the log (`log/logger.ts`) knows it by its first
 * words, which are all that the SDK hands on, and tells of it at its debug level only.
 */
export function taskMadeAgain(why: string): Error {
  return new Error(`The workflow task is made again: ${why}`);
}
