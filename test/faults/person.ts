/** A person, and the service that they sign up with: each acts according to a habit. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox, SandboxUser } from '../../sandbox/index.js';
import type { Behaviour, Plan } from './plans.js';
import type { Heard, Service } from './service.js';

/** No code of the run's sandbox starts with this digit. */
const WRONG = '0';
const MESSAGE_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 500;
/** A limit for one habit; the deadline ends it anyway. */
const ROUNDS = 30;

/** Refusals after which a later retry can succeed. */
const PASSING: ReadonlySet<string> = new Set(['CognitoUnavailable', 'CodeNotSent', 'ResendNotAllowed', 'ResendFailed']);

/** What a person needs. */
export interface PersonParts {
  plan: Plan;
  user: SandboxUser;
  /** What is to be verified. */
  value: string;
  service: Service;
  sandbox: Sandbox;
  /** The codes in their inbox, oldest first. */
  codes: () => readonly string[];
  /** The end of the run. */
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
    // Messages before the start find nothing, and messages during the start may find the verification or not.
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
      // Concurrent codes first: Cognito must not check more of them than of sequential ones.
      for (let round = 0; round < 3; round++) {
        await Promise.all([1, 2, 3].map(() => service.submit(this.wrongCode())));
        await sleep(plan.random.between(500, 5_000));
      }
      // The right code, now that no attempts are left.
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
      // A look at the attribute needs a live token.
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

  /** Acts as an honest user would, until the code is accepted or nothing more can succeed. */
  private async typeRight(): Promise<void> {
    let accessToken: string | undefined;
    for (let round = 0; round < ROUNDS && Date.now() < this.parts.endsAt; round++) {
      const code = await this.newestCode();
      if (code === undefined) {
        if (await this.askForAnother()) continue;
        return;
      }
      const answer = await this.parts.service.submit(code, accessToken === undefined ? {} : { accessToken });
      if (!(await this.isWorthMore(answer))) return;
      if (answer.result === 'accessTokenRejected') accessToken = await this.freshToken();
    }
  }

  /** Whether another try is worthwhile, after any necessary remedy. */
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

  /** Asks for another code if none came or the code is too old. Returns whether that can help. */
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

  /** Acts like a service that calls Cognito itself: in doubt it looks at the attribute. */
  private async verifyDirectly(): Promise<boolean> {
    const { sandbox, user, plan, value } = this.parts;
    const { attributeName } = plan;
    for (let round = 0; round < ROUNDS && Date.now() < this.parts.endsAt; round++) {
      const code = await this.newestCode();
      if (code === undefined) {
        if (await this.askForAnother()) continue;
        return false;
      }
      const body = { AccessToken: await this.freshToken(), AttributeName: attributeName, Code: code };
      await fetch(sandbox.url, {
        method: 'POST',
        headers: {
          'x-amz-target': 'AWSCognitoIdentityProviderService.VerifyUserAttribute',
          'amz-sdk-invocation-id': 'service',
        },
        body: JSON.stringify(body),
      }).catch(() => undefined);
      const now = sandbox.attribute(user, attributeName);
      if (now.verified && now.value === value) return true;
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
