/**
 * Anything may answer in place of Cognito: thousands of verifications, each with an answer drawn for some of its calls. The worker
 * is a process of its own. `VERIFICATION_SEED=n` draws other answers, `VERIFICATION_DRAWS=n` so many, and
 * `VERIFICATION_PATH=n` plays one draw alone; a failure prints both.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isVerifiedValue, VerificationClient } from '@cognito-verification/client';
import {
  type VerificationOutcome,
  type VerificationStatus,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { Client, type WorkflowHandle } from '@temporalio/client';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelRig } from '../model/rig.js';
import { type Described, Standstill } from '../model/server-time.js';
import { replayAll } from '../replay-all.js';
import { type SandboxUser, startWorkerProcess } from '../rig.js';
import { stamping } from '../stamping.js';
import { AnsweringAnything, type Passed } from './answering-anything.js';
import { ADDRESS, type Draw, draws, isForeign, OPERATIONS } from './any-answer.js';

const { env } = process;
const SEED = Number(env['VERIFICATION_SEED'] ?? 20_261_126);
const DRAWS = Number(env['VERIFICATION_DRAWS'] ?? 1_000);
const PATH = env['VERIFICATION_PATH'];
const SIDE_BY_SIDE = 125;
const OPTIONS = { timeout: 20 * 60_000, retry: 0 };

/** The longest time to an answer, and the deadline, in server time. */
const ANSWER_MS = 90_000;
const DEADLINE_MS = 3 * 60_000;
/** The last look may take so long, and time passes in steps. */
const LATE_MS = 40_000;
const STEP_MS = 3_000;
/** In real time. A send that is tried again after that has a code submitted meanwhile. */
const MOST_FOR_SENDS_MS = 30_000;
const WRONG_CODE = '000007';
/** By then caches are full and the compiler has finished. */
const WARM_UP_SHARE = 0.3;
/** In real time, beyond the time that is to pass: longer than the clock needs to tell that it stands. */
const LOST_AFTER_MS = 180_000;
/** In real time, after the deadline. */
const NO_ANSWER_MS = 30_000;
/** The clock goes in steps. */
const OUTLIVED_MS = 20_000;
/** Steps that took as long as on any clock. */
const SLOW_IN_A_ROW = 3;
const ENOUGH_TO_MEASURE = 1_000;
const MOST_GROWTH_MB = 30;
const COLLECTING_GARBAGE = pathToFileURL('dist/test/attacks/collecting-garbage.js').href;
const REPLAYED = 100;

let rig: ModelRig;
let taskQueue: string;
let between: AnsweringAnything;
let worker: Awaited<ReturnType<typeof startWorkerProcess>>;
let temporal: Client;
let client: VerificationClient;
let slowInARow = 0;

beforeAll(async () => {
  rig = await ModelRig.open();
  const { base } = rig;
  between = await AnsweringAnything.before(base.sandbox, () => rig.now());
  taskQueue = `${base.taskQueue}-process`;
  worker = await startWorkerProcess(base, taskQueue, {
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: between.url,
    VERIFICATION_LOG_LEVEL: 'error',
    NODE_OPTIONS: `--import ${COLLECTING_GARBAGE}`,
  });
  // The rig's own would let time skip.
  temporal = new Client({
    connection: base.env.connection,
    dataConverter: base.dataConverter,
    interceptors: { workflow: [stamping(base.now)] },
  });
  client = new VerificationClient({
    client: temporal,
    userPools: base.userPools,
    taskQueue,
    now: base.now,
    timeout: '30 minutes',
  });
});
afterAll(async () => {
  await worker?.end('SIGKILL');
  between?.close();
  await rig?.close();
});

/** One verification under its draw, and what came of it. */
interface Played {
  draw: Draw;
  path: number;
  user: SandboxUser;
  address: string;
  id: string;
  /** The code that was submitted. */
  code: string;
  answer?: string;
  /** The words of an error. */
  told?: string;
  answeredAfterMs?: number;
  outcome?: VerificationOutcome;
  /** It ended while a send was with Cognito, whose answer nobody waits for any more. */
  overtookSend?: boolean;
  endedAt?: number | undefined;
}

function drawAt(path: number): Draw {
  // A seed for each, so that one can be drawn alone.
  const [draw] = fc.sample(draws, { seed: (SEED + path * 7919) | 0, numRuns: 1 });
  return draw as Draw;
}

