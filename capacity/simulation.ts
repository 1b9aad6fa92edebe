/**
 * One account in one region through the day, in steps of a second: verifications start, wait for processors, allowance, task queue
 * and quotas, and people type codes, mistype them, and ask for another message.
 */
import { COSTS, type Happening } from './costs.js';
import type { CapacityInput } from './input.js';
import { codeSeconds, Plans } from './people.js';
import { Delays, Fifo, type Parcel, Quota, shareWithoutAllowance } from './queues.js';

/** What one account and its workers have. `Number.POSITIVE_INFINITY` where there is no limit. */
export type Account = Omit<CapacityInput, 'accounts' | 'startsByHour' | Limited> &
  Readonly<Record<Limited, number>> & {
    /** Starts in each slot of the day. */
    readonly starts: readonly number[];
    readonly slotSeconds: number;
    /** CPU of each step of a verification, in milliseconds. `workerCores` are those of all workers. */
    readonly cpuMs: Readonly<Record<Parcel['kind'], { worker: number; server: number }>>;
  };

type Limited = 'workers' | 'emailsPerDay' | 'queueCallsPerSecond' | 'serverCores';

/** What came of the day. Counts need not be whole. */
export interface Outcome {
  readonly counts: Record<Happening, number>;
  /** That Cognito has accepted. */
  messages: number;
  /** For each slot: calls that were wanted, and what they waited for their turn. */
  readonly slots: readonly SlotOutcome[];
}

/** One slot of the day. */
export interface SlotOutcome {
  firstSends: number;
  resends: number;
  codes: number;
  verified: number;
  readonly sendDelays: Delays;
  readonly codeDelays: Delays;
}

/** After a throttle a worker makes no direct calls for so long: `Allowance` of the activities. */
const THROTTLED_SECONDS = 60;
/** The budgets of the calls: `workflows/cognito-calls.ts`. */
const SEND_BUDGET_SECONDS = 600;
const CODE_BUDGET_SECONDS = 60;
/** A person reads that the code was wrong, and types another. */
const RETYPE_SECONDS = 10;
/** Lets the day pass, and then the time until everything has ended. */
export function simulate(account: Account): Outcome {
  return new Day(account).run();
}

class Day {
  private readonly outcome: Outcome;
  private readonly processors = new Fifo();
  private readonly queued = { codes: new Fifo(), sends: new Fifo() };
  private readonly quotas: { codes: Quota; sends: Quota };
  private readonly plans: Readonly<Record<'resend' | 'code' | 'wrongCode' | 'rightCode', Plans>>;
  private readonly times: readonly number[];
  private throttledUntil = 0;
  private emailsLeft: number;
  /** What happens after the last slot. */
  private readonly afterwards = emptySlot();

  constructor(private readonly account: Account) {
    this.quotas = { codes: new Quota(account.attemptsPerSecond), sends: new Quota(account.sendsPerSecond) };
    this.times = codeSeconds(account.codeMedianSeconds, account.codeP95Seconds)
      .map((seconds) => Math.max(1, Math.round(seconds)))
      // Nobody's code counts after the deadline.
      .map((seconds) => Math.min(seconds, Math.ceil(account.deadlineSeconds)));
    this.plans = {
      resend: new Plans(Math.round(account.resendAfterSeconds)),
      code: new Plans(Math.max(...this.times)),
      wrongCode: new Plans(RETYPE_SECONDS),
      rightCode: new Plans(RETYPE_SECONDS),
    };
    this.emailsLeft = account.emailsPerDay;
    const counts = Object.fromEntries(Object.keys(COSTS).map((name) => [name, 0])) as Outcome['counts'];
    this.outcome = { counts, messages: 0, slots: account.starts.map(emptySlot) };
  }

  run(): Outcome {
    const { starts, slotSeconds } = this.account;
    for (let second = 0; second < starts.length * slotSeconds || !this.isOver; second++) this.step(second);
    return this.outcome;
  }

  private get isOver(): boolean {
    const { processors, queued, quotas, plans } = this;
    const places = [processors, queued.codes, queued.sends, quotas.codes, quotas.sends, ...Object.values(plans)];
    return places.every(({ isEmpty }) => isEmpty);
  }

