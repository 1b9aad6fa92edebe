/** The people of a run: a user of the pool, an inbox and a service for each, and what is known about them at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { resolvePolicy, workflowIdFor } from '@cognito-verification/contract';
import type { SandboxUser } from '../../sandbox/index.js';
import { check, type Violation } from './check.js';
import { evidenceOf, keep, type Values } from './evidence.js';
import { Inboxes } from './inboxes.js';
import { Person } from './person.js';
import type { Plan } from './plans.js';
import type { Evidence } from './record.js';
import type { FaultRig } from './rig.js';
import { Gate, Service } from './service.js';

/** The limit on simultaneous client calls. */
const CALLS_AT_ONCE = 50;
const LOOK_EVERY_MS = 2_000;

/** A member of the crowd. */
export interface Member {
  plan: Plan;
  user: SandboxUser;
  service: Service;
  person: Person;
}

export class Crowd {
  readonly members: Member[] = [];
  private readonly inboxes: Inboxes;

  private constructor(private readonly rig: FaultRig) {
    this.inboxes = new Inboxes(rig.sandbox);
  }

  /** Users of one kind of pool are in one pool, as if they signed up with one application. */
  static async gather(rig: FaultRig, plans: readonly Plan[], endsAt: number): Promise<Crowd> {
    const crowd = new Crowd(rig);
    const gate = new Gate(CALLS_AT_ONCE);
    const { sandbox, client } = rig;
    for (const plan of plans) {
      const { attributeName, change } = plan;
      const { old, wanted } = valuesOf(plan);
      const user = await sandbox.createUser({
        username: plan.name,
        attributes: { [attributeName]: old },
        emailVerified: attributeName === 'email' ? change?.oldVerified : undefined,
        phoneNumberVerified: attributeName === 'phone_number' ? change?.oldVerified : undefined,
        poolId: rig.userPoolIds[change?.keeps ? 'keeping' : 'replacing'],
      });
      const workflowId = workflowIdFor({ ...user, attributeName });
      const newValue = change && wanted;
      const about = { workflowId, attributeName, newValue, replaceAtOnce: change && !change.keeps };
      const service = new Service(client, about, gate, () => plan.random.chance(0.15), endsAt);
      const codes = () => crowd.inboxes.codes(user);
      const person = new Person({ plan, user, value: wanted, service, sandbox, codes, endsAt });
      crowd.members.push({ plan, user, service, person });
    }
    return crowd;
  }

  /** Waits, within a limit, until only so many verifications are still open. */
  async end(withinMs: number, stillOpen = 0): Promise<void> {
    for (const until = Date.now() + withinMs; Date.now() < until; await sleep(LOOK_EVERY_MS)) {
      // Temporal may be away.
      const open = await this.rig.temporal.workflow.count(`ExecutionStatus = 'Running'`).catch(() => undefined);
      if (open && open.count <= stillOpen) return;
    }
  }

  /** @param keeps keeps the histories that break a rule. Default: yes */
  async judge({ keeps = true } = {}): Promise<{ evidence: Evidence[]; violations: Violation[] }> {
    const { temporal, client, sandbox, keys } = this.rig;
    this.inboxes.stop();
    const people = this.members.map(({ plan, user, service }) => ({
      user,
      values: valuesOf(plan),
      plan,
      workflowId: service.workflowId,
      behaviour: plan.behaviour,
      policy: resolvePolicy(plan.policy, plan.attributeName),
      calls: service.calls,
    }));
    const messages = this.inboxes.byUser;
    const realTime = (date: string) => this.rig.realTime(date);
    const { evidence, histories } = await evidenceOf(people, {
      temporal,
      client,
      sandbox,
      keys,
      messages,
      realTime,
      serverKilledAtMs: this.rig.server.killedAtMs,
    });
    const violations = check(evidence);
    for (const workflowId of new Set(violations.map((violation) => violation.workflowId))) {
      const broken = violations.filter((one) => one.workflowId === workflowId).map(({ what }) => what);
      const history = histories.get(workflowId);
      if (keeps && history) await keep({ workflowId, broken }, history, keys);
    }
    return { evidence, violations };
  }
}

/** The value that the user has, and the one that is to be verified. */
function valuesOf({ name, attributeName, change }: Plan): Values {
  const number = name.replaceAll(/\D/g, '').padStart(6, '0');
  const [old, other] =
    attributeName === 'email'
      ? [`${name}@example.com`, `${name}@other.example`]
      : [`+15550${number}`, `+15551${number}`];
  return { old, wanted: change ? other : old };
}
