/** What `replay` has found, for people and for programs. */

import type { ReplayBundle } from '../../replay/bundle.js';
import type { UnreadableFile } from '../../replay/history-files.js';
import { isUnknown, type ReplayProblem } from '../../replay/problem.js';
import { MOST_SEARCHED, type Replayed } from '../../replay/replay.js';
import { emphasized, printable } from '../print.js';
import { errorDocument } from '../report.js';
import type { SavedHistories } from './save.js';
import type { SourcedHistory, SourceFacts } from './source.js';

/** One history, as the report lists it. */
export interface ReplayedCase {
  workflowId?: string;
  runId?: string;
  file?: string;
  /** Of a file that cannot be read nobody knows it. */
  workflowType?: string;
  state?: string;
  /** Who recorded it: release of the SDK, and build of the worker. */
  sdkVersion?: string;
  build?: string;
}

export type FailedCase = ReplayedCase & ReplayProblem;

interface Tally {
  replayed: number;
  failed: number;
}

/** So many reasons, and of each so many histories, are told on a terminal; `--json` and `--junit` have all. */
const MOST_REASONS = 10;
const MOST_NAMED = 3;

export class ReplayReport {
  readonly failures: FailedCase[] = [];
  readonly good: ReplayedCase[] = [];
  /** No worker has taken them up: there is nothing in them to replay, so they show nothing. */
  readonly notBegun: ReplayedCase[] = [];
  /** Known once it was found. */
  source: SourceFacts | undefined;
  saved: SavedHistories | undefined;
  /** What has kept it from being done to its end. */
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

  /** All that were told of. */
  get seen(): number {
    return this.replayed + this.notBegun.length;
  }

  add({ recorded, facts, problem, unopened }: Replayed<SourcedHistory>): void {
    const { workflowId, runId, file } = recorded;
    const { workflowType, state, sdkVersion, build } = facts;
    const one: ReplayedCase = {
      workflowId,
      ...(runId === undefined ? {} : { runId }),
      ...(file === undefined ? {} : { file }),
      workflowType,
      state,
      ...(sdkVersion === undefined ? {} : { sdkVersion }),
      ...(build === undefined ? {} : { build }),
    };
    if (problem) this.failures.push({ ...one, ...problem });
    else if (facts.begun) this.good.push(one);
    else this.notBegun.push(one);
    if (!problem && unopened > 0) this.unopened += 1;
  }

  addUnreadable({ file, problem }: UnreadableFile): void {
    this.failures.push({ file, ...problem });
  }

  document() {
    return {
      replayed: this.replayed,
      failed: this.failures.length,
      durationMs: Math.round(performance.now() - this.startedAt),
      bundle: { path: this.bundle.path, build: this.bundle.build },
      ...(this.source ? { source: this.source } : {}),
      /** Files in which no history was found: of no version and no state. */
      unreadable: this.unreadable,
      versions: [...this.tally(versionOf)].map(([key, tally]) => ({ ...JSON.parse(key), ...tally })),
      states: Object.fromEntries(this.tally(({ state }) => `${state}`)),
      /** Not among the replayed. */
      notBegun: this.notBegun.length,
      /** Replay, and hold a payload that nothing opens, as when they were recorded. */
      withUnopenedPayloads: this.unopened,
      failures: this.failures,
      ...(this.saved ? { saved: this.saved } : {}),
      ...(this.error === undefined ? {} : { incomplete: errorDocument(this.error) }),
    };
  }

  text(): string {
    const { replayed, durationMs, bundle, incomplete } = this.document();
    if (replayed === 0) return ['Nothing to replay.', ...this.noteLines()].join('\n');
    const head = `${replayed} ${replayed === 1 ? 'history' : 'histories'} on build ${bundle.build} in ${(durationMs / 1000).toFixed(1)} s: ${this.verdict()}.`;
    const end = incomplete
      ? ['', emphasized('red', `It was not done to the end: ${printable(incomplete.message)}`)]
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
      ...(failed > 0 ? [`${failed} ${failed === 1 ? 'does' : 'do'} not replay`] : []),
      ...(unknown > 0 ? [`${unknown} could not be read or opened`] : []),
    ];
    return emphasized('red', parts.join(', '));
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
    return [
      ...(states.length > 0 ? [`  ${states.join(', ')}`] : []),
      ...(this.unreadable > 0 ? [`  not readable: ${this.unreadable}`] : []),
    ];
  }

  private noteLines(): string[] {
    const { source, saved } = this;
    const notBegun = this.notBegun.length;
    const unplaced = this.failures.filter((one) => !isUnknown(one) && one.eventId === undefined).length;
    return [
      ...(source && 'matched' in source ? sampleLines(source) : []),
      ...(notBegun > 0
        ? [`  Besides, ${notBegun} that no worker has taken up yet: there is nothing in them to replay.`]
        : []),
      ...(unplaced > 0
        ? [
            `  ${unplaced} without the event where it is, which is searched for in the first ${MOST_SEARCHED} of a kind.`,
          ]
        : []),
      ...(this.unopened > 0
        ? [`  ${this.unopened} with a payload that nothing opens, refused now as when it was recorded.`]
        : []),
      ...(saved
        ? [`  Saved in ${saved.folder}: ${saved.files}${saved.redacted ? ', redacted; they replay' : ''}.`]
        : []),
    ];
  }

  private failureLines(): string[] {
    const byReason = new Map<string, FailedCase[]>();
    for (const failure of this.failures) {
      const reason = reasonOf(failure);
      const same = byReason.get(reason) ?? [];
      byReason.set(reason, same);
      same.push(failure);
    }
    // Not as they have come: several replay workers have no order.
    const groups = [...byReason].sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1));
    const told = groups.slice(0, MOST_REASONS).flatMap(([reason, failures]) => {
      const names = failures.map(nameOf).toSorted();
      const more = names.length - MOST_NAMED;
      return [
        '',
        emphasized('bold', printable(`${failures.length}: ${reason}`)),
        ...names.slice(0, MOST_NAMED).map((name) => `  ${printable(name)}`),
        ...(more > 0 ? [`  and ${more} more, which --json and --junit have`] : []),
      ];
    });
    const more = groups.length - MOST_REASONS;
    if (more > 0) told.push('', `And ${more} more reasons, which --json and --junit have.`);
    const hints = new Set(groups.flatMap(([, failures]) => failures.map(({ hint }) => hint)));
    return [...told, ...[...hints].flatMap((hint) => ['', hint])];
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
  const from = truncated ? `more than ${matched}, the oldest of which nobody has looked at` : `${matched}`;
  return [
    ...(truncated || matched > taken
      ? [`  A sample of ${taken} from ${from}, evenly over the states; more: --limit.`]
      : []),
    ...(gone > 0 ? [`  ${gone} that the namespace had forgotten before they were fetched.`] : []),
  ];
}

/** The same change meets each history at another event. */
function reasonOf({ message }: FailedCase): string {
  return message.replace(/^At event \d+ the/, 'The').replace(/(?<=while it replays )event \d+, /, '');
}

function nameOf({ workflowId, runId, file, state, eventId }: FailedCase): string {
  const name = workflowId === undefined ? `${file}` : `${workflowId} (run ${runId ?? '?'}, ${state})`;
  return eventId === undefined ? name : `${name}, event ${eventId}`;
}

function versionOf({ workflowType, sdkVersion, build }: ReplayedCase): string {
  return JSON.stringify({ workflowType, sdkVersion, build });
}

function counted(replayed: number, failed: number): string {
  return failed === 0 ? `${replayed}` : `${replayed}, of which ${failed} ${failed === 1 ? 'fails' : 'fail'}`;
}