  private step(second: number): void {
    const { starts, slotSeconds } = this.account;
    const mass = (starts[Math.floor(second / slotSeconds)] ?? 0) / slotSeconds;
    this.want({ kind: 'firstSend', mass, sinceSecond: second, startSecond: second, tries: 0 });
    this.wantPlanned(second);
    const direct: Parcel[] = [];
    for (const parcel of this.processed()) this.dispatch(parcel, second, direct);
    for (const kind of ['codes', 'sends'] as const)
      for (const parcel of this.quotas[kind].takeReturning(second)) this.queued[kind].add(parcel);
    const queued = this.fromQueue(second);
    this.ask('codes', direct, queued, second);
    this.ask('sends', direct, queued, second);
  }

  private slot(second: number): SlotOutcome {
    return this.outcome.slots[Math.floor(second / this.account.slotSeconds)] ?? this.afterwards;
  }

  private wantPlanned(second: number): void {
    const { plans, account } = this;
    const typed = plans.code.take(second);
    const parts: readonly [Parcel['kind'], { mass: number; startSecond: number } | undefined, number][] = [
      ['wrongCode', typed, account.wrongCodeShare],
      ['rightCode', typed, 1 - account.wrongCodeShare],
      ['wrongCode', plans.wrongCode.take(second), 1],
      ['rightCode', plans.rightCode.take(second), 1],
      ['resend', plans.resend.take(second), 1],
    ];
    for (const [kind, plan, part] of parts) {
      if (plan) this.want({ kind, ...plan, mass: plan.mass * part, sinceSecond: second, tries: 0 });
    }
  }

  private want(parcel: Parcel): void {
    const slot = this.slot(parcel.sinceSecond);
    slot[isCode(parcel) ? 'codes' : parcel.kind === 'resend' ? 'resends' : 'firstSends'] += parcel.mass;
    this.processors.add(parcel);
  }

  /** What workers and server have processors for in this second. */
  private processed(): Parcel[] {
    const { workerCores, serverCores, cpuMs } = this.account;
    let [worker, server] = [workerCores * 1_000, serverCores * 1_000];
    return this.processors.serve(({ kind, mass }) => {
      const cost = cpuMs[kind];
      const fits = Math.min(
        mass,
        cost.worker > 0 ? worker / cost.worker : mass,
        cost.server > 0 ? server / cost.server : mass,
      );
      worker -= fits * cost.worker;
      server -= fits * cost.server;
      return fits;
    });
  }

  /** A first send and a code go directly where there is an allowance; everything else goes by the task queue of calls. */
  private dispatch(parcel: Parcel, second: number, direct: Parcel[]): void {
    const isGoverned = parcel.kind === 'resend' || second < this.throttledUntil;
    const share = isGoverned ? 1 : shareWithoutAllowance(this.account, isCode(parcel) ? 'codes' : 'sends', parcel.mass);
    if (share < 1) direct.push({ ...parcel, mass: parcel.mass * (1 - share) });
    this.toQueue({ ...parcel, mass: parcel.mass * share });
  }

  private toQueue(parcel: Parcel): void {
    this.queued[isCode(parcel) ? 'codes' : 'sends'].add(parcel);
    if (parcel.kind === 'firstSend') this.outcome.counts.queuedFirstSend += parcel.mass;
    else if (isCode(parcel)) this.outcome.counts.queuedCode += parcel.mass;
  }

  /** Codes and sends take turns. What has waited for longer than its budget is not asked any more. */
  private fromQueue(second: number): Parcel[] {
    const { codes, sends } = this.queued;
    let left = this.account.queueCallsPerSecond;
    const fitsInto = (share: number) => {
      let part = share * left;
      return (parcel: Parcel) => {
        const isLate = second - parcel.sinceSecond >= (isCode(parcel) ? CODE_BUDGET_SECONDS : SEND_BUDGET_SECONDS);
        if (isLate) return parcel.mass;
        const mass = Math.min(parcel.mass, part);
        part -= mass;
        left -= mass;
        return mass;
      };
    };
    return [...codes.serve(fitsInto(0.5)), ...sends.serve(fitsInto(1)), ...codes.serve(fitsInto(1))];
  }

