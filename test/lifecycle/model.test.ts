/** Random lives: whatever people, tokens, time and Cognito do, and in whichever order, these things hold. */
import { VerificationError } from '@cognito-verification/client';
import { SEARCH_ATTRIBUTE_KEYS, type VerificationStatus } from '@cognito-verification/contract';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { FAULTS, type LifeOptions, life, type Message, type Step } from './random-life.js';
import { ATTEMPT, MINUTE, type Opened, useTimeTravel } from './time-travel.js';

/** The same lives in every run of the suite; another seed explores others. */
const SEED = Number(process.env['MODEL_SEED'] ?? 20_261_123);
const RUNS = Number(process.env['MODEL_RUNS'] ?? 30);

/** What a person may be told instead of an answer. */
const ANSWERS = new Set([
  'InvalidRequest',
  'AccessTokenRefused',
  'ResendNotAllowed',
  'AttemptsExhausted',
  'CodeNotSent',
  'VerificationEnded',
  'CognitoUnavailable',
  'VerificationFailed',
]);

const travel = useTimeTravel('timeSkipping');

/** One verification, what was done to it, and what must hold. */
class Life {
  private readonly inFlight = new Set<Promise<void>>();
  private readonly secrets = new Set<string>();
  private confirmed = false;
  private last: VerificationStatus;

  constructor(
    private readonly opened: Opened,
    private readonly options: LifeOptions,
  ) {
    this.last = opened.started;
    this.secrets.add(opened.user.accessToken);
  }

  async take(taken: Step): Promise<void> {
    const { sandbox } = travel.rig;
    if (taken.do === 'pass') await travel.pass(taken.minutes * MINUTE);
    else if (taken.do === 'message') {
      const sent = taken.messages.map((name) => this.post(name));
      // Who waits on a retry waits for time to pass, which the next steps may bring.
      await Promise.race([Promise.all(sent), new Promise((resolve) => setTimeout(resolve, 300))]);
    } else {
      sandbox.clearFaults();
      const { username } = this.opened.user;
      for (const fault of taken.faults) sandbox.setFault({ ...FAULTS[fault], username });
    }
    await this.check();
  }

  private post(name: Message): Promise<void> {
    const posted = this.send(name)
      .then(
        (answer) => this.checkSecrets(answer),
        (error: unknown) => {
          if (!(error instanceof VerificationError)) throw error;
          this.checkSecrets(error.message);
          expect(ANSWERS, `${name}: ${error.message}`).toContain(error.code);
        },
      )
      .finally(() => this.inFlight.delete(posted));
    this.inFlight.add(posted);
    // Looked at in the end; until then it is nobody's unhandled rejection.
    posted.catch(() => undefined);
    return posted;
  }

  private async send(name: Message): Promise<unknown> {
    const { opened } = this;
    const { id, user } = opened;
    const { client, rig } = travel;
    const token = async (options?: { forged: boolean }) => {
      const accessToken = await travel.token(user, options);
      this.secrets.add(accessToken);
      return accessToken;
    };
    const codes = travel.codes(opened);
    switch (name) {
      case 'submitRight':
        return await travel.submit(opened, codes.at(-1) ?? '000001');
      case 'submitOldest':
        return await travel.submit(opened, codes[0] ?? '000001');
      case 'submitWrong':
        return await travel.submitWrong(opened);
      case 'submitMalformed':
        return await travel.submit(opened, '12 34');
      case 'submitRightWithFreshToken':
        return await travel.submit(opened, codes.at(-1) ?? '000001', await token());
      case 'submitWrongWithForgedToken':
        return await travel.submitWrong(opened, await token({ forged: true }));
      case 'resend':
        return await travel.resend(opened);
      case 'resendWithFreshToken':
        return await travel.resend(opened, await token());
      case 'confirm':
        this.confirmed = true;
        return await client.confirm(id);
      case 'renew':
        return await client.renewAccessToken(id, { accessToken: await token() });
      case 'renewForged':
        return await client.renewAccessToken(id, { accessToken: await token({ forged: true }) });
      case 'renewForeign':
        return await client.renewAccessToken(id, { accessToken: (await travel.user()).accessToken });
      case 'revokeTokens':
        return rig.sandbox.revokeTokens(user);
      case 'cancel':
        return await client.cancel(id);
    }
  }

