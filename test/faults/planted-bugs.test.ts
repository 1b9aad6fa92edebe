/**
 * The fault suite can fail. A worker with two planted bugs repeats sends whose end is unknown, and forgets attempts whose
 * answer is lost. Under the same faults it sends second messages and makes attempts past the limit, and the judge finds them.
 * Another believes what a proxy answers in place of Cognito, and says of addresses that they are verified. With the worker of
 * this build the judge finds nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, type ExpectStatic, it } from 'vitest';
import { BELIEVES_ANYTHING, type Change, FORGETS_LOST_ATTEMPTS, REPEATS_UNCERTAIN_SENDS } from './builds.js';
import type { Violation } from './check.js';
import { Crowd } from './crowd.js';
import type { Plan } from './plans.js';
import { randomOf } from './random.js';
import { FaultRig } from './rig.js';

const SEND = 'GetUserAttributeVerificationCode';
const ATTEMPT = 'VerifyUserAttribute';
const PEOPLE = 8;
const MAX_ATTEMPTS = 3;
const HEARTBEAT_TIMEOUT_MS = 15_000;
const WAIT = { timeout: 90_000, interval: 500 };

const PLANS: Plan[] = Array.from({ length: PEOPLE }, (_, index) => ({
  name: `person-${index}`,
  behaviour: 'guesses',
  policy: { maxAttempts: MAX_ATTEMPTS, deadline: '10 minutes' },
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
    const slow = sandbox.setFault({ operation: SEND, latencyMs: 20_000, afterEffect: true });
    const started = Promise.all(crowd.members.map(({ person }) => person.signUp()));
    await expectHere.poll(() => sandbox.inbox().length, WAIT).toBe(PEOPLE);
    fleet.kill(([only]) => only, 0);
    await sleep(HEARTBEAT_TIMEOUT_MS);
    sandbox.clearFaults(slow);
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

/** Everybody types a wrong code, and a page comes in place of the answer; then Cognito can be asked again. */
async function answerWithPages(expectHere: ExpectStatic, changes: readonly Change[]): Promise<Violation[]> {
  const rig = await FaultRig.open({ builds: [changes] });
  try {
    const { proxy } = rig;
    const crowd = await Crowd.gather(rig, PLANS, Date.now() + 240_000);
    await Promise.all(crowd.members.map(({ person }) => person.signUp()));
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

describe.concurrent('a proxy answers attempts with pages of its own', () => {
  it('the worker of this build: no violation', async ({ expect: expectHere }) => {
    expectHere(await answerWithPages(expectHere, [])).toEqual([]);
  }, 300_000);

  it('a worker that believes them: verified is said, and it is not true', async ({ expect: expectHere }) => {
    expectHere(peopleIn(await answerWithPages(expectHere, BELIEVES_ANYTHING), 'truth')).toBe(PEOPLE);
  }, 300_000);
});
