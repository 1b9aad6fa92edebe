/**
 * The fault suite can fail. A worker with two planted bugs repeats sends whose end is unknown, and forgets attempts whose
 * answer is lost. Under the same faults it sends second messages and makes attempts past the limit, and the judge finds them.
 * Another believes what a proxy answers in place of Cognito, and says of addresses that they are verified; and where the old
 * address is kept until the new one is verified, its re-sends go to the old one. With the worker of this build the judge finds
 * nothing. Half of the people have their address changed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, type ExpectStatic, it } from 'vitest';
import {
  BELIEVES_ANYTHING,
  type Change,
  FORGETS_LOST_ATTEMPTS,
  REPEATS_UNCERTAIN_SENDS,
  RESENDS_TO_THE_KEPT_ADDRESS,
} from './builds.js';
import type { Violation } from './check.js';
import { Crowd } from './crowd.js';
import type { Plan } from './plans.js';
import { randomOf } from './random.js';
import { FaultRig } from './rig.js';

const SENDS = ['GetUserAttributeVerificationCode', 'UpdateUserAttributes'];
const ATTEMPT = 'VerifyUserAttribute';
const PEOPLE = 8;
const MAX_ATTEMPTS = 3;
const HEARTBEAT_TIMEOUT_MS = 15_000;
/** That of the policy, and a moment. */
const RESEND_COOLDOWN_MS = 1_500;
const WAIT = { timeout: 90_000, interval: 500 };

/** Half of the people have their address changed, in both kinds of user pool. */
const CHANGES: readonly Pick<Plan, 'attributeName' | 'change'>[] = [
  { attributeName: 'phone_number', change: { keeps: true, oldVerified: true } },
  { attributeName: 'email', change: { keeps: false, oldVerified: true } },
];
const PLANS: Plan[] = Array.from({ length: PEOPLE }, (_, index) => ({
  name: `person-${index}`,
  behaviour: 'guesses',
  attributeName: 'email',
  ...(index % 2 === 0 && CHANGES[(index / 2) % CHANGES.length]),
  policy: { maxAttempts: MAX_ATTEMPTS, deadline: '10 minutes', resendCooldown: '1 second' },
  startsAfterMs: 0,
  actsAfterMs: 0,
  waitsForAll: true,
  random: randomOf(index, 'planted'),
}));

/** Kills a worker while it has everybody's send; then everybody guesses, and the answers are lost. */
async function killAmidSends(expectHere: ExpectStatic, changes: readonly Change[]): Promise<Violation[]> {
  const rig = await FaultRig.open({ builds: [changes] });
  try {
    const { sandbox, fleet } = rig;
    const crowd = await Crowd.gather(rig, PLANS, Date.now() + 240_000);
    const slow = SENDS.map((operation) => sandbox.setFault({ operation, latencyMs: 20_000, afterEffect: true }));
    const started = Promise.all(crowd.members.map(({ person }) => person.signUp()));
    await expectHere.poll(() => sandbox.inbox().length, WAIT).toBe(PEOPLE);
    fleet.kill(([only]) => only, 0);
    await sleep(HEARTBEAT_TIMEOUT_MS);
    for (const fault of slow) sandbox.clearFaults(fault);
    await started;
    // `start` answers with the state `sending` if the send takes long.
    await expectHere
      .poll(async () => {
        const statuses = crowd.members.map(({ service }) => rig.client.status(service.workflowId));
        return (await Promise.all(statuses)).every(({ state }) => state === 'awaitingCode');
      }, WAIT)
      .toBe(true);

    sandbox.setFault({ operation: ATTEMPT, dropConnection: 'afterEffect' });
    await Promise.all(crowd.members.map(({ person }) => person.act()));
    sandbox.clearFaults();
    await Promise.all(crowd.members.map(({ service }) => service.cancel()));
    await crowd.end(60_000);
    return (await crowd.judge({ keeps: changes.length === 0 })).violations;
  } finally {
    await rig.close();
  }
}

/** Everybody asks for another code and types a wrong one, and a page comes in place of the answer; then Cognito can be asked again. */
async function resendAndAnswerWithPages(expectHere: ExpectStatic, changes: readonly Change[]): Promise<Violation[]> {
  const rig = await FaultRig.open({ builds: [changes] });
  try {
    const { proxy } = rig;
    const crowd = await Crowd.gather(rig, PLANS, Date.now() + 240_000);
    await Promise.all(crowd.members.map(({ person }) => person.signUp()));
    await sleep(RESEND_COOLDOWN_MS);
    await Promise.all(crowd.members.map(({ service }) => service.resend()));
    expectHere(rig.sandbox.inbox()).toHaveLength(2 * PEOPLE);
    proxy.set({ passesOn: false, share: 1, random: randomOf(1, 'pages') });
    const submitted = Promise.all(crowd.members.map(({ service }) => service.submit('000001')));
    await expectHere
      .poll(async () => {
        const statuses = crowd.members.map(({ service }) => rig.client.status(service.workflowId));
        return (await Promise.all(statuses)).every(({ attempts }) => attempts[0]?.outcome === 'uncertain');
      }, WAIT)
      .toBe(true);
    proxy.set(undefined);
    await submitted;
    await Promise.all(crowd.members.map(({ service }) => service.cancel()));
    await crowd.end(60_000);
    return (await crowd.judge({ keeps: changes.length === 0 })).violations;
  } finally {
    await rig.close();
  }
}

const peopleIn = (violations: readonly Violation[], rule: Violation['rule']) =>
  new Set(violations.filter((violation) => violation.rule === rule).map(({ workflowId }) => workflowId)).size;

describe.concurrent('workers killed amid sends, and answers to attempts lost', () => {
  it('the worker of this build: no violation', async ({ expect: expectHere }) => {
    expectHere(await killAmidSends(expectHere, [])).toEqual([]);
  }, 300_000);

  it('a worker with two planted bugs: second messages, and attempts past the limit', async ({ expect: expectHere }) => {
    const violations = await killAmidSends(expectHere, [...REPEATS_UNCERTAIN_SENDS, ...FORGETS_LOST_ATTEMPTS]);
    expectHere(peopleIn(violations, 'oneMessage')).toBe(PEOPLE);
    expectHere(peopleIn(violations, 'attempts')).toBe(PEOPLE);
  }, 300_000);
});

describe.concurrent('codes are sent again, and a proxy answers attempts with pages of its own', () => {
  it('the worker of this build: no violation', async ({ expect: expectHere }) => {
    expectHere(await resendAndAnswerWithPages(expectHere, [])).toEqual([]);
  }, 300_000);

  it('a worker that believes them, and asks for codes at the address that is kept: verified is said and not true, and messages go astray', async ({
    expect: expectHere,
  }) => {
    const changes = [...BELIEVES_ANYTHING, ...RESENDS_TO_THE_KEPT_ADDRESS];
    const violations = await resendAndAnswerWithPages(expectHere, changes);
    expectHere(peopleIn(violations, 'truth')).toBe(PEOPLE);
    expectHere(peopleIn(violations, 'inbox')).toBe(PLANS.filter(({ change }) => change?.keeps).length);
  }, 300_000);
});