  private ask(what: 'codes' | 'sends', direct: readonly Parcel[], queued: readonly Parcel[], second: number): void {
    const budget = what === 'codes' ? CODE_BUDGET_SECONDS : SEND_BUDGET_SECONDS;
    const inTime: Parcel[] = [];
    for (const parcel of queued.filter((one) => isCode(one) === (what === 'codes'))) {
      if (second - parcel.sinceSecond < budget) inTime.push(parcel);
      else this.giveUp(parcel, second);
    }
    const directly = direct.filter((one) => isCode(one) === (what === 'codes'));
    const { through, refused } = this.quotas[what].ask([...directly, ...inTime]);
    for (const parcel of through) this.succeed(parcel, second);
    if (refused.length === 0) return;
    this.throttledUntil = second + THROTTLED_SECONDS;
    for (const [index, parcel] of refused.entries()) {
      // A direct call is made once: the task queue of calls takes over at once.
      if (index < directly.length) {
        this.outcome.counts[what === 'sends' ? 'refusedDirectSend' : 'refusedDirectCode'] += parcel.mass;
        this.toQueue(parcel);
      } else {
        this.outcome.counts.refusedTry += parcel.mass;
        if (parcel.tries === 0) this.outcome.counts.refusedCall += parcel.mass;
        this.quotas[what].backOff(parcel, second);
      }
    }
  }

  private giveUp(parcel: Parcel, second: number): void {
    const { kind, mass, startSecond } = parcel;
    if (kind === 'firstSend') this.outcome.counts.failed += mass;
    else if (kind === 'resend') this.typeLater(mass, startSecond, second);
    else {
      this.outcome.counts.typedAgain += mass;
      this.planCode(kind, second + RETYPE_SECONDS, mass, startSecond);
    }
  }

  private succeed({ kind, mass, sinceSecond, startSecond }: Parcel, second: number): void {
    const slot = this.slot(sinceSecond);
    (isCode({ kind }) ? slot.codeDelays : slot.sendDelays).add(second - sinceSecond, mass);
    if (kind === 'firstSend') this.sent(mass, startSecond, second);
    else if (kind === 'resend') {
      this.outcome.counts.resend += this.message(mass);
      this.typeLater(mass, startSecond, second);
    } else if (kind === 'wrongCode') {
      this.outcome.counts.wrongCode += mass;
      this.planCode('rightCode', second + RETYPE_SECONDS, mass, startSecond);
    } else {
      this.outcome.counts.verified += mass;
      this.slot(second).verified += mass;
    }
  }

  private sent(mass: number, startSecond: number, second: number): void {
    const { abandonedShare, resendShare, resendAfterSeconds, deadlineSeconds } = this.account;
    const { counts } = this.outcome;
    const accepted = this.message(mass);
    counts.withoutEmail += mass - accepted;
    counts.expired += accepted * abandonedShare;
    const staying = accepted * (1 - abandonedShare);
    this.typeLater(staying * (1 - resendShare), startSecond, second);
    const resendAt = second + Math.round(resendAfterSeconds);
    if (resendAt - startSecond < deadlineSeconds) this.plans.resend.add(resendAt, staying * resendShare, startSecond);
    else counts.expired += staying * resendShare;
  }

  /** @returns how many of them the e-mails of the day allow */
  private message(mass: number): number {
    const accepted = Math.min(mass, this.emailsLeft);
    this.emailsLeft -= accepted;
    this.outcome.messages += accepted;
    return accepted;
  }

  private typeLater(mass: number, startSecond: number, second: number): void {
    const part = mass / this.times.length;
    for (const seconds of this.times) this.planCode('code', second + seconds, part, startSecond);
  }

  private planCode(kind: 'code' | 'wrongCode' | 'rightCode', second: number, mass: number, startSecond: number): void {
    if (second - startSecond < this.account.deadlineSeconds) this.plans[kind].add(second, mass, startSecond);
    else this.outcome.counts.expired += mass;
  }
}

function isCode({ kind }: Pick<Parcel, 'kind'>): boolean {
  return kind === 'wrongCode' || kind === 'rightCode';
}

function emptySlot(): SlotOutcome {
  return { firstSends: 0, resends: 0, codes: 0, verified: 0, sendDelays: new Delays(), codeDelays: new Delays() };
}
