/** Why a history does not replay, in one sentence: at which event, what the history has there, and what this build does. */
import { redactText } from '../log/redact-text.js';
import type { Unopened } from './codec.js';
import { eventIn } from './event-words.js';
import type { History } from './recorded-history.js';

export interface ReplayProblem {
  kind: /** This build does something other than the history says. */
    | 'nondeterminism'
    /** The code threw an error: a worker of this build would try the same task for ever. */
    | 'taskFailed'
    /** The payloads were not opened, so nothing is known about the build. */
    | 'sealed'
    /** The document is no history, or not a complete one. */
    | 'unreadable'
    /** The SDK could not replay the history, so nothing is known about the build. */
    | 'notReplayed';
  /** The event at which the history stops replaying. Absent where it is not known. */
  eventId?: number | undefined;
  /** What the history has there. */
  expected?: string | undefined;
  /** What this build does there. */
  found?: string | undefined;
  /** The problem in one sentence. */
  message: string;
  /** What to do about it. */
  hint: string;
}

const HINTS: Record<ReplayProblem['kind'], string> = {
  nondeterminism:
    "Open runs must go on as they began: put the change behind patched('…'), or give the new build a task queue of its own (VERIFICATION_TASK_QUEUE, of workers and callers) and keep the old workers until their runs have ended.",
  taskFailed: 'A worker of this build would try the same task for ever. Fix the code, or deploy another build.',
  sealed:
    'Give this command the keys that the history is sealed with (VERIFICATION_ENCRYPTION_KEYS, …_FILE or …_KMS_KEYS): those of the workers that recorded it or, if it was redacted, the key of --seal-key-file.',
  notReplayed:
    'This says nothing about the build. Replay the history again, alone: --save FOLDER writes it, and VERIFICATION_LOG_LEVEL=debug shows what the SDK says.',
  unreadable: 'Export it again, with: cognito-verification replay --save FOLDER',
};

/** Whether the problem leaves open if the build fits the history. */
export function isUnknown({ kind }: ReplayProblem): boolean {
  return kind === 'sealed' || kind === 'unreadable' || kind === 'notReplayed';
}

/** What is known of a replay besides the SDK's error. */
export interface ReplayTrace {
  unopened: readonly Unopened[];
  /** The message of the last failure that the replayed code made. */
  lastFailure?: string | undefined;
}

/**
 * The problem that an error of the SDK means.
 * @param error as `Worker.runReplayHistories` gives it for a history
 */
export function replayProblem(error: Error, history: History, { unopened, lastFailure }: ReplayTrace): ReplayProblem {
  const [first] = unopened;
  if (first) return sealedProblem(first);
  const text = innermost(error.message);
  if (error.name === 'DeterminismViolationError' || text.includes('[TMPRL1100]')) return nondeterminism(text, history);
  if (text.startsWith('Fatal error in workflow machines')) return unreadable(`is not as a server writes it: ${text}`);
  const thrown = redactText(lastFailure ?? text);
  return {
    kind: 'taskFailed',
    found: `throws: ${thrown}`,
    message: `The code of this build throws while it replays: ${thrown}.`,
    hint: HINTS.taskFailed,
  };
}

/** The problem of a history that replays although a key is missing: a worker that has the key may see something else. */
export function keysMissing(unopened: readonly Unopened[]): ReplayProblem | undefined {
  const missing = unopened.find(({ code }) => code !== 'PayloadRefused');
  return missing && sealedProblem(missing);
}

/**
 * The problem of a document that is no complete history.
 * @param what the rest of the sentence that begins with "It"
 */
export function unreadable(what: string): ReplayProblem {
  return { kind: 'unreadable', message: `It ${redactText(what)}.`, hint: HINTS.unreadable };
}

/**
 * The problem of a history that the SDK could not replay.
 * @param error what ended the replay worker, or kept it from going on
 */