async function signUp(path: number): Promise<Played> {
  const draw = drawAt(path);
  const { sandbox, userPools } = rig.base;
  const [pool] = userPools;
  // The guard of the worker would hold so many messages to one address. As long as the other, so that each answer keeps its length.
  const address = `z${path.toString(36).padStart(2, '0')}@example.com`;
  const user = await sandbox.createUser({
    attributes: { email: address },
    emailVerified: draw.verifiedBefore,
    ...(pool ? { poolId: pool.userPoolId } : {}),
  });
  const { answer } = draw;
  between.draws.set(user.sub, { ...draw, answer: { ...answer, body: answer.body.replaceAll(ADDRESS, address) } });
  return { draw, path, user, address, id: workflowIdFor({ ...user, attributeName: 'email' }), code: WRONG_CODE };
}

/** Without the update that waits for the first send: where time is skipped meanwhile, the test server loses its head. */
async function start({ user: { accessToken }, id, path }: Played): Promise<void> {
  const reverify = path % 2 === 0;
  const request = { accessToken, attributeName: 'email', reverify, policy: { deadline: DEADLINE_MS } };
  await temporal.workflow.start(WORKFLOW_TYPE, { workflowId: id, taskQueue, args: [request] });
}

/** Waits for the first sends. Some are not made, because what answers a look says that the token is somebody else's. */
async function sentBy(all: readonly Played[], until: number): Promise<void> {
  for (let left = [...all]; left.length > 0 && Date.now() < until; await sleep(500)) {
    left = left.filter(({ user }) => !(between.passed.get(user.sub) ?? []).some(({ call }) => call === 'send'));
    const described = await Promise.all(left.map(({ id }) => rig.describe(id)));
    left = left.filter((_, index) => isUnderWay(described[index]));
  }
}

/**
 * The server counts what holds up its clock, and once in a while forgets to count down: then time passes as on any clock, though
 * nothing runs.
 */
async function pass(ms: number, all: readonly Played[]): Promise<void> {
  const begun = Date.now();
  // On a busy machine the server may cut a connection with a call on it, whose answer never comes; the caller passes more time.
  await Promise.race([rig.pass(ms), sleep(ms + LOST_AFTER_MS, undefined, { ref: false })]);
  slowInARow = Date.now() - begun < ms * 0.9 ? 0 : slowInARow + 1;
  // A server that is only busy must not be unlocked: it would count one lock too few, and fail from then on.
  if (slowInARow < SLOW_IN_A_ROW) return;
  slowInARow = 0;
  const described = await Promise.all(all.map(({ id }) => rig.describe(id)));
  const isAtRest = described.every((one) => one === undefined || one.closedAt !== undefined || one.running === 0);
  if (isAtRest) await rig.base.env.connection.testService?.unlockTimeSkipping({});
}

/** Its first call is out, or about to be: before that a history has seven events, one for attributes that no start has set. */
const isUnderWay = (found: Described | undefined) =>
  found === undefined || found.events < 8 || found.running + found.retrying > 0;

/** Lets time pass until all have settled, or so much has passed. */
async function passUntil(all: readonly Promise<unknown>[], mostMs: number, played: readonly Played[]): Promise<void> {
  let isSettled = false;
  const settled = Promise.allSettled(all).then(() => {
    isSettled = true;
  });
  const until = (await rig.now()) + mostMs;
  for (;;) {
    await Promise.race([settled, sleep(300)]);
    if (isSettled || (await rig.now()) > until) return;
    await pass(STEP_MS, played);
  }
}

/** Plays them again, once, where the server failed: its clock stood (see `server-time.ts`), or it let a call outlive its time limit. */
async function playWithServer(paths: readonly number[]): Promise<Played[]> {
  try {
    const all = await play(paths);
    for (const played of all) if (broken(played).length > 0) await refuseOutlived(played);
    return all;
  } catch (error) {
    if (!(error instanceof Standstill)) throw error;
    console.log(`${error.message} They are played again.`);
    return await play(paths);
  }
}

/**
 * The server that skips time once let a read go on for 19 minutes, 76 tries, whose limit was 20 seconds. A verification waits for
 * its call, as it may: every other server ends it.
 * @throws Standstill
 */
