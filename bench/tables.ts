/** The counts as Markdown tables. The benchmark prints them, docs/performance.md shows them, and a test compares the two. */
import type { Counts } from './counts.js';

/**
 * Why the real workflow has more, or fewer, events of a type than the barest. The tests fail for a type whose numbers differ
 * without a reason here.
 */
const REASONS: Readonly<Record<string, string>> = {
  UpsertWorkflowSearchAttributes: 'what the list in the Web UI, `client.list` and alerts read: once, at the end',
  ...Object.fromEntries(
    ['WorkflowTaskScheduled', 'WorkflowTaskStarted', 'WorkflowTaskCompleted'].map((type) => [
      type,
      'the verdict on a code comes with the workflow task that asks for it',
    ]),
  ),
  ...Object.fromEntries(
    ['ActivityTaskScheduled', 'ActivityTaskStarted', 'ActivityTaskCompleted'].map((type) => [
      type,
      'the verdict on a code is a local activity',
    ]),
  ),
  MarkerRecorded: 'a local activity',
  TimerCanceled: 'the deadline ends with the workflow; a `condition` with a time-out is cancelled first',
};

const ACTION_NAMES: readonly (readonly [keyof Counts['actions'], string])[] = [
  ['starts', 'start'],
  ['updates', 'updates'],
  ['signals', 'signals'],
  ['activityAttempts', 'activity attempts'],
  ['localActivityTasks', 'local activities'],
  ['timers', 'timers'],
  ['searchAttributeUpserts', 'search attribute upserts'],
];

type Exact = Omit<Counts, 'historyBytes'>;

/** The event types whose numbers differ without a reason. */
export function unexplained(ours: Exact, bare: Exact): string[] {
  return eventTypes(ours, bare).filter(
    (type) => (ours.events[type] ?? 0) !== (bare.events[type] ?? 0) && !(type in REASONS),
  );
}

/** A row for each event type. */
export function eventTable(ours: Exact, bare: Exact): string {
  const rows = eventTypes(ours, bare).map((type) => {
    const [n, floor] = [ours.events[type] ?? 0, bare.events[type] ?? 0];
    return row(type, n, floor, n === floor ? '' : (REASONS[type] ?? '**unexplained**'));
  });
  return table(
    ['event', 'ours', 'barest', 'difference', 'why'],
    [
      ...rows,
      row('**events**', ours.totalEvents, bare.totalEvents),
      row('workflow tasks', ours.workflowTasks, bare.workflowTasks),
    ],
  );
}

/** A row for each kind of action that Temporal Cloud bills. */
export function actionTable(ours: Exact, bare: Exact): string {
  const rows = ACTION_NAMES.map(([kind, name]) => row(name, ours.actions[kind], bare.actions[kind]).slice(0, 4));
  return table(
    ['action', 'ours', 'barest', 'difference'],
    [...rows, row('**actions**', ours.totalActions, bare.totalActions).slice(0, 4)],
  );
}

/** A row for each path. */
export function pathTable(paths: Readonly<Record<string, Exact>>): string {
  return table(
    ['path', 'events', 'workflow tasks', 'actions'],
    Object.entries(paths).map(([name, { totalEvents, workflowTasks, totalActions }]) => [
      name,
      ...[totalEvents, workflowTasks, totalActions].map(String),
    ]),
  );
}

function eventTypes(ours: Exact, bare: Exact): string[] {
  return [...new Set([...Object.keys(ours.events), ...Object.keys(bare.events)])];
}

function row(name: string, ours: number, bare: number, why = ''): string[] {
  const difference = ours - bare;
  return [
    name,
    String(ours),
    String(bare),
    difference > 0 ? `+${difference}` : difference < 0 ? `${difference}` : '',
    why,
  ];
}

/** A Markdown table whose columns are aligned, so that it can be read in a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...rows.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}
