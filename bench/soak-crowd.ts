/** All people of the soak: who is there, who has left, and whether the list agrees with both. */
import { setTimeout as sleep } from 'node:timers/promises';
import { arrive, HABITS, habitOf, leave, type Person, type Verdict } from './soak-people.js';
import type { SoakStand } from './soak-stand.js';

/** Half of those who leave are among the newest, as people who answer at once are. */
const NEWEST = 100;
/** The list follows a moment later, and later still on a busy server. */
const LIST_LIMIT_MS = 120_000;
const LIST_STEP_MS = 2_000;
const MOST_LISTED = 10_000_000;
/** Problems that are told; all are counted. */
const MOST_TOLD = 20;

/** The people of one soak. Whatever goes wrong is in `problems`. */
export class Crowd {
  /** How many problems there are, and the first of them. */
  problems = 0;
  readonly told: string[] = [];
  readonly ended = { verified: 0, cancelled: 0, expired: 0 };
  private readonly present: Person[] = [];
  /** The state that the list must show at the end, by workflow id. */
  private readonly expected = new Map<string, string>();
  private born = 0;

  constructor(private readonly stand: SoakStand) {}

  get open(): number {
    return this.present.length;
  }

  /** Somebody arrives and stays until `departure` draws them. */
  async arrival(): Promise<void> {
    const habit = habitOf(this.born++);
    await this.guard('a start', async () =>
      this.present.push(await this.enter(habit === 'limited' ? 'cancels' : habit)),
    );
  }

  /** Somebody arrives. A limited one, who can do nothing, waits for the deadline; others stay. */
  async arrivalUnderLoad(): Promise<void> {
    const habit = habitOf(this.born++);
    await this.guard('a start', async () => {
      const person = await this.enter(habit);
      if (habit === 'limited') await this.end(person);
      else this.present.push(person);
    });
  }

  /** Somebody who is there leaves. @returns the verdicts that they have got */
  async departure(): Promise<Verdict[]> {
    const { length } = this.present;
    if (length === 0) return [];
    const among = Math.random() < 0.5 ? Math.min(NEWEST, length) : length;
    const index = length - 1 - Math.floor(Math.random() * among);
    const person = this.present[index] as Person;
    this.present.splice(index, 1);
    return await this.end(person);
  }

  /** Compares the list with what must be: each verification once, the open ones open, the ended ones as they ended. */
  async checkList(): Promise<number> {
    const deadline = performance.now() + LIST_LIMIT_MS;
    for (;;) {
      const { rows, wrong } = await this.compareList();
      if (wrong.length === 0) return rows;
      if (performance.now() > deadline) {
        for (const line of wrong) this.problem(`the list: ${line}`);
        return rows;
      }
      await sleep(LIST_STEP_MS);
    }
  }

  private async compareList(): Promise<{ rows: number; wrong: string[] }> {
    const missing = new Map(this.expected);
    const wrong: string[] = [];
    let rows = 0;
    for await (const { workflowId, state, executionStatus } of this.stand.verifications.list({ limit: MOST_LISTED })) {
      rows += 1;
      const wanted = missing.get(workflowId);
      missing.delete(workflowId);
      const found = executionStatus === 'RUNNING' ? 'open' : state;
      if (found !== wanted) wrong.push(`${workflowId} is ${found}, not ${wanted ?? 'there'}`);
    }
    for (const [workflowId, wanted] of missing) wrong.push(`${workflowId} is missing, not ${wanted}`);
    return { rows, wrong };
  }

  private async enter(habit: Person['habit']): Promise<Person> {
    const person = await arrive(this.stand, habit);
    this.expected.set(person.verification.workflowId, 'open');
    return person;
  }

  private async end(person: Person): Promise<Verdict[]> {
    const { workflowId } = person.verification;
    const { ending } = HABITS[person.habit];
    return (
      (await this.guard(`${workflowId} (${person.habit})`, async () => {
        const verdicts = await leave(this.stand, person);
        this.expected.set(workflowId, ending);
        this.ended[ending] += 1;
        return verdicts;
      })) ?? []
    );
  }

  private async guard<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.problem(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  private problem(line: string): void {
    this.problems += 1;
    if (this.told.length < MOST_TOLD) this.told.push(line);
  }
}
