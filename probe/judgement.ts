/** What the probe has found out: each assumption of the sandbox beside what was seen. */
import * as v from 'valibot';
import { DEFAULT_SWITCHES, SwitchChanges, type Switches } from '../sandbox/switches.js';

/** One assumption of the sandbox and what the probe saw of it. It holds no token, no code, no address and no id. */
export interface Assumption {
  /** A switch of the sandbox, or a fact that has no switch. */
  readonly name: string;
  readonly assumed: string;
  /** `null` if it was not asked, or if the answers did not tell. */
  readonly seen: string | null;
  readonly verdict: 'asAssumed' | 'differs' | 'notAsked' | 'notSeen';
  /** The answers that tell it; or why it was not asked. */
  readonly evidence: string;
}

/** What one stage makes of its steps. */
export class Judgement {
  readonly assumptions: Assumption[] = [];
  private changes: SwitchChanges = {};

  /** The positions that were seen. A switch that is absent was not seen, or has no such position. */
  get switches(): SwitchChanges {
    return { ...this.changes };
  }

  /** @param notAsked why the stage was not asked; undefined if it was */
  constructor(private readonly notAsked?: string | undefined) {}

  /** A fact without a switch. @param seen undefined if the answers do not tell */
  fact(name: string, assumed: string, seen: string | undefined, evidence: string): void {
    if (seen === undefined) {
      const [verdict, why] = this.notAsked ? (['notAsked', this.notAsked] as const) : (['notSeen', evidence] as const);
      this.assumptions.push({ name, assumed, seen: null, verdict, evidence: why });
      return;
    }
    this.assumptions.push({ name, assumed, seen, verdict: seen === assumed ? 'asAssumed' : 'differs', evidence });
  }

  /** Something that is not asked although its stage is. */
  skipped(name: string, assumed: string, why: string): void {
    this.assumptions.push({ name, assumed, seen: null, verdict: 'notAsked', evidence: this.notAsked ?? why });
  }

  /** A switch. @param seen its position, or words for a behaviour that no position has; undefined if the answers do not tell */
  switch(name: keyof Switches, seen: string | number | undefined, evidence: string): void {
    this.fact(name, String(DEFAULT_SWITCHES[name]), seen === undefined ? undefined : String(seen), evidence);
    const change = v.safeParse(SwitchChanges, { [name]: seen });
    if (seen !== undefined && change.success) Object.assign(this.changes, change.output);
  }

  /** Adds what another stage has found out. */
  add(other: Judgement): void {
    this.assumptions.push(...other.assumptions);
    Object.assign(this.changes, other.switches);
  }
}
