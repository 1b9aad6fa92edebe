/** What `replay` has found, for people and for programs. */
import type { UnreadableFile } from '../worker/history-files.js';
import type { Replayed } from '../worker/replay.js';
import type { ReplayBundle } from '../worker/replay-bundle.js';
import type { ReplayProblem } from '../worker/replay-problem.js';
import { emphasized } from './print.js';
import type { SavedHistories } from './replay-save.js';
import type { SourcedHistory, SourceFacts } from './replay-source.js';

/** One history, as the report lists it. */
export interface ReplayedCase {
  workflowId?: string;
  runId?: string;
  file?: string;
  workflowType: string;
  state: string;
  /** Who recorded it: release of the SDK, and build of the worker. */
  sdkVersion?: string;
  build?: string;
}

export type FailedCase = ReplayedCase & ReplayProblem;

interface Tally {
  replayed: number;
  failed: number;
}

/** So many are told in full on a terminal; `--json` and `--junit` have all. */
const MOST_TOLD = 10;

export class ReplayReport {
  readonly failures: FailedCase[] = [];
  readonly good: ReplayedCase[] = [];
  saved: SavedHistories | undefined;
  private readonly startedAt = performance.now();
  private unopened = 0;
  private notBegun = 0;

  constructor(
    private readonly bundle: ReplayBundle,
    private readonly source: SourceFacts,
  ) {}

  get replayed(): number {
    return this.good.length + this.failures.length;
  }

  get cases(): ReplayedCase[] {
    return [...this.failures, ...this.good];
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
    else this.good.push(one);
    if (!problem && unopened > 0) this.unopened += 1;
    if (!facts.begun) this.notBegun += 1;
  }

  addUnreadable({ file, problem }: UnreadableFile): void {
    this.failures.push({ file, workflowType: 'unknown', state: 'unknown', ...problem });
  }

  document() {
    return {
      replayed: this.replayed,
      failed: this.failures.length,
      durationMs: Math.round(performance.now() - this.startedAt),
      bundle: { path: this.bundle.path, build: this.bundle.build },
      source: this.source,
      versions: [...this.tally(versionOf)].map(([key, tally]) => ({ ...JSON.parse(key), ...tally })),
      states: Object.fromEntries(this.tally(({ state }) => state)),
      /** Nothing in them to replay yet. */
      notBegun: this.notBegun,
      /** Replay, and hold a payload that nothing opens, as when they were recorded. */
      withUnopenedPayloads: this.unopened,
      failures: this.failures,
      ...(this.saved ? { saved: this.saved } : {}),
    };
  }

  text(): string {
    if (this.replayed === 0) return 'Nothing to replay.';
    const { replayed, failed, durationMs, bundle } = this.document();
    const verdict =
      failed === 0
        ? emphasized('green', 'all replay')
        : emphasized('red', `${failed} ${failed === 1 ? 'does' : 'do'} not replay`);
    const head = `${replayed} ${replayed === 1 ? 'history' : 'histories'} on build ${bundle.build} in ${(durationMs / 1000).toFixed(1)} s: ${verdict}.`;
    return [head, '', ...this.versionLines(), this.stateLine(), ...this.noteLines(), ...this.failureLines()].join('\n');
  }

  private versionLines(): string[] {
    return [...this.tally(versionOf)].map(([key, { replayed, failed }]) => {
      const { workflowType, sdkVersion, build }: ReplayedCase = JSON.parse(key);
      const by = sdkVersion === undefined ? 'by no worker yet' : `with SDK ${sdkVersion}, build ${build ?? '?'}`;
      return `  ${workflowType}, recorded ${by}: ${counted(replayed, failed)}`;
    });
  }

  private stateLine(): string {
    const states = [...this.tally(({ state }) => state)].map(([state, { replayed }]) => `${state} ${replayed}`);
    return `  ${states.join(', ')}`;
  }

  private noteLines(): string[] {
    const { source, saved } = this;
    return [
      ...('matched' in source && source.matched > source.taken
        ? [`  A sample of ${source.taken} from ${source.matched}, evenly over the states; more: --limit.`]
        : []),
      ...(this.notBegun > 0 ? [`  ${this.notBegun} not begun yet: there was nothing in them to replay.`] : []),
      ...(this.unopened > 0
        ? [`  ${this.unopened} with a payload that nothing opens, refused now as when it was recorded.`]
        : []),
      ...(saved
        ? [`  Saved in ${saved.folder}: ${saved.files}${saved.redacted ? ', redacted; they replay' : ''}.`]
        : []),
    ];
  }

  private failureLines(): string[] {
    const told = this.failures.slice(0, MOST_TOLD).flatMap((failure) => {
      const { workflowId, runId, file, state, message } = failure;
      const name = workflowId === undefined ? `${file}` : `${workflowId} (run ${runId ?? '?'}, ${state})`;
      return ['', emphasized('bold', name), `  ${message}`];
    });
    const more = this.failures.length - MOST_TOLD;
    if (more > 0) told.push('', `And ${more} more, which --json and --junit have.`);
    const hints = new Set(this.failures.map(({ hint }) => hint));
    return [...told, ...[...hints].flatMap((hint) => ['', hint])];
  }

  private tally(keyOf: (one: ReplayedCase) => string): Map<string, Tally> {
    const tallies = new Map<string, Tally>();
    const count = (one: ReplayedCase, failed: number) => {
      const tally = tallies.get(keyOf(one)) ?? { replayed: 0, failed: 0 };
      tallies.set(keyOf(one), { replayed: tally.replayed + 1, failed: tally.failed + failed });
    };
    for (const one of this.good) count(one, 0);
    for (const one of this.failures) count(one, 1);
    return new Map([...tallies].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function versionOf({ workflowType, sdkVersion, build }: ReplayedCase): string {
  return JSON.stringify({ workflowType, sdkVersion, build });
}

function counted(replayed: number, failed: number): string {
  return failed === 0 ? `${replayed}` : `${replayed}, of which ${failed} ${failed === 1 ? 'fails' : 'fail'}`;
}
