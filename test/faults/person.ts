/** One person and the service that they sign up with: what they do, each according to their habit. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox, SandboxUser } from '../../sandbox/index.js';
import type { Behaviour, Plan } from './plans.js';
import type { Heard, Service } from './service.js';

const ATTRIBUTE = 'email';
/** No code of the sandbox of a run begins so. */
const WRONG = '0';
const MESSAGE_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 500;
/** Of one habit; the deadline ends it anyway. */
const ROUNDS = 30;

/** Refusals after which it is worth to try again, a little later. */
const PASSING: ReadonlySet<string> = new Set(['CognitoUnavailable', 'CodeNotSent', 'ResendNotAllowed', 'ResendFailed']);

/** What a person needs. */
export interface PersonParts {
  plan: Plan;
  user: SandboxUser;
  service: Service;
  sandbox: Sandbox;
  /** The codes in their inbox, oldest first. */
  codes: () => readonly string[];
  /** Until when the run goes on. */
  endsAt: number;
}

export class Person {
  private wrongCodes = 0;

  constructor(private readonly parts: PersonParts) {}

  async signUp(): Promise<void> {
    const { plan, service, user, sandbox } = this.parts;
    const begin = () => service.start(user.accessToken, plan.policy);
    if (plan.behaviour === 'losesToken') sandbox.revokeTokens(user);
    if (plan.behaviour !== 'outOfOrder') {
      await begin();
      return;
    }
    // What comes before the start finds nothing, and what comes beside it finds something or not.
    await Promise.all([service.confirm(), service.submit(this.wrongCode()), service.resend()]);
    await Promise.all([begin(), begin(), service.submit(this.wrongCode())]);
  }

  async act(): Promise<void> {
    await this.habits[this.parts.plan.behaviour]();
  }

  private readonly habits: Record<Behaviour, () => Promise<void>> = {
    typesRight: () => this.typeRight(),
    outOfOrder: () => this.typeRight(),
    typesWrongFirst: async () => {
      await this.parts.service.submit(this.wrongCode());
      await this.typeRight();
    },
    guesses: async () => {
      const { service, plan } = this.parts;
      // Side by side first: no more of them may be looked at than one after the other.
      for (let round = 0; round < 3; round++) {
        await Promise.all([1, 2, 3].map(() => service.submit(this.wrongCode())));
        await sleep(plan.random.between(500, 5_000));
      }
      // The right one, now that there are no attempts left.
      const code = this.parts.codes().at(-1);
      if (code !== undefined) await service.submit(code);
      if (plan.random.chance(0.5)) await service.cancel();
    },
    wantsAnother: async () => {
      const { service, plan } = this.parts;
      for (let round = 0; round < 3; round++) {
        await service.resend(await this.freshToken());
        await sleep(plan.random.between(1_000, 6_000));
      }
      await this.typeRight();
    },
    comesTooLate: async () => {
      await sleep(65_000);
      await this.typeRight();
    },
    confirms: async () => {
      const { service } = this.parts;
      if (!(await this.verifyDirectly())) return;
      await Promise.all([service.confirm(), service.confirm()]);
      // A look at the attribute needs a token that is alive.
      await service.renew(await this.freshToken());
    },
    givesUp: async () => undefined,
    cancels: async () => {
      const code = this.parts.codes().at(-1);
      const submit = code !== undefined && this.parts.plan.random.chance(0.5);
      await Promise.all([this.parts.service.cancel(), submit ? this.parts.service.submit(code) : undefined]);
    },
    losesToken: async () => {
      await this.parts.service.renew(await this.freshToken());
      await this.typeRight();
    },
  };

  /** Goes on as an honest user would, until the code was taken or nothing more can come of it. */
  private async typeRight(): Promise<void> {
    let accessToken: string | undefined;
    for (let round = 0; round < ROUNDS && Date.now() < this.parts.endsAt; round++) {
      const code = await this.newestCode();
      if (code === undefined) {
        if (await this.askForAnother()) continue;
        return;
      }
      const heard = await this.parts.service.submit(code, accessToken === undefined ? {} : { accessToken });
      if (!(await this.isWorthMore(heard))) return;
      if (heard.result === 'accessTokenRejected') accessToken = await this.freshToken();
    }
  }

  /** Whether to try once more, after what there is to do about it. */
  private async isWorthMore({ result, refused }: Heard): Promise<boolean> {
    if (result === 'accessTokenRejected' || result === 'mismatch') return true;
    if (result === 'codeExpired') {
      const before = this.parts.codes().length;
      if (!(await this.askForAnother())) return false;
      await this.until(() => this.parts.codes().length > before);
      return true;
    }
    if (refused === undefined || !PASSING.has(refused)) return false;
    await sleep(3_000);
    return true;
  }

  /** Where nothing came, or what came is too old: whoever wants to sign up asks again. Says whether that can help. */
  private async askForAnother(): Promise<boolean> {
    const { refused } = await this.parts.service.resend(await this.freshToken());
    return refused === undefined || PASSING.has(refused);
  }

  private async newestCode(): Promise<string | undefined> {
    await this.until(() => this.parts.codes().length > 0);
    return this.parts.codes().at(-1);
  }

  private async until(there: () => boolean): Promise<void> {
    const limit = Math.min(Date.now() + MESSAGE_LIMIT_MS, this.parts.endsAt);
    while (!there() && Date.now() < limit) await sleep(LOOK_EVERY_MS);
  }

  /** As a service does that calls Cognito itself: in doubt it looks whether the attribute is verified. */
  private async verifyDirectly(): Promise<boolean> {
    const { sandbox, user } = this.parts;
    for (let round = 0; round < ROUNDS && Date.now() < this.parts.endsAt; round++) {
      const code = await this.newestCode();
      if (code === undefined) {
        if (await this.askForAnother()) continue;
        return false;
      }
      const body = { AccessToken: await this.freshToken(), AttributeName: ATTRIBUTE, Code: code };
      await fetch(sandbox.url, {
        method: 'POST',
        headers: {
          'x-amz-target': 'AWSCognitoIdentityProviderService.VerifyUserAttribute',
          'amz-sdk-invocation-id': 'service',
        },
        body: JSON.stringify(body),
      }).catch(() => undefined);
      if (sandbox.attribute(user, ATTRIBUTE).verified) return true;
      await sleep(1_000);
    }
    return false;
  }

  private freshToken(): Promise<string> {
    return this.parts.sandbox.issueAccessToken(this.parts.user);
  }

  private wrongCode(): string {
    return `${WRONG}${String(++this.wrongCodes).padStart(5, '0')}`;
  }
}
