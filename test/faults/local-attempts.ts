/** One fault while three people's codes are being checked, and what became of each code. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationEndedError, VerificationError } from '@cognito-verification/client';
import type { VerificationPolicy } from '@cognito-verification/contract';
import type { SandboxUser } from '../../sandbox/index.js';
import { type FaultRig, type FaultRigOptions, FaultRig as Rigs } from './rig.js';

const SEND = 'GetUserAttributeVerificationCode';
const ATTEMPT = 'VerifyUserAttribute';
const LATENCY_MS = 2_000;
/** Longer than a workflow task may last. */
const LOST_MS = 12_000;
/** After the first send, with the shortest cool-down. */
const COOLED_DOWN_MS = 1_200;
const ASKED_WITHIN_MS = 30_000;

/** `verified before`: a right code for a value that was verified already. Its flag does not tell whether the code was taken. */
export const VALUES = ['right', 'wrong', 'verified before'] as const;
type Value = (typeof VALUES)[number];

/** Somebody whose code is being checked. */
interface Person {
  value: Value;
  user: SandboxUser;
  workflowId: string;
  right: string;
  submitted: Promise<string>;
  /** Other answers, in the order in which they were asked for. */
  others: Promise<string>[];
}

/** What became of one person's code. */
export interface Told {
  /** What the caller heard. */
  answer: string;
  /** What other callers heard. */
  others: string[];
  /** How often Cognito was asked about this code. */
  calls: number;
  /** What the verification says of its attempts. */
  attempts: string[];
  messages: number;
  way: 'local' | 'normal';
  /** Workflow tasks that timed out. */
  lostTasks: number;
  /** After the right code, where that was not the one. */
  end: string;
}

/** What happens while Cognito has the codes. */
export interface Fault {
  policy?: VerificationPolicy;
  /** Before the code is submitted. */
  before?(rig: FaultRig, person: Person): Promise<unknown>;
  strike?(rig: FaultRig, people: readonly Person[]): Promise<unknown>;
  settings?: FaultRigOptions['settings'];
}

const each = (people: readonly Person[], act: (person: Person) => Promise<unknown>) => Promise.all(people.map(act));
const heard = (answer: Promise<{ result: string }>) =>
  answer.then(
    ({ result }) => result,
    (error: unknown) => {
      // Where the next one is open already, the outcome is not told.
      if (error instanceof VerificationEndedError) return `ended as ${error.outcome?.outcome ?? 'untold'}`;
      return error instanceof VerificationError ? error.code : String(error);
    },
  );

export const FAULTS = {
  'kill -9 of the worker': {
    strike: async ({ fleet }) => {
      fleet.killAll(0);
      await sleep(0);
    },
  },
  SIGTERM: {
    strike: async ({ fleet }) => {
      fleet.signalAll('SIGTERM');
      await sleep(0);
    },
  },
  'the time-out of the workflow task': {
    strike: async ({ fleet }) => {
      fleet.signalAll('SIGSTOP');
      await sleep(LOST_MS);
      fleet.signalAll('SIGCONT');
    },
  },
  'restart of the server': { strike: ({ server }) => server.kill(1_000) },
  codeConfirmed: { strike: ({ client }, people) => each(people, ({ workflowId }) => client.confirm(workflowId)) },
  'a cancellation': {
    strike: ({ client }, people) => each(people, ({ workflowId }) => client.cancel(workflowId)),
  },
  "a second tab's code and start": {
    strike: ({ client }, people) =>
      each(people, async ({ workflowId, right, user, others }) => {
        others.push(heard(client.submitCode(workflowId, { code: right })));
        await client.start({ accessToken: user.accessToken, attributeName: 'email' }).catch(() => undefined);
      }),
  },
  'the end of a send': {
    policy: { resendCooldown: '1 second' },
    before: async ({ client, sandbox }, { user: { username }, workflowId }) => {
      const sends = () => sandbox.calls({ operation: SEND, username }).length;
      const before = sends();
      await sleep(COOLED_DOWN_MS);
      sandbox.setFault({ operation: SEND, username, latencyMs: LATENCY_MS - 1_000, times: 1 });
      client.resendCode(workflowId).catch(() => undefined);
      await until(() => sends() > before);
    },
  },
  'the deadline': {
    policy: { deadline: '1 minute' },
    before: async ({ client }, { workflowId }) => {
      const { expiresAt } = await client.status(workflowId);
      await sleep(Date.parse(expiresAt) - Date.now() - 1_500);
    },
  },
  'no cache': { settings: { VERIFICATION_MAX_CACHED_WORKFLOWS: '0' } },
} as const satisfies Record<string, Fault>;
export type FaultName = keyof typeof FAULTS;

