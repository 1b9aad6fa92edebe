/** The result of `replay`, for people and for programs. */

import { printable } from '@cognito-verification/contract';
import type { ReplayBundle } from '../../replay/bundle.js';
import type { UnreadableFile } from '../../replay/history-files.js';
import type { UnfetchedRun } from '../../replay/live-histories.js';
import { isUnknown, type ReplayProblem } from '../../replay/problem.js';
import { MOST_SEARCHED, type Replayed } from '../../replay/replay.js';
import { emphasized } from '../print.js';
import { errorDocument } from '../report.js';
import type { SavedHistories } from './save.js';
import type { SourcedHistory, SourceFacts } from './source.js';

/** One history, as the report lists it. */
export interface ReplayedCase {
  workflowId?: string | undefined;
  runId?: string | undefined;
  file?: string | undefined;
  /** Undefined for a history that cannot be read. */
  workflowType?: string | undefined;
  state?: string | undefined;
  /** The worker that recorded it: release of the SDK, and build. */
  sdkVersion?: string | undefined;
  build?: string | undefined;
}

export type FailedCase = ReplayedCase & ReplayProblem;

interface Tally {
  replayed: number;
  failed: number;
}

/** How many reasons, and histories of each, the text names. `--json` and `--junit` list all. */
const MOST_REASONS = 10;
const MOST_NAMED = 3;

export class ReplayReport {
  readonly failures: FailedCase[] = [];
  readonly good: ReplayedCase[] = [];
  /** No worker has started them, so there is nothing to replay and they prove nothing. */
  readonly notBegun: ReplayedCase[] = [];
  /** Undefined until the source is open. */
  source: SourceFacts | undefined;
  saved: SavedHistories | undefined;
  /** The error that stopped the replay before its end. */
  error: unknown;
  private readonly startedAt = performance.now();
  private unopened = 0;

  constructor(private readonly bundle: ReplayBundle) {}

  get replayed(): number {
    return this.good.length + this.failures.length;
  }

  private get unreadable(): number {
    return this.failures.filter(({ workflowType }) => workflowType === undefined).length;
  }

  /** All histories that have a result. */
  get seen(): number {
    return this.replayed + this.notBegun.length;
  }

  add({ recorded, facts, problem, unopened }: Replayed<SourcedHistory>): void {
    const { workflowId, runId, file } = recorded;
    const { workflowType, state, sdkVersion, build } = facts;
    const one: ReplayedCase = { workflowId, runId, file, workflowType, state, sdkVersion, build };
    if (problem) this.failures.push({ ...one, ...problem });
    else if (facts.begun) this.good.push(one);
    else this.notBegun.push(one);
    if (!problem && unopened > 0) this.unopened += 1;
  }

  addUnreadable({ problem, ...one }: UnreadableFile | UnfetchedRun): void {
    this.failures.push({ ...one, ...problem });
  }

  document() {
    return {
      replayed: this.replayed,
      failed: this.failures.length,
      durationMs: Math.round(performance.now() - this.startedAt),
      bundle: { path: this.bundle.path, build: this.bundle.build },
      source: this.source,
      /** Files without a readable history, and histories that could not be fetched. They have no version and no state. */
      unreadable: this.unreadable,
      versions: [...this.tally(versionOf)].map(([key, tally]) => ({ ...JSON.parse(key), ...tally })),
      states: Object.fromEntries(this.tally(({ state }) => `${state}`)),
      /** Not counted in `replayed`. */
      notBegun: this.notBegun.length,
      /** They replay, and hold a payload that no key opens, as when they were recorded. */
      withUnopenedPayloads: this.unopened,
      failures: this.failures,
      saved: this.saved,
      incomplete: this.error === undefined ? undefined : errorDocument(this.error),
    };
  }

  text(): string {
    const { replayed, durationMs, bundle, incomplete } = this.document();
    if (replayed === 0) return ['Nothing to replay.', ...this.noteLines()].join('\n');
    const head = `${replayed} ${replayed === 1 ? 'history' : 'histories'} on build ${bundle.build} in ${(durationMs / 1000).toFixed(1)} s: ${this.verdict()}.`;
    const end = incomplete
      ? ['', emphasized('red', `It stopped before the end: ${printable(incomplete.message)}`)]
      : [];
    return [
      head,
      '',
      ...this.versionLines(),
      ...this.stateLines(),
      ...this.noteLines(),
      ...this.failureLines(),
      ...end,
    ].join('\n');
  }

  private verdict(): string {
    const unknown = this.failures.filter(isUnknown).length;
    const failed = this.failures.length - unknown;
    if (failed + unknown === 0) return emphasized('green', 'all replay');
    const parts = [
      failed > 0 && `${failed} ${failed === 1 ? 'does' : 'do'} not replay`,
      unknown > 0 && `${unknown} could not be read or opened`,
    ];
    return emphasized('red', parts.filter((part) => part !== false).join(', '));
  }