async function refuseOutlived({ id, path }: Played): Promise<void> {
  const handle = temporal.workflow.getHandle(id);
  const { events } = await handle.fetchHistory();
  const msOf = (time: { seconds?: unknown } | null | undefined) => Number(time?.seconds ?? 0) * 1_000;
  const outlived = events?.find((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (!scheduled) return false;
    const end =
      events.find((other) => Number(endOf(other)?.scheduledEventId) === Number(event.eventId)) ?? events.at(-1);
    const tookMs = msOf(end?.eventTime) - msOf(event.eventTime);
    return tookMs > msOf(scheduled.scheduleToCloseTimeout) + OUTLIVED_MS;
  });
  if (!outlived) return;
  // It would hold up the clock from now on.
  await handle.terminate('the server let a call outlive its time limit').catch(() => undefined);
  const name = outlived.activityTaskScheduledEventAttributes?.activityType?.name;
  throw new Standstill(
    `${name} of draw ${path} outlived its time limit on the server (event ${String(outlived.eventId)}).`,
  );
}

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** How an activity ended, if the event says that. */
const endOf = (event: HistoryEvent) =>
  event.activityTaskCompletedEventAttributes ??
  event.activityTaskFailedEventAttributes ??
  event.activityTaskTimedOutEventAttributes ??
  event.activityTaskCanceledEventAttributes;

async function submit(played: Played): Promise<void> {
  const { sandbox } = rig.base;
  const { draw, user, id } = played;
  const right = sandbox.inbox(user).at(-1)?.code;
  if (draw.code === 'right') played.code = right ?? WRONG_CODE;
  const from = await rig.now();
  try {
    played.answer = (await client.submitCode(id, { code: played.code })).result;
  } catch (error) {
    played.answer = (error as { code?: string }).code ?? String(error);
    played.told = String(error);
  }
  played.answeredAfterMs = (await rig.now()) - from;
}

async function play(paths: readonly number[]): Promise<Played[]> {
  await rig.now();
  const all = await Promise.all(paths.map(signUp));
  rig.started.push(...all.map(({ id }) => id));
  await Promise.all(all.map(start));
  await sentBy(all, Date.now() + MOST_FOR_SENDS_MS);
  const submits = all.map(submit);
  await passUntil(submits, ANSWER_MS + 3 * STEP_MS, all);
  for (const until = (await rig.now()) + DEADLINE_MS + LATE_MS; (await rig.now()) < until; )
    await pass(5 * STEP_MS, all);
  // What has no answer by now gets none.
  await Promise.race([Promise.all(submits), sleep(NO_ANSWER_MS, undefined, { ref: false })]);
  for (const played of all) {
    played.endedAt = (await rig.describe(played.id))?.closedAt;
    if (played.endedAt === undefined) continue;
    played.outcome = await client.wait(played.id);
    const { status } = played.outcome;
    const listsAll = status !== undefined && counted(status) >= sendsOf(played);
    played.overtookSend = !listsAll && (await endedDuringSend(played.id));
  }
  return all;
}

/** Whether the history ends with a send that was begun and has no end. */
async function endedDuringSend(workflowId: string): Promise<boolean> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const send = events?.findLast(({ activityTaskScheduledEventAttributes: scheduled }) => {
    return scheduled?.activityType?.name === 'sendCode';
  });
  return (
    send !== undefined && !events?.some((event) => Number(endOf(event)?.scheduledEventId) === Number(send.eventId))
  );
}

const sendsOf = ({ user }: Played) => (between.passed.get(user.sub) ?? []).filter(({ call }) => call === 'send').length;

const counted = ({ sends }: VerificationStatus) =>
  sends.filter(({ outcome }) => outcome === 'sent' || outcome === 'uncertain').length;

/** What does not hold. */
function broken(played: Played): string[] {
  const { draw, user, address, outcome, endedAt, answer, answeredAfterMs = Number.POSITIVE_INFINITY } = played;
  const status = outcome?.status;
  if (!status || endedAt === undefined) return ['it has no end'];
  const found: string[] = [];
  const hold = (rule: string, holds: boolean) => {
    if (!holds) found.push(rule);
  };
  const truth = rig.base.sandbox.attribute(user, 'email');
  const calls = (operation: string) => rig.base.sandbox.calls({ operation, username: user.username });
  const passed = between.passed.get(user.sub) ?? [];
  const foreign = isForeign(draw.answer);
  const answersAs = (call: Passed['call']) => draw.calls.includes(call);
  const accepted = calls(OPERATIONS.attempt).some(({ effect }) => effect === 'ok');

  hold('ends by its deadline', endedAt <= Date.parse(status.expiresAt) + LATE_MS);
  hold('submitCode is taken', answer !== 'InvalidRequest');
  hold(`submitCode is answered within 90 s (${answer})`, answeredAfterMs <= ANSWER_MS + STEP_MS);
  if (outcome.outcome === 'verified') {
    hold('verified only what the sandbox shows as verified', truth.verified && isVerifiedValue(outcome, address));
    hold('verified only by a code that the sandbox took', accepted || !foreign);
  }
  if (outcome.outcome === 'alreadyVerified') {
    hold('already verified only as Cognito says', truth.verified || !foreign);
    hold('nothing is sent where it is verified already', calls(OPERATIONS.send).length === 0);
  }
  if (foreign) {
    const sends = counted(status) + (played.overtookSend ? 1 : 0);
    hold('a send that may have arrived counts', sendsOf(played) <= sends);
    hold('nothing fails for good', outcome.outcome !== 'failed');
    const messages = calls(OPERATIONS.send).filter(({ effect }) => effect === 'ok').length;
    hold('no send is repeated', messages <= sends);
    const untold = passed.findLastIndex(({ call, drawn }) => call === 'attempt' && drawn);
    const isLookedUp = untold < 0 || passed.slice(untold).some(({ call }) => call === 'read');
    hold('an attempt without an answer is looked up', isLookedUp);
    const attempts = passed.filter(({ call }) => call === 'attempt').length;
    hold('an attempt that may have arrived counts', attempts === status.attempts.length);
    const seesEffect = accepted && !answersAs('read') && !draw.verifiedBefore;
    if (seesEffect) hold('a right code is verified all the same', answer === 'verified');
  }
  return found;
}