export function notReplayed(error: unknown): ReplayProblem {
  const reason = redactText(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return { kind: 'notReplayed', message: `It could not be replayed: ${reason}.`, hint: HINTS.notReplayed };
}

/** The problem of a history that the namespace has and does not give. */
export function notFetched(error: unknown): ReplayProblem {
  const reason = redactText(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return { kind: 'notReplayed', message: `Its history could not be fetched: ${reason}.`, hint: HINTS.notReplayed };
}

/** Adds the event to a problem for which the SDK did not say it. */
export function located(problem: ReplayProblem, eventId: number, history: History): ReplayProblem {
  const expected = problem.expected ?? eventIn(history, eventId);
  const message =
    problem.kind === 'taskFailed'
      ? problem.message.replace('while it replays', `while it replays event ${eventId}, ${expected}`)
      : problem.message.replace(/^The history has/, `At event ${eventId} the history has`);
  return { ...problem, eventId, expected, message };
}

function sealedProblem(error: Unopened): ReplayProblem {
  // The error's own message about a missing key is advice for a worker.
  const why =
    'keyId' in error
      ? `they are sealed with the key ${JSON.stringify(error.keyId)}, which is not among those given`
      : error.message.replace(/\.$/, '');
  const message = `Its payloads cannot be opened: ${why}.`;
  const refusal = 'refusal' in error ? error.refusal : undefined;
  const hint =
    refusal === 'notSealed'
      ? 'It was downloaded decoded. Download it without a codec endpoint.'
      : refusal === 'misplaced'
        ? 'It was recorded under another workflow id than the one it was replayed with.'
        : HINTS.sealed;
  return { kind: 'sealed', message, hint };
}

/** The message inside Core's error, which is a dump of Core's structures. */
function innermost(message: string): string {
  const text = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message;
  return text.replaceAll(/\\(["'\\])/g, '$1');
}

const MACHINE = /(\w[\w ]*?) ?[Mm]achine does not handle (?:this event: )?HistoryEvent\(id: (\d+), (\w+)\)/;
const NO_COMMAND = /No command scheduled for event HistoryEvent\(id: (\d+), (\w+)\)/;
const MISMATCH =
  /(Activity type|Activity id|[\w ]+?) of scheduled event '([^']*)' does not\s+match (?:activity |[\w ]*?)(?:type|id|name) of [\w ]*?command '([^']*)'/;
const PATCH = /patch marker encountered for change ([^,]+), but there is/;
const ANY_EVENT = /HistoryEvent(?:\(id: | \{ event_id: )(\d+)/;

function nondeterminism(message: string, history: History): ReplayProblem {
  const text = message.replace(/^.*\[TMPRL1100\] (?:Nondeterminism error: )?/s, '');
  const machine = MACHINE.exec(text);
  if (machine) return differs(history, Number(machine[2]), actionOf(machine[1] ?? ''));
  const none = NO_COMMAND.exec(text);
  if (none) return differs(history, Number(none[1]), 'does nothing there');
  const mismatch = MISMATCH.exec(text);
  if (mismatch) {
    const [, what = '', recorded = '', made = ''] = mismatch;
    const kind = what.toLowerCase();
    return sentence(undefined, `${kind} ${recorded}`, `has ${kind} ${made} there`);
  }
  const patch = PATCH.exec(text)?.[1];
  if (patch !== undefined) return sentence(undefined, `the patch ${patch}`, 'does not ask for that patch');
  const event = ANY_EVENT.exec(text)?.[1];
  const found = `does something else (${redactText(text.slice(0, 300))})`;
  return event === undefined ? sentence(undefined, 'another order', found) : differs(history, Number(event), found);
}

function differs(history: History, eventId: number, found: string): ReplayProblem {
  return sentence(eventId, eventIn(history, eventId), found);
}

function sentence(eventId: number | undefined, expected: string, found: string): ReplayProblem {
  const where = eventId === undefined ? 'The history' : `At event ${eventId} the history`;
  return {
    kind: 'nondeterminism',
    eventId,
    expected,
    found,
    message: `${where} has ${expected}; this build ${found}.`,
    hint: HINTS.nondeterminism,
  };
}

/** What the code has just done, by the names of Core's state machines. */
const DONE: Readonly<Record<string, string>> = {
  activity: 'calls an activity',
  cancelworkflow: 'ends as cancelled',
  childworkflow: 'starts a child workflow',
  completeworkflow: 'ends as completed',
  continueasnewworkflow: 'continues as new',
  failworkflow: 'ends as failed',
  localactivity: 'calls a local activity',
  modifyworkflowproperties: 'sets a memo',
  patch: 'asks for a patch',
  signalexternal: 'signals another workflow',
  timer: 'sets a timer',
  update: 'answers an update',
  upsertworkflowsearchattributes: 'sets search attributes',
};

function actionOf(name: string): string {
  const done = DONE[name.toLowerCase().replaceAll(' ', '')];
  return `${done ?? `does something else (${name})`} there`;
}
