/**
 * SMS pumping in a simulated clock: a flood of sign-ups that never verify, among people who mostly do. The decisions are the real
 * ones, on the records of one store; only the reading of numbers is done once for each number.
 */
import { admit, prove, type Question, type Rules } from '../../guard/decide.js';
import { readPhoneNumber } from '../../guard/destination.js';
import type { GuardSettings } from '../../guard/guard-settings.js';
import { DAY_MS, HOUR_MS } from '../../guard/records.js';
import { rulesOf } from '../../guard/rules.js';
import { type Random, randomOf } from '../faults/random.js';

/** What a flood is like. */
export interface Flood {
  readonly signUps: number;
  readonly numbers: number;
  /** What its numbers begin with, each alike often. */
  readonly prefixes: readonly string[];
  /** Digits after it. */
  readonly digits: number;
  readonly forMs: number;
  /** Of its codes so many are typed. */
  readonly provenShare?: number;
}

/** What became of one run. */
export interface Outcome {
  readonly floodSent: number;
  readonly floodStopped: number;
  /** Share of the honest users of whom a message was held at least once. */
  readonly honestHeld: number;
  /** Of those, how many got their message within the day all the same. */
  readonly honestSentLater: number;
  readonly honest: number;
}

/** Twelve countries: how many of a hundred honest users, what their mobile numbers begin with, and the digits after it. */
const HONEST: readonly (readonly [share: number, code: string, starts: string, digits: number])[] = [
  [25, '+1', '212 415 310 713 312 617 206 305 404 602', 7],
  [15, '+49', '151 152 157 160 162 170 171 172 173 174 175 176 177 178 179', 8],
  [12, '+44', '740 745 750 753 771 774 777 780 785 790 794 796 798', 7],
  [10, '+91', '981 984 987 990 991 998 914 917 801 805 810', 7],
  [8, '+33', '61 62 63 64 65 66 67 68 73 74 75 76', 7],
  [8, '+55', '119 219 319 419 519 619 719 819', 8],
  [6, '+34', '60 61 62 63 64 65 66 67 68', 7],
  [5, '+39', '320 328 333 335 338 340 347 349 392', 7],
  [4, '+31', '61 62 63 64 65', 7],
  [3, '+48', '50 51 53 60 66 69 72 78 79', 7],
  [2, '+52', '55 81 33', 8],
  [2, '+81', '80 90 70', 8],
];

const HONEST_USERS = 500;
/** They come within so long, as in a working day; a slow flood has the same many on each of its days. */
const HONEST_MS = 8 * HOUR_MS;
/** So long a verification is open, and waits for what is held. */
const DEADLINE_MS = 12 * HOUR_MS;

interface SignUp {
  readonly question: Question;
  readonly isHonest: boolean;
  readonly startMs: number;
  /** How long after each message the code is typed; a message more than these is never asked for. */
  readonly typedAfterMs: readonly (number | undefined)[];
  sent: number;
  wasHeld: boolean;
}

type Event = { readonly atMs: number; readonly signUp: SignUp; readonly does: 'ask' | 'type' };

const read = new Map<string, Question>();

async function questionFor(number: string): Promise<Question> {
  const known = read.get(number);
  if (known) return known;
  const { country, prefix, number: pseudonym } = await readPhoneNumber(number);
  const places = [country, prefix].filter((place) => place !== undefined);
  const question = { medium: 'sms', pseudonym, places } as const;
  read.set(number, question);
  return question;
}

/** Runs one flood among the honest. The same seed does the same. */
export async function simulate(
  settings: GuardSettings,
  flood: Flood | undefined,
  seed: number,
  honestMs = HONEST_MS,
): Promise<Outcome> {
  const random = randomOf(seed, 'pumping');
  const signUps = [
    ...(await honestUsers(random, flood?.forMs ?? 0, honestMs)),
    ...(flood ? await robots(flood, random) : []),
  ];
  run(signUps, rulesOf(settings), random);
  const honest = signUps.filter(({ isHonest }) => isHonest);
  const held = honest.filter(({ wasHeld }) => wasHeld);
  const floodSent = signUps.filter(({ isHonest }) => !isHonest).reduce((sum, { sent }) => sum + sent, 0);
  return {
    floodSent,
    floodStopped: flood ? 1 - floodSent / flood.signUps : 1,
    honestHeld: held.length / honest.length,
    honestSentLater: held.filter(({ sent }) => sent > 0).length,
    honest: honest.length,
  };
}

