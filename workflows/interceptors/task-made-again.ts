/** Thrown where a workflow task is to be made again, by a replay. Nothing is wrong, so that the log tells of it at its debug level only. */
export class TaskMadeAgain extends Error {
  override readonly name = 'TaskMadeAgain';
}
