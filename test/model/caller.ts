/** Acts for a person in a story: turns actions into messages, and sends them. */
import { ResendNotAllowedError, VerificationError, type VerificationPolicy } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import type { SandboxUser } from '../rig.js';
import type { Message } from './messages.js';
import { codeToType } from './model.js';
import { type ModelRig, WRONG_CODE } from './rig.js';
import type { Ask, Story } from './scenario.js';
import { HOUR, isEnd, MINUTE, type Token, type World } from './world.js';

const LONG = 72 * HOUR;
const A_MOMENT = 20 * MINUTE;

export class Caller {
  /** By their numbers in the model. */
  readonly jwts: string[] = [];

  private constructor(
    private readonly rig: ModelRig,
    private readonly story: Story,
    readonly user: SandboxUser,
    /** The workflow id. */
    readonly id: string,
  ) {}

  static async signUp(rig: ModelRig, story: Story): Promise<Caller> {
    const { attributeName, verified } = story;
    await rig.now();
    const attributes = { email: 'zoe@example.com', phone_number: '+15555550123' };
    const flags = { emailVerified: verified, phoneNumberVerified: verified };
    const user = await rig.base.sandbox.createUser({ attributes, ...flags });
    const id = workflowIdFor({ ...user, attributeName });
    rig.started.push(id);
    return new Caller(rig, story, user, id);
  }

  /** Starts the verification with the first token. */
  async start(): Promise<string> {
    const { attributeName, alreadySent } = this.story;
    await this.rig.client.start({
      accessToken: this.jwts[0] as string,
      attributeName,
      policy: this.policy,
      ...(alreadySent ? { alreadySent: { destination: 'z***@e***', deliveryMedium: 'EMAIL' } } : {}),
    });
    return 'status';
  }

  private get policy(): VerificationPolicy {
    const { resendAfter, ...policy } = this.story.rules;
    return { ...policy, ...(resendAfter === undefined ? {} : { resendAfter }) };
  }

  /** Chooses the message for the possible worlds, and tells them the token that it brings. */
  async decide(ask: Ask, worlds: readonly World[]): Promise<Message> {
    const [world] = worlds;
    if (!world) throw new Error('no world');
    const bring = (options?: { lives?: number; forged?: boolean }) => this.bring(worlds, options);
    const submit = (which: 'newest' | 'oldest' | 'wrong', token?: number): Message => {
      return { kind: 'submit', code: codeToType(world, which), ...(token === undefined ? {} : { token }) };
    };
    switch (ask) {
      case 'submitNewest':
        return submit('newest');
      case 'submitOldest':
        return submit('oldest');
      case 'submitWrong':
        return submit('wrong');
      case 'submitMalformed':
        return { kind: 'submitMalformed' };
      case 'submitNewestWithFreshToken':
        return submit('newest', await bring());
      case 'submitNewestWithFirstToken':
        return submit('newest', 0);
      case 'submitWrongWithForgedToken':
        return submit('wrong', await bring({ forged: true }));
      case 'resend':
        return { kind: 'resend' };
      case 'resendWithFreshToken':
        return { kind: 'resend', token: await bring() };
      case 'resendWithForgedToken':
        return { kind: 'resend', token: await bring({ forged: true }) };
      case 'renew':
        return { kind: 'renew', token: await bring() };
      case 'renewForAMoment':
        return { kind: 'renew', token: await bring({ lives: A_MOMENT }) };
      case 'renewWithForgedToken':
        return { kind: 'renew', token: await bring({ forged: true }) };
      case 'renewWithFirstToken':
        return { kind: 'renew', token: 0 };
      case 'join':
      case 'joinWithForgedToken':
        // After the end, a start would open another verification.
        if (worlds.every(({ state }) => isEnd(state))) return { kind: 'submitMalformed' };
        return { kind: 'join', token: await bring({ forged: ask === 'joinWithForgedToken' }) };
      case 'bringForeignToken':
        return { kind: 'foreign' };
      case 'confirm':
        return { kind: 'confirm' };
      case 'verifyElsewhere':
        return { kind: 'verifiedElsewhere' };
      case 'revokeTokens':
        return { kind: 'revokeTokens' };
      case 'cancel':
        return { kind: 'cancel' };
    }
  }

  /** Issues a token under its number in the model. */
  private async bring(worlds: readonly World[], { lives = LONG, forged = false } = {}): Promise<number> {
    await this.rig.now();
    const token = await this.mint(lives, forged);
    for (const world of worlds) world.tokens.push({ ...token });
    return this.jwts.length - 1;
  }

  async mint(lives: number, forged = false): Promise<Token> {
    const { sandbox } = this.rig.base;
    const jwt = await sandbox.issueAccessToken(this.user, { expiresInSeconds: lives / 1000, forged });
    this.jwts.push(jwt);
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { exp: number };
    return { good: !forged, expiresAt: claims.exp * 1000 };
  }

  /** @returns the answer, in a word */
  async send(message: Message, [world]: readonly World[]): Promise<string> {
    const { rig, id, user, story } = this;
    const { client, base } = rig;
    const token =
      'token' in message && message.token !== undefined
        ? { accessToken: this.jwts[message.token] as string }
        : undefined;
    switch (message.kind) {
      case 'submit':
        return (await client.submitCode(id, { code: this.codeOf(message.code, world), ...token })).result;
      case 'submitMalformed':
        return (await client.submitCode(id, { code: '12 34' })).result;
      case 'resend':
        await client.resendCode(id, { ...token });
        return 'status';
      case 'renew':
        await client.renewAccessToken(id, token as { accessToken: string });
        return 'status';
      case 'join':
        await client.start({
          ...(token as { accessToken: string }),
          attributeName: story.attributeName,
          policy: this.policy,
        });
        return 'status';
      case 'foreign': {
        const { accessToken } = await base.sandbox.createUser();
        await client.renewAccessToken(id, { accessToken });
        return 'status';
      }
      case 'confirm':
        await client.confirm(id, { reference: 'order 66' });
        return 'done';
      case 'cancel':
        await client.cancel(id);
        return 'done';
      case 'verifiedElsewhere':
        await rig.verify(user, story.attributeName);
        return 'done';
      case 'revokeTokens':
        base.sandbox.revokeTokens(user);
        return 'done';
    }
  }

  private codeOf(number: number | undefined, world: World | undefined): string {
    if (number === undefined) return WRONG_CODE;
    const { attributeName } = this.story;
    const codes = this.rig.base.sandbox.inbox(this.user).filter((message) => message.attributeName === attributeName);
    const index = world?.cognito.inbox.indexOf(number) ?? -1;
    return codes[index]?.code ?? WRONG_CODE;
  }
}

/** The name of a refusal. */
export function nameOf(error: unknown): string {
  if (error instanceof ResendNotAllowedError) return `ResendNotAllowed:${error.reason}`;
  if (error instanceof VerificationError) return error.code;
  return String(error);
}