/** A worker that has just come to others makes no direct calls (docs/limits.md), and a local attempt is one. */
const DIRECT_AFTER_MS = 6_000;

async function until(isSo: () => boolean): Promise<void> {
  for (const giveUp = Date.now() + ASKED_WITHIN_MS; !isSo(); await sleep(10))
    if (Date.now() > giveUp) throw new Error('Cognito was not asked in time');
}

/** Everybody submits a code, the fault strikes while Cognito has all three, and everybody hears the end. */
async function roundOf(rig: FaultRig, fault: Fault): Promise<Record<Value, Told>> {
  const people = await Promise.all(VALUES.map((value) => signUp(rig, value, fault)));
  await Promise.all(people.map((person) => submit(rig, person, fault)));
  await fault.strike?.(rig, people);
  const told = await Promise.all(people.map((person) => tell(rig, person)));
  return Object.fromEntries(VALUES.map((value, index) => [value, told[index]])) as Record<Value, Told>;
}

async function signUp({ client, sandbox, userPoolIds }: FaultRig, value: Value, { policy }: Fault): Promise<Person> {
  const user = await sandbox.createUser({
    poolId: userPoolIds.replacing,
    // The guard of a worker would hold so many messages to one address.
    attributes: { email: `zoe-${randomUUID()}@example.com` },
    emailVerified: value === 'verified before',
  });
  const { accessToken } = user;
  const request = { accessToken, attributeName: 'email', reverify: true } as const;
  const { workflowId } = await client.start({ ...request, ...(policy ? { policy } : {}) });
  const right = sandbox.codeFor(user, 'email');
  return { value, user, workflowId, right, submitted: Promise.resolve(''), others: [] };
}

async function submit(rig: FaultRig, person: Person, fault: Fault): Promise<void> {
  const { client, sandbox } = rig;
  const { user, value, workflowId, right } = person;
  const { username } = user;
  await fault.before?.(rig, person);
  sandbox.setFault({ operation: ATTEMPT, username, latencyMs: LATENCY_MS, afterEffect: true, times: 1 });
  const code = value === 'wrong' ? '000000' : right;
  person.submitted = heard(client.submitCode(workflowId, { code }));
  await until(() => sandbox.calls({ operation: ATTEMPT, username }).length > 0);
}

async function tell(rig: FaultRig, person: Person): Promise<Told> {
  const { client, sandbox, temporal } = rig;
  const { user, workflowId, submitted } = person;
  const { username } = user;
  const answer = await submitted;
  const others = await Promise.all(person.others);
  const calls = sandbox.calls({ operation: ATTEMPT, username }).length;
  const { attempts } = await client.status(workflowId);
  if (answer !== 'verified' && !others.includes('verified'))
    await heard(client.submitCode(workflowId, { code: sandbox.codeFor(user, 'email') }));
  // Open, where nothing can prove the value any more: the user asks for another code.
  const end = await client.wait(workflowId, { timeout: '30 seconds' }).then(
    (outcome) => outcome.status?.state,
    () => 'open',
  );
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const isNormal = (events ?? []).some(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'verifyCode',
  );
  return {
    answer,
    others,
    calls,
    attempts: attempts.map(({ outcome }) => outcome),
    messages: sandbox.inbox(user).length,
    way: isNormal ? 'normal' : 'local',
    lostTasks: (events ?? []).filter((event) => event.workflowTaskTimedOutEventAttributes).length,
    end: `${end}`,
  };
}