function run(signUps: readonly SignUp[], rules: Rules, random: Random): void {
  const records = new Map<string, object | undefined>();
  const keep = (changes: Iterable<readonly [string, object | undefined]>) => {
    for (const [key, record] of changes) records.set(key, record);
  };
  const queue = new Queue();
  for (const signUp of signUps) queue.push({ atMs: signUp.startMs, signUp, does: 'ask' });
  for (let event = queue.pop(); event; event = queue.pop()) {
    const { atMs, signUp, does } = event;
    if (does === 'type') {
      keep(prove(signUp.question, rules, records, atMs).changes);
      continue;
    }
    const { answer, changes } = admit(signUp.question, rules, records, atMs, random.between(0, 1));
    keep(changes);
    if (answer.verdict === 'held') {
      signUp.wasHeld = true;
      const againMs = atMs + answer.waitMs;
      if (againMs < signUp.startMs + DEADLINE_MS) queue.push({ atMs: againMs, signUp, does: 'ask' });
      continue;
    }
    const typedAfterMs = signUp.typedAfterMs[signUp.sent++];
    if (typedAfterMs !== undefined) queue.push({ atMs: atMs + typedAfterMs, signUp, does: 'type' });
    else if (signUp.sent < signUp.typedAfterMs.length) {
      queue.push({ atMs: atMs + random.between(60_000, 180_000), signUp, does: 'ask' });
    }
  }
}

/** Of a hundred 82 type the first code, 10 need a second message, and 8 never type one, of whom 3 ask again before they give up. */
function patience(random: Random): (number | undefined)[] {
  const typed = () => 10_000 + Math.exp(random.between(0, 3)) * 20_000;
  const luck = random.between(0, 1);
  if (luck < 0.82) return [typed()];
  if (luck < 0.92) return [undefined, typed()];
  return luck < 0.95 ? [undefined, undefined] : [undefined];
}

async function honestUsers(random: Random, forMs: number, honestMs: number): Promise<SignUp[]> {
  const days = Math.max(1, Math.ceil(forMs / DAY_MS));
  const users: SignUp[] = [];
  for (let day = 0; day < days; day++) {
    for (let user = 0; user < HONEST_USERS; user++) {
      const startMs = day * DAY_MS + random.between(0, honestMs);
      const question = await questionFor(honestNumber(random));
      users.push({ question, isHonest: true, startMs, typedAfterMs: patience(random), sent: 0, wasHeld: false });
    }
  }
  return users;
}

function honestNumber(random: Random): string {
  let luck = random.between(
    0,
    HONEST.reduce((sum, [share]) => sum + share, 0),
  );
  for (const [share, code, starts, digits] of HONEST) {
    luck -= share;
    if (luck < 0) return code + random.pick(starts.split(' ') as [string]) + someDigits(random, digits);
  }
  throw new Error('the shares do not add up');
}

async function robots(flood: Flood, random: Random): Promise<SignUp[]> {
  const { signUps, numbers, prefixes, digits, forMs, provenShare = 0 } = flood;
  const startMs = forMs < HONEST_MS ? random.between(0, HONEST_MS - forMs) : 0;
  const pool = Array.from(
    { length: numbers },
    (_, index) => (prefixes[index % prefixes.length] ?? '') + someDigits(random, digits),
  );
  const made: SignUp[] = [];
  for (let index = 0; index < signUps; index++) {
    const question = await questionFor(random.pick(pool as [string]));
    const typedAfterMs = [random.chance(provenShare) ? 20_000 : undefined];
    const at = startMs + random.between(0, forMs);
    made.push({ question, isHonest: false, startMs: at, typedAfterMs, sent: 0, wasHeld: false });
  }
  return made;
}

/** The first is none that has a meaning after a calling code. */
function someDigits(random: Random, count: number): string {
  const digits = Array.from({ length: count }, (_, index) => Math.floor(random.between(index === 0 ? 2 : 0, 10)));
  return digits.join('');
}

/** Events by time: a binary heap, for there are hundreds of thousands. */
class Queue {
  private readonly heap: Event[] = [];

  push(event: Event): void {
    const { heap } = this;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (timeOf(heap, above) <= event.atMs) break;
      heap[index] = heap[above] as Event;
      index = above;
    }
    heap[index] = event;
  }

  pop(): Event | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (timeOf(heap, below + 1) < timeOf(heap, below)) below++;
      if (timeOf(heap, below) >= last.atMs) break;
      heap[index] = heap[below] as Event;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

function timeOf(heap: readonly Event[], index: number): number {
  return heap[index]?.atMs ?? Infinity;
}
