/**
 * The floors of the layout, from the top: an import leads down, or stays in its room. `npm run check` holds the product
 * to it and prints how many files and imports it saw. `.oxlintrc.json` says for each room which packages it may import.
 */
const FLOORS = [
  ['program', 'examples'],
  ['cli', 'bench'],
  ['dev'],
  ['doctor'],
  ['worker', 'codec-server', 'replay', 'deployment', 'probe', 'testing'],
  ['tracing'],
  ['workflows', 'activities', 'temporal'],
  ['client', 'guard', 'metrics'],
  ['codec', 'contract', 'sandbox', 'log', 'capacity'],
];

const within = (rooms) => `^(${rooms.join('|')})/`;

const upwards = FLOORS.slice(1).map((rooms, above) => ({
  name: 'no-arrow-upwards',
  comment: 'A room does not import a room of a floor above.',
  severity: 'error',
  from: { path: within(rooms) },
  to: { path: within(FLOORS.slice(0, above + 1).flat()) },
}));

const sideways = FLOORS.map((rooms) => ({
  name: 'no-arrow-sideways',
  comment: 'The rooms of one floor do not import each other.',
  severity: 'error',
  // Workflows know activities by type; `.oxlintrc.json` holds them to that.
  from: { path: within(rooms.filter((room) => room !== 'workflows')) },
  to: { path: within(rooms), pathNot: '^$1/' },
}));

export default {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    ...upwards,
    ...sideways,
    {
      name: 'no-arrow-sideways',
      comment: 'Workflows know the contract, the codec and the types of activities; activities know the contract.',
      severity: 'error',
      from: { path: '^(workflows|activities)/' },
      to: { path: '^(client|temporal)/' },
    },
    {
      name: 'no-room-without-a-floor',
      comment: 'A new room gets its place in FLOORS.',
      severity: 'error',
      from: { path: '^[^/]+/', pathNot: within(FLOORS.flat()) },
      to: {},
    },
  ],
  options: {
    // TypeScript 7 has no API for other tools to parse with; swc is there for the bundle of the workflow.
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '(^|/)(node_modules|dist|test|docs)/' },
  },
};