  /** What holds at any moment. */
  private async check(): Promise<void> {
    const { opened, options, last } = this;
    const inbox = travel.codes(opened).length;
    const status = await travel.status(opened);
    this.last = status;
    this.checkSecrets(status);
    const { maxSends, maxAttempts } = options.policy;
    expect(status.expiresAt, 'the deadline never moves').toBe(opened.started.expiresAt);
    expect(status.sendsLeft, 'sends never come back').toBeLessThanOrEqual(last.sendsLeft);
    expect(travel.codes(opened).length, 'messages').toBeLessThanOrEqual(maxSends);
    // An end does not wait for a send that is with Cognito.
    const sendSettled = status.state !== 'sending' && !ended(status);
    if (sendSettled) expect(maxSends - status.sendsLeft, 'counted').toBeGreaterThanOrEqual(inbox);
    const made = travel.rig.sandbox
      .calls({ operation: ATTEMPT, username: opened.user.username })
      .filter(({ outcome }) => outcome !== 'NotAuthorizedException' && outcome !== 'TooManyRequestsException');
    expect(made.length, 'attempts that Cognito looked at').toBeLessThanOrEqual(maxAttempts);
    const settled = ({ attempts }: VerificationStatus) => attempts.every(({ outcome }) => outcome !== 'checking');
    // One that is under way is counted, and given back if Cognito never looked at the code.
    if (settled(last)) expect(status.attemptsLeft, 'attempts never come back').toBeLessThanOrEqual(last.attemptsLeft);
    if (settled(status) && !ended(status)) expect(maxAttempts - status.attemptsLeft, 'counted').toBe(made.length);
    if (ended(last)) expect(status.state, 'an end is final').toBe(last.state);
    if (status.state === 'verified') this.checkVerified();
  }

  private checkVerified(): void {
    const trusted = this.confirmed && this.options.policy.confirmation === 'trust';
    if (!trusted) expect(travel.rig.sandbox.attribute(this.opened.user, 'email').verified).toBe(true);
  }

  private checkSecrets(told: unknown): void {
    const text = JSON.stringify(told) ?? '';
    for (const secret of [...this.secrets, ...travel.codes(this.opened)]) {
      expect(text.includes(secret), 'a token or a code was told').toBe(false);
    }
  }

  /** Lets it come to its end, at the latest at its deadline. */
  async end(): Promise<void> {
    const { opened } = this;
    const outcome = await travel.wait(opened);
    await Promise.all(this.inFlight);
    expect(outcome.status?.state).toBe(outcome.outcome);
    await this.check();
    if (outcome.failure) expect(['CognitoUnavailable', 'CodeDeliveryFailureException']).toContain(outcome.failure.type);
    // What was submitted in time is still checked, each for as long as its budget lasts.
    expect(await travel.closedAfterDeadlineMs(opened)).toBeLessThan(10 * MINUTE);
    const { typedSearchAttributes } = await travel.rig.env.client.workflow.getHandle(opened.id).describe();
    expect(typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state)).toBe(outcome.outcome);
  }
}

const ended = ({ state }: VerificationStatus) => ['verified', 'expired', 'failed', 'cancelled'].includes(state);

test(`random lives keep their promises (MODEL_SEED=${SEED})`, { timeout: 120_000 }, async () => {
  const ends: Record<string, number> = {};
  const property = fc.asyncProperty(life, async (options) => {
    travel.rig.sandbox.clearFaults();
    const user = await travel.user({ emailVerified: options.emailVerified }, options.tokenLivesMs / 1000);
    const { policy, faults } = options;
    for (const fault of faults) travel.rig.sandbox.setFault({ ...FAULTS[fault], username: user.username });
    const opened = await travel.open({ user, policy, ...(faults.length > 0 ? { impatient: true } : {}) });
    const lived = new Life(opened, options);
    for (const taken of options.steps) await lived.take(taken);
    await lived.end();
    const { state } = await travel.status(opened);
    ends[state] = (ends[state] ?? 0) + 1;
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 75_000 });
  // As many different ends as lives of this kind have; `failed` is rare.
  expect(Object.keys(ends).toSorted()).toEqual(expect.arrayContaining(['cancelled', 'expired', 'verified']));
});

test('every history made here replays', async () => {
  expect(await replayAll(travel.rig, travel.started)).toBe(travel.started.size);
});
