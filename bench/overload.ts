/**
 * `npm run overload`: two workers and three times Cognito's quotas. Do the quotas hold, does a quiet pool notice, is a code lost?
 * Prints a table, and ends with 1 if a line misses its mark.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { arrive, mostInASecond, signIn } from './overload-flood.js';
import { type OverloadStand, startOverloadStand } from './overload-stand.js';
import { quantile } from './statistics.js';
import { table } from './tables.js';

/** A third of what Cognito lets an account do in a second. */
const QUOTAS = { sends: 50 / 3, attempts: 25 / 3, looks: 120 / 3 };
/** What docs/limits.md says, at the same scale: 4 direct attempts and 4 others are 8, 8 direct sends and 4 others 12. */
const LIMITS = { quotas: QUOTAS, allowance: 6, queueRate: 4 };
/** So many users of the flood wait already when the queue is opened: for 3 × the quota of sends for ten seconds. */
const WAITING = Math.round(3 * QUOTAS.sends * 10);
/** The machine carries no more starts than that. */
const WAITING_PER_SECOND = 8;
/** Then so many come in a second: the machine that holds all parts must also replay them all when the workers restart. */
const FLOOD_PER_SECOND = 5;
/** Each of them types so many codes, the last one right. So 5 sends in a second bring 25 attempts, 3 × their quota. */
const CODES = 5;
const MOST_OF_QUOTA = 1.1;
const MOST_SENT_MS = 1_000;
const MOST_SUBMIT_MS = 500;
const TAKES_HOLD_MS = 5_000;

const QUIET_PER_SECOND = 0.75;
/** Nobody is in the way of the users before the flood. */
const UNLOADED_PER_SECOND = 1;
/** The flood is there before the quiet pool comes. */
const BEFORE_QUIET_MS = 3_000;
/** A user who has no code by then counts with the time waited so far. */
const QUIET_LIMIT_MS = 20_000;
const DRAIN_LIMIT_MS = 420_000;

const ROWS = {
  fairness: { fairness: true, restart: false },
  restart: { fairness: true, restart: true },
  'no fairness': { fairness: false, restart: false },
} as const;
type RowName = keyof typeof ROWS;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** One of the rows alone. Default: all. */
    row: { type: 'string' },
    /** Users of the quiet pool. */
    quiet: { type: 'string', default: '100' },
  },
});
const QUIET = Number(options.quiet);

/** What a run has shown. Times in ms. */
interface Shown {
  sends: number;
  attempts: number;
  looks: number;
  throttled: number;
  unloadedSent: number;
  unloadedSubmit: number;
  sent: number;
  submit: number;
  quietUsers: number;
  pausedAfter: number;
  resumedAfter: number;
  lost: number;
  users: number;
}

/** A line of the table. Without a mark nothing is demanded. */
interface Line {
  what: string;
  value: string;
  mark: string;
  passed: boolean | undefined;
}

let stand: OverloadStand | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    const closed = stand?.close() ?? Promise.resolve();
    void closed.finally(() => process.exit(130));
  });
}

const names = Object.keys(ROWS).filter((name): name is RowName => options.row === undefined || name === options.row);
if (names.length === 0) throw new Error(`--row is one of: ${Object.keys(ROWS).join(', ')}`);
if (!options.json)
  process.stdout.write(
    `Two workers, and quotas of ${rounded(QUOTAS.sends)} sends and ${rounded(QUOTAS.attempts)} attempts a second, a third of Cognito's\n\n`,
  );
const results: { row: RowName; shown: Shown; lines: Line[] }[] = [];
for (const row of names) {
  stand = await startOverloadStand({ ...LIMITS, fairness: ROWS[row].fairness });
  try {
    const shown = await flood(row, stand);
    const result = { row, shown, lines: linesOf(row, shown) };
    results.push(result);
    if (!options.json) process.stdout.write(`${asText(result)}\n\n`);
  } finally {
    await stand.close();
    stand = undefined;
  }
}
if (options.json) process.stdout.write(`${JSON.stringify({ ...LIMITS, results }, null, 2)}\n`);
process.exitCode = results.some(({ lines }) => lines.some(({ passed }) => passed === false)) ? 1 : 0;