/** Runs some faults one after another on one build of the worker. */
export async function roundsOf(
  faults: readonly FaultName[],
  options: FaultRigOptions,
): Promise<Partial<Record<FaultName, Record<Value, Told>>>> {
  const rig = await Rigs.open(options);
  try {
    const told: Partial<Record<FaultName, Record<Value, Told>>> = {};
    for (const name of faults) {
      await rig.fleet.whole(60_000);
      await sleep(DIRECT_AFTER_MS);
      told[name] = await roundOf(rig, FAULTS[name]);
    }
    return told;
  } finally {
    await rig.close();
  }
}

/** The process that had the answer is gone, so that the next one asks again. */
const MAY_REPEAT: ReadonlySet<FaultName> = new Set(['kill -9 of the worker']);
/** Something is due that would throw the task of a local attempt away. */
const NORMAL: ReadonlySet<FaultName> = new Set(['the end of a send', 'the deadline']);

/** The answers that a caller may hear, besides that about the code itself. */
const MAY_HEAR: Partial<Record<FaultName, readonly string[]>> = {
  // What was learned first ends it.
  codeConfirmed: ['ended as verified'],
  'a cancellation': ['ended as cancelled'],
};

/** How often Cognito may be asked about one code of one caller. */
function mayCall(name: FaultName, value: Value, { attempts }: Told): number {
  if (MAY_REPEAT.has(name)) return 2;
  // A process that stood still takes its own call for unanswered, says so, and asks again about a code that verified nothing. A right one
  // shows in the attribute.
  const mayAskAgain = name === 'the time-out of the workflow task' && value !== 'right';
  return mayAskAgain && attempts.includes('uncertain') ? attempts.length : 1;
}

/** What must not be, of all that became of one code. */
export function brokenIn(name: FaultName, value: Value, told: Told): string[] {
  const answer = value === 'wrong' ? 'mismatch' : 'verified';
  // Nothing tells of a value that was verified before: docs/failures.md says what the caller hears.
  const untold = value === 'verified before' && MAY_REPEAT.has(name) ? ['codeExpired', 'CognitoUnavailable'] : [];
  const end =
    name === 'a cancellation' ? 'cancelled' : name === 'the deadline' && value === 'wrong' ? 'expired' : 'verified';
  // A second tab's start may come after the end, and opens the next.
  const ends = name === "a second tab's code and start" ? [end, 'alreadyVerified'] : [end];
  const isNormal = value === 'verified before' || NORMAL.has(name);
  const rules: Record<string, boolean> = {
    [`the caller heard ${told.answer}`]: ![answer, ...(MAY_HEAR[name] ?? []), ...untold].includes(told.answer),
    [`others heard ${told.others.join(', ')}`]: told.others.some(
      (other) => !['verified', 'ended as verified', 'ended as untold'].includes(other),
    ),
    [`it ended ${told.end}`]: !ends.includes(told.end) && untold.length === 0,
    [`${told.calls} calls`]: told.calls > mayCall(name, value, told) + told.others.length,
    [`${told.attempts.length} attempts are told of`]: told.attempts.length > told.calls,
    [`${told.messages} messages`]: told.messages !== (name === 'the end of a send' ? 2 : 1),
    [`a ${told.way} activity`]: isNormal && told.way !== 'normal',
    [`${told.lostTasks} lost tasks`]: name === 'no cache' && told.lostTasks > 0,
  };
  return Object.keys(rules).filter((rule) => rules[rule]);
}