function tell(
  { draw, path, id, answer, told, answeredAfterMs, outcome, user }: Played,
  rules: readonly string[],
): string {
  const { body } = draw.answer;
  const short = {
    ...draw.answer,
    body: body.length > 2_000 ? `${body.slice(0, 100)}… ${body.length} characters` : body,
  };
  return [
    `VERIFICATION_SEED=${SEED} VERIFICATION_PATH=${path}: ${rules.join('; ')}`,
    `draw: ${JSON.stringify({ ...draw, answer: short })}`,
    `passed: ${JSON.stringify(between.passed.get(user.sub))}`,
    `submitCode: ${told ?? answer} after ${answeredAfterMs} ms; ${id}; outcome: ${JSON.stringify(outcome)}`,
  ].join('\n');
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${worker.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test.runIf(PATH)(`the draw at VERIFICATION_SEED=${SEED} VERIFICATION_PATH=${PATH}`, OPTIONS, async () => {
  const [played] = await play([Number(PATH)]);
  if (!played) throw new Error('There is no such draw');
  console.log(tell(played, broken(played)));
  expect(broken(played)).toEqual([]);
});

test.skipIf(PATH)(`${DRAWS} answers in place of Cognito's (VERIFICATION_SEED=${SEED})`, OPTIONS, async () => {
  const failures: string[] = [];
  const tally = new Map<string, number>();
  const resident: number[] = [];
  const begun = Date.now();
  for (let from = 0; from < DRAWS; from += SIDE_BY_SIDE) {
    const paths = Array.from({ length: Math.min(SIDE_BY_SIDE, DRAWS - from) }, (_, index) => from + index);
    for (const played of await playWithServer(paths)) {
      const rules = broken(played);
      if (rules.length > 0) {
        failures.push(tell(played, rules));
        console.log(failures.at(-1));
      }
      const { outcome } = played;
      for (const what of [`${outcome?.outcome} ${outcome?.proof ?? outcome?.failure?.type ?? ''}`, `${played.answer}`])
        tally.set(what, (tally.get(what) ?? 0) + 1);
    }
    rig.forget();
    resident.push(await residentMb());
    const seconds = Math.round((Date.now() - begun) / 1_000);
    console.log(
      `${from + paths.length} of ${DRAWS} in ${seconds} s, ${failures.length} broken, ${resident.at(-1)?.toFixed(0)} MB`,
    );
  }
  console.log([...tally].map(([what, times]) => `${what} ${times}`).join(', '));
  // In one line, because that is what CI shows of an error.
  expect(failures.length, `draws of ${DRAWS}; ${failures[0]?.replaceAll('\n', ' ')}`).toBe(0);
  // A gap in the draws would show here.
  for (const end of ['verified accepted', 'verified found', 'expired ', 'verified', 'mismatch'])
    expect(tally.get(end), end).toBeGreaterThan(0);
  if (DRAWS < ENOUGH_TO_MEASURE) return;
  const warm = resident.slice(Math.floor(resident.length * WARM_UP_SHARE));
  const part = Math.max(1, Math.floor(warm.length / 3));
  expect(middle(warm.slice(-part)) - middle(warm.slice(0, part))).toBeLessThan(MOST_GROWTH_MB);
});

test.skipIf(PATH)('a sample of their histories replays', OPTIONS, async () => {
  const step = Math.max(1, Math.floor(rig.started.length / REPLAYED));
  const sample = rig.started.filter((_, index) => index % step === 0);
  expect(await replayAll(rig.base, sample)).toBe(sample.length);
});
