/** Acts for a person in a story: turns actions into messages, and sends them. */
import { ResendNotAllowedError, VerificationError, type VerificationPolicy } from '@cognito-verification/client';
import { type AttributeName, workflowIdFor } from '@cognito-verification/contract';
import type { SandboxUser } from '../rig.js';
import type { Message } from './messages.js';
import { codeToType } from './model.js';
import { type ModelRig, WRONG_CODE } from './rig.js';
import { type Ask, changesValue, rulesOf, type Story } from './scenario.js';
import { attemptsLeft, HOUR, isEnd, MINUTE, type Token, type Told, type World } from './world.js';

const LONG = 72 * HOUR;
const A_MOMENT = 20 * MINUTE;
/** The number of the value that a start has as `newValue`, and of the first that the user changes to before it. */
export const NEW_VALUE = 1;

export class Caller {
  /** By their numbers in the model. */
  readonly jwts: string[] = [];
  /** How many values the attribute has had after its first. */
  private values = 1;
  /** How often the user has changed the value. */
  changes = 0;
  /** Kept where the attribute changed after the end. */
  private heldAtEnd: ReturnType<ModelRig['base']['sandbox']['attribute']> | undefined;

  private constructor(
    private readonly rig: ModelRig,
    private readonly story: Story,
    readonly user: SandboxUser,
    /** The workflow id. */
    readonly id: string,
    /** The app client of its tokens. */
    private readonly clientId: string,
  ) {}

  static async signUp(rig: ModelRig, story: Story): Promise<Caller> {
    const { attributeName, verified, keeps, told } = story;
    await rig.now();
    const attributes = { email: valueOf('email', 0), phone_number: valueOf('phone_number', 0) };
    const flags = { emailVerified: verified, phoneNumberVerified: verified };
    const user = await rig.base.sandbox.createUser({ attributes, ...flags, requireVerificationBeforeUpdate: keeps });
    const id = workflowIdFor({ ...user, attributeName });
    rig.started.push(id);
    const clientId = told === 'all' ? user.clientId : await rig.clientThatReads(user, readBy(told, attributeName));
    return new Caller(rig, story, user, id, clientId);
  }

  /** Changes the value, upon which Cognito sends a code by itself. */
  async changeTo(value: number): Promise<void> {
    const { attributeName } = this.story;
    await this.rig.now();
    this.changes += 1;
    await this.rig.change(this.user, attributeName, this.valueOf(value));
  }

  /** Starts the verification with the first token. */
  async start(): Promise<string> {
    const { attributeName, alreadySent, keeps } = this.story;
    const change = this.changesValue ? { newValue: this.valueOf(NEW_VALUE), replaceAtOnce: !keeps } : {};
    await this.rig[this.changesValue ? 'checking' : 'client'].start({
      accessToken: this.jwts[0] as string,
      attributeName,
      policy: this.policy,
      reverify: this.story.reverify,
      ...change,
      ...(alreadySent ? { alreadySent: { destination: 'z***@e***', deliveryMedium: 'EMAIL' } } : {}),
    });
    return 'status';
  }

  /** The verification itself changes the value. */
  get changesValue(): boolean {
    return changesValue(this.story);
  }

  private get policy(): VerificationPolicy {
    const { resendAfter, ...policy } = rulesOf(this.story);
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
        // After the end, and where no attempts are left, a start would open another verification.
        if (worlds.some((one) => isEnd(one.state) || attemptsLeft(one) === 0)) return { kind: 'submitMalformed' };
        return { kind: 'join', token: await bring({ forged: ask === 'joinWithForgedToken' }) };
      case 'bringForeignToken':
        return { kind: 'foreign' };
      case 'confirm':
        return { kind: 'confirm' };
      case 'verifyElsewhere':
        return { kind: 'verifiedElsewhere' };
      case 'changeValue':
        return { kind: 'change', value: ++this.values };
      case 'changeValueBack':
        return { kind: 'change', value: 0 };
      case 'revokeTokens':
        return { kind: 'revokeTokens' };
      case 'cancel':
        return { kind: 'cancel' };
    }
  }

  /** The value of this number. */
  valueOf(number: number): string {
    return valueOf(this.story.attributeName, number);
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
    const { userPoolId, username } = this.user;
    const owner = { userPoolId, username, clientId: this.clientId };
    const jwt = await sandbox.issueAccessToken(owner, { expiresInSeconds: lives / 1000, forged });
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
        return (await client.submitCode(id, { code: 'no code' })).result;
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
          reverify: story.reverify,
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
        await this.keepWhatIsHeld();
        await rig.verify(user, story.attributeName);
        return 'done';
      case 'change':
        await this.keepWhatIsHeld();
        await this.changeTo(message.value);
        return 'done';
      case 'revokeTokens':
        base.sandbox.revokeTokens(user);
        return 'done';
    }
  }

  /** What Cognito held at the end, or holds now where there is none yet. */
  get held() {
    return this.heldAtEnd ?? this.rig.base.sandbox.attribute(this.user, this.story.attributeName);
  }

  /** A change after the end says nothing about the outcome. */
  private async keepWhatIsHeld(): Promise<void> {
    const described = await this.rig.describe(this.id);
    if (described?.closedAt !== undefined) this.heldAtEnd = this.held;
  }

  private codeOf(number: number | undefined, world: World | undefined): string {
    if (number === undefined) return WRONG_CODE;
    const { attributeName } = this.story;
    const codes = this.rig.base.sandbox.inbox(this.user).filter((message) => message.attributeName === attributeName);
    const index = world?.cognito.inbox.indexOf(number) ?? -1;
    return codes[index]?.code ?? WRONG_CODE;
  }
}

/** The value of this number. */
function valueOf(attributeName: AttributeName, number: number): string {
  return attributeName === 'email' ? `zoe.${number}@example.com` : `+1555555${String(100 + number).padStart(4, '0')}`;
}

/** What an app client reads that is not told a part of the attribute. */
function readBy(told: Told, attributeName: AttributeName): string[] {
  return [told === 'noFlag' ? attributeName : `${attributeName}_verified`, 'name'];
}

/** The name of a refusal. */
export function nameOf(error: unknown): string {
  if (error instanceof ResendNotAllowedError) return `ResendNotAllowed:${error.reason}`;
  if (error instanceof VerificationError) return error.code;
  return String(error);
}