async function flood(row: RowName, on: OverloadStand): Promise<Shown> {
  const { sandbox } = on;
  const now = () => sandbox.now().getTime();
  const say = (what: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${row}: ${what}\n`);
  const giveUp = new AbortController();
  const seconds = QUIET / QUIET_PER_SECOND + (BEFORE_QUIET_MS + 2 * TAKES_HOLD_MS + 5_000) / 1_000;
  say('users sign in');
  const crowd = await signIn(on, 'flood', WAITING + Math.round(seconds * FLOOD_PER_SECOND));
  const [warm, calm, quiet] = [
    await signIn(on, 'quiet', 5),
    await signIn(on, 'quiet', 40),
    await signIn(on, 'quiet', QUIET),
  ];
  const quietly = { perSecond: QUIET_PER_SECOND, wrongCodes: 0, giveUp: giveUp.signal };
  const unhurried = { ...quietly, perSecond: UNLOADED_PER_SECOND };
  await (await arrive(on, { ...unhurried, users: warm })).ended;

  say('without a load');
  const unloaded = await arrive(on, { ...unhurried, users: calm });
  await unloaded.ended;

  say(`the flood comes, while the queue is paused: ${WAITING} of ${crowd.length} users`);
  let isOver = false;
  await on.setQueueRate(0);
  await sleep(TAKES_HOLD_MS);
  const floods = async (users: typeof crowd, perSecond: number) => {
    const wrongCodes = CODES - 1;
    return await arrive(on, { users, perSecond, wrongCodes, giveUp: giveUp.signal }, () => isOver);
  };
  const waiting = await floods(crowd.slice(0, WAITING), WAITING_PER_SECOND);
  const flooding = floods(crowd.slice(WAITING), FLOOD_PER_SECOND);
  say('the queue is opened, and the quiet pool comes');
  await on.setQueueRate(LIMITS.queueRate);
  const begunAt = now();
  await sleep(BEFORE_QUIET_MS);
  const restarting = ROWS[row].restart
    ? sleep((QUIET / QUIET_PER_SECOND) * 400).then(async () => {
        say('all workers restart');
        await on.restartWorkers();
        say('all workers are back');
      })
    : undefined;
  const loaded = await arrive(on, { ...quietly, users: quiet });
  await Promise.race([loaded.ended, sleep(QUIET_LIMIT_MS, undefined, { ref: false })]);
  await restarting;
  const { sent, submit } = { sent: [...loaded.waits.sent], submit: [...loaded.waits.submit] };
  while (sent.length < quiet.length) sent.push(QUIET_LIMIT_MS);
  while (submit.length < quiet.length) submit.push(QUIET_LIMIT_MS);
  const endedAt = now();

  say('the queue is paused');
  await on.setQueueRate(0);
  const pausedAt = now();
  await sleep(TAKES_HOLD_MS + 3_000);
  const lastAt = Math.max(pausedAt, ...sandbox.calls().map((call) => Date.parse(call.at)));
  say('the queue is open, and the account without a quota');
  sandbox.clearFaults();
  const throttled = sandbox.calls().filter(({ outcome }) => outcome === 'TooManyRequestsException').length;
  isOver = true;
  await on.setQueueRate(null);
  const openedAt = now();
  while (!sandbox.calls().some((call) => Date.parse(call.at) > Math.max(openedAt, lastAt)) && now() < openedAt + 20_000)
    await sleep(100);
  const resumedAt = now();

  const { ended } = await flooding;
  say('the rest gets its codes');
  const drained = Promise.all([waiting.ended, ended, loaded.ended]);
  await Promise.race([drained, sleep(DRAIN_LIMIT_MS, undefined, { ref: false })]);
  const everybody = [...warm, ...calm, ...quiet, ...crowd];
  const lost = everybody.filter(
    (user) => !sandbox.attribute(user, 'email').verified || sandbox.inbox(user).length !== 1,
  ).length;
  say(`${lost} of ${everybody.length} are not verified with one message`);
  giveUp.abort();
  const most = (operation: string) => mostInASecond(on, operation, begunAt + 2_000, endedAt);
  return {
    sends: most('GetUserAttributeVerificationCode'),
    attempts: most('VerifyUserAttribute'),
    looks: most('GetUser'),
    throttled,
    unloadedSent: quantile(unloaded.waits.sent, 0.95),
    unloadedSubmit: quantile(unloaded.waits.submit, 0.95),
    sent: quantile(sent, 0.95),
    submit: quantile(submit, 0.95),
    quietUsers: quiet.length,
    pausedAfter: lastAt - pausedAt,
    resumedAfter: resumedAt - openedAt,
    lost,
    users: everybody.length,
  };
}

function rounded(value: number): string {
  return `${Number(value.toFixed(2))}`;
}

function linesOf(row: RowName, shown: Shown): Line[] {
  const most = (value: number, limit: number, show: (value: number) => string, demanded = true) => ({
    value: show(value),
    mark: `at most ${show(limit)}`,
    passed: demanded ? value <= limit : undefined,
  });
  const ms = (value: number) => `${Math.round(value)} ms`;
  const { fairness } = ROWS[row];
  return [
    { what: 'sends in any second', ...most(shown.sends, QUOTAS.sends * MOST_OF_QUOTA, rounded) },
    { what: 'attempts in any second', ...most(shown.attempts, QUOTAS.attempts * MOST_OF_QUOTA, rounded) },
    { what: 'looks in any second', ...most(shown.looks, QUOTAS.looks * MOST_OF_QUOTA, rounded) },
    { what: 'throttled by Cognito', value: String(shown.throttled), mark: '', passed: undefined },
    { what: 'quiet pool, start → sent p95', ...most(shown.sent, shown.unloadedSent + MOST_SENT_MS, ms, fairness) },
    { what: 'quiet pool, submit p95', ...most(shown.submit, shown.unloadedSubmit + MOST_SUBMIT_MS, ms, fairness) },
    { what: 'no call after a pause of', ...most(shown.pausedAfter, TAKES_HOLD_MS, ms) },
    { what: 'calls again after', ...most(shown.resumedAfter, TAKES_HOLD_MS, ms) },
    { what: `lost, of ${shown.users} users`, ...most(shown.lost, 0, String) },
  ];
}

function asText({ row, shown, lines }: (typeof results)[number]): string {
  const title = `${row} (quiet pool: ${shown.quietUsers} starts; without a load ${Math.round(shown.unloadedSent)} and ${Math.round(shown.unloadedSubmit)} ms)`;
  const verdict = (passed: boolean | undefined) => (passed === undefined ? '' : passed ? 'pass' : 'MISS');
  return `${title}\n\n${table(
    ['', 'measured', 'demanded', ''],
    lines.map(({ what, value, mark, passed }) => [what, value, passed === undefined ? '' : mark, verdict(passed)]),
  )}`;
}