  private versionLines(): string[] {
    return [...this.tally(versionOf)].map(([key, { replayed, failed }]) => {
      const { workflowType, sdkVersion, build }: ReplayedCase = JSON.parse(key);
      const by = sdkVersion === undefined ? 'by no worker yet' : `with SDK ${sdkVersion}, build ${build ?? '?'}`;
      return `  ${printable(`${workflowType}, recorded ${by}`)}: ${counted(replayed, failed)}`;
    });
  }

  private stateLines(): string[] {
    const states = [...this.tally(({ state }) => `${state}`)].map(
      ([state, { replayed }]) => `${printable(state)} ${replayed}`,
    );
    return linesOf([
      states.length > 0 && `  ${states.join(', ')}`,
      this.unreadable > 0 && `  not readable: ${this.unreadable}`,
    ]);
  }

  private noteLines(): string[] {
    const { source, saved } = this;
    const notBegun = this.notBegun.length;
    const unplaced = this.failures.filter((one) => !isUnknown(one) && one.eventId === undefined).length;
    const sample = source && 'matched' in source ? sampleLines(source) : [];
    return linesOf([
      ...sample,
      notBegun > 0 && `  ${notBegun} more that no worker has started yet: there is nothing in them to replay.`,
      unplaced > 0 && `  ${unplaced} without the event: the search covers the first ${MOST_SEARCHED} of a kind.`,
      this.unopened > 0 && `  ${this.unopened} with a payload that no key opens, refused now as when it was recorded.`,
      saved && `  Saved in ${saved.folder}: ${saved.files}${saved.redacted ? ', redacted; they replay' : ''}.`,
    ]);
  }

  private failureLines(): string[] {
    const byReason = new Map<string, FailedCase[]>();
    for (const failure of this.failures) {
      const reason = reasonOf(failure);
      const same = byReason.get(reason) ?? [];
      byReason.set(reason, same);
      same.push(failure);
    }
    // Sorted, because several replay workers finish in no fixed order.
    const groups = [...byReason].sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1));
    const lines = groups.slice(0, MOST_REASONS).flatMap(([reason, failures]) => {
      const names = failures.map(caseName).toSorted();
      const more = names.length - MOST_NAMED;
      return linesOf([
        '',
        emphasized('bold', printable(`${failures.length}: ${reason}`)),
        ...names.slice(0, MOST_NAMED).map((name) => `  ${printable(name)}`),
        more > 0 && `  and ${more} more, which --json and --junit list`,
      ]);
    });
    const more = groups.length - MOST_REASONS;
    if (more > 0) lines.push('', `And ${more} more reasons, which --json and --junit list.`);
    const hints = new Set(groups.flatMap(([, failures]) => failures.map(({ hint }) => hint)));
    return [...lines, ...[...hints].flatMap((hint) => ['', hint])];
  }

  private tally(keyOf: (one: ReplayedCase) => string): Map<string, Tally> {
    const tallies = new Map<string, Tally>();
    const count = (one: ReplayedCase, failed: number) => {
      const tally = tallies.get(keyOf(one)) ?? { replayed: 0, failed: 0 };
      tallies.set(keyOf(one), { replayed: tally.replayed + 1, failed: tally.failed + failed });
    };
    for (const one of this.good) count(one, 0);
    for (const one of this.failures) if (one.workflowType !== undefined) count(one, 1);
    return new Map([...tallies].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function sampleLines({ matched, truncated, taken, gone }: Extract<SourceFacts, { matched: number }>): string[] {
  const from = truncated ? `more than ${matched} (the oldest were not looked at)` : `${matched}`;
  return linesOf([
    (truncated || matched > taken) && `  A sample of ${taken} from ${from}, evenly over the states; more: --limit.`,
    gone > 0 && `  ${gone} that the namespace had removed before they were fetched.`,
  ]);
}

/** The lines that apply. */
function linesOf(lines: readonly (string | false | undefined)[]): string[] {
  return lines.filter((line) => typeof line === 'string');
}

/** The reason without its event: the same change shows at another event in each history. */
function reasonOf({ message }: FailedCase): string {
  return message.replace(/^At event \d+ the/, 'The').replace(/(?<=while it replays )event \d+, /, '');
}

function caseName({ workflowId, runId, file, state, eventId }: FailedCase): string {
  const name = workflowId === undefined ? `${file}` : `${workflowId} (run ${runId ?? '?'}, ${state ?? 'not read'})`;
  return eventId === undefined ? name : `${name}, event ${eventId}`;
}

function versionOf({ workflowType, sdkVersion, build }: ReplayedCase): string {
  return JSON.stringify({ workflowType, sdkVersion, build });
}

function counted(replayed: number, failed: number): string {
  return failed === 0 ? `${replayed}` : `${replayed}; ${failed} ${failed === 1 ? 'fails' : 'fail'}`;
}
