/** Why a history does not replay, in one sentence: where, what the history has there, and what this build does. */
import { redactText } from '../log/redact-text.js';
import type { Unopened } from './codec.js';
import { eventIn } from './event-words.js';
import type { History } from './recorded-history.js';

export interface ReplayProblem {
  kind: /** This build does other things than the history says. */
    | 'nondeterminism'
    /** The code threw: a worker of this build would try the same task for ever. */
    | 'taskFailed'
    /** The payloads were not opened, so nothing is known about the build. */
    | 'sealed'
    /** No history, or not whole. */
    | 'unreadable'
    /** The SDK could not replay it, so nothing is known about the build. */
    | 'notReplayed';
  /** Where it is, as far as the SDK tells. */
  eventId?: number;
  /** What the history has there. */
  expected?: string;
  /** What this build does there. */
  found?: string;
  /** All of it in one sentence. */
  message: string;
  /** What to do about it. */
  hint: string;
}

const HINTS: Record<ReplayProblem['kind'], string> = {
  nondeterminism:
    "Runs that are open must go on as they began: put the change behind patched('…'), or give the new build a task queue of its own (VERIFICATION_TASK_QUEUE, of workers and callers) and keep the old workers until what they began has ended.",
  taskFailed: 'A worker of this build would try the same task for ever. Mend the code, or deploy another build.',
  sealed:
    'Give this command the keys that the history is sealed with (VERIFICATION_ENCRYPTION_KEYS, …_FILE or …_KMS_KEYS): those of the workers that recorded it or, where it was redacted, the one of --seal-key-file.',
  notReplayed:
    'What was not replayed says nothing of the build. Try it again, alone: --save FOLDER writes it, and VERIFICATION_LOG_LEVEL=debug shows what the SDK says.',
  unreadable: 'Export it again, with: cognito-verification replay --save FOLDER',
};

/** Of which nothing is known of the build. */
export function isUnknown({ kind }: ReplayProblem): boolean {
  return kind === 'sealed' || kind === 'unreadable' || kind === 'notReplayed';
}

/** What the replayed code has said. */
export interface ReplayTrace {
  unopened: readonly Unopened[];
  lastFailure?: string | undefined;
}

/** @param error the SDK's */
export function replayProblem(error: Error, history: History, { unopened, lastFailure }: ReplayTrace): ReplayProblem {
  const [first] = unopened;
  if (first) return sealedProblem(first);
  const said = innermost(error.message);
  if (error.name === 'DeterminismViolationError' || said.includes('[TMPRL1100]')) return nondeterminism(said, history);
  if (said.startsWith('Fatal error in workflow machines')) return unreadable(`is not as a server writes it: ${said}`);
  const thrown = redactText(lastFailure ?? said);
  return {
    kind: 'taskFailed',
    found: `throws: ${thrown}`,
    message: `The code of this build throws while it replays: ${thrown}.`,
    hint: HINTS.taskFailed,
  };
}

/** With a key that is missing, what replays may be something else than what a worker would see. */
export function keysMissing(unopened: readonly Unopened[]): ReplayProblem | undefined {
  const missing = unopened.find(({ code }) => code !== 'PayloadRefused');
  return missing && sealedProblem(missing);
}

/** @param what it is, or is not: the rest of the sentence */
export function unreadable(what: string): ReplayProblem {
  return { kind: 'unreadable', message: `It ${redactText(what)}.`, hint: HINTS.unreadable };
}

/** @param error what has ended the replay worker, or kept it from going on */
export function notReplayed(error: unknown): ReplayProblem {
  const said = redactText(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return { kind: 'notReplayed', message: `It could not be replayed: ${said}.`, hint: HINTS.notReplayed };
}

/** A problem of which the SDK did not say where it is. */
export function located(problem: ReplayProblem, eventId: number, history: History): ReplayProblem {
  const expected = problem.expected ?? eventIn(history, eventId);
  const message =
    problem.kind === 'taskFailed'
      ? problem.message.replace('while it replays', `while it replays event ${eventId}, ${expected}`)
      : problem.message.replace(/^The history has/, `At event ${eventId} the history has`);
  return { ...problem, eventId, expected, message };
}

function sealedProblem(error: Unopened): ReplayProblem {
  // What the error says of a missing key is advice for a worker.
  const why =
    'keyId' in error
      ? `they are sealed with the key ${JSON.stringify(error.keyId)}, which is not among those given`
      : error.message.replace(/\.$/, '');
  const message = `Its payloads cannot be opened: ${why}.`;
  const refusal = 'refusal' in error ? error.refusal : undefined;
  const hint =
    refusal === 'notSealed'
      ? 'It was downloaded decoded. Download it as it is, without a codec endpoint.'
      : refusal === 'misplaced'
        ? 'It was recorded under another workflow id than the one that it was replayed with.'
        : HINTS.sealed;
  return { kind: 'sealed', message, hint };
}

/** Core says it in a dump of its own structures. */
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

function nondeterminism(said: string, history: History): ReplayProblem {
  const text = said.replace(/^.*\[TMPRL1100\] (?:Nondeterminism error: )?/s, '');
  const machine = MACHINE.exec(text);
  if (machine) return differs(history, Number(machine[2]), machineInWords(machine[1] ?? ''));
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
    ...(eventId === undefined ? {} : { eventId }),
    expected,
    found,
    message: `${where} has ${expected}; this build ${found}.`,
    hint: HINTS.nondeterminism,
  };
}

/** What Core calls its state machines, as what the code has just done. */
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

function machineInWords(name: string): string {
  const done = DONE[name.toLowerCase().replaceAll(' ', '')];
  return `${done ?? `does something else (${name})`} there`;
}
