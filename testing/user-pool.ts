import { generateKeyPairSync, type KeyPairKeyObjectResult, randomUUID, sign } from 'node:crypto';
import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  decodeAccessToken,
  REQUIRED_SCOPE,
  type UserKey,
} from '@cognito-verification/contract';
import { CognitoRefusal, type Command } from './bundled/lifecycle.js';
import type { Clock } from './clock.js';
import type { FakeAttribute, FakeUser, NewFakeUser } from './options.js';

interface User {
  readonly attributes: Map<AttributeName, FakeAttribute>;
  readonly codes: Map<AttributeName, { code: string; sentAtMs: number; pending: boolean }>;
}

const HOUR_MS = 3_600_000;
const CODE_LIVES_MS = 24 * HOUR_MS;
let keyOfProcess: KeyPairKeyObjectResult | undefined;

/** Most tests make a fake each, and a key takes longer than a verification. Small, because it signs nothing but the tokens of tests. */
function signingKey(): KeyPairKeyObjectResult {
  keyOfProcess ??= generateKeyPairSync('rsa', { modulusLength: 1024 });
  return keyOfProcess;
}

/** The user pool of a fake: its users, the codes that it has sent, and what it refuses. */
export class FakeUserPool {
  /** As a token names it. */
  readonly issuer: string;
  readonly userPoolId: string;
  private readonly keepsOriginal: boolean;
  private readonly users = new Map<string, User>();
  private readonly key = signingKey();
  /** The tokens of one fake are none to another. */
  private readonly kid = randomUUID();

  /** @param code the next code */
  constructor(
    { userPoolId, keepsOriginal }: { userPoolId: string; keepsOriginal: boolean },
    private readonly clock: Clock,
    private readonly code: () => string,
  ) {
    this.userPoolId = userPoolId;
    this.keepsOriginal = keepsOriginal;
    this.issuer = `https://cognito-idp.${userPoolId.split('_')[0]}.amazonaws.com/${userPoolId}`;
  }

  /** The keys with which its tokens are checked. */
  get keys() {
    return [{ ...this.key.publicKey.export({ format: 'jwk' }), kid: this.kid, alg: 'RS256', use: 'sig' }];
  }

  createUser({ attributes = {}, verified = [] }: NewFakeUser): FakeUser {
    const user: UserKey = { userPoolId: this.userPoolId, sub: randomUUID() };
    const values = { email: 'zoe@example.com', phone_number: '+15555550123', ...attributes };
    const held = ATTRIBUTE_NAMES.map(
      (name) => [name, { value: values[name], verified: verified.includes(name) }] as const,
    );
    this.users.set(user.sub, { attributes: new Map(held), codes: new Map() });
    return { ...user, accessToken: this.accessToken(user.sub) };
  }

  accessToken(sub: string, livesMs: number = HOUR_MS): string {
    const seconds = Math.floor(this.clock.now() / 1000);
    const claims = { sub, iss: this.issuer, token_use: 'access', scope: REQUIRED_SCOPE, client_id: 'fake' };
    const payload = { ...claims, jti: randomUUID(), iat: seconds, exp: seconds + Math.ceil(livesMs / 1000) };
    const parts = [{ alg: 'RS256', kid: this.kid }, payload].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    return `${parts.join('.')}.${sign('sha256', Buffer.from(parts.join('.')), this.key.privateKey).toString('base64url')}`;
  }

  attribute(sub: string, name: AttributeName): FakeAttribute | undefined {
    return this.users.get(sub)?.attributes.get(name);
  }

  setAttribute(sub: string, name: AttributeName, attribute: FakeAttribute): void {
    this.users.get(sub)?.attributes.set(name, { ...attribute });
  }

  codeOf(sub: string, name: AttributeName): string | undefined {
    return this.users.get(sub)?.codes.get(name)?.code;
  }

  /** The answer to a call. @throws CognitoRefusal */
  answer({ call, input }: Command): object {
    const { sub, expiresAtMs = 0 } = decodeAccessToken(input.AccessToken);
    const user = this.users.get(sub);
    if (expiresAtMs <= this.clock.now()) throw refused('NotAuthorizedException', 'Access Token has expired');
    if (!user) throw refused('UserNotFoundException', 'User does not exist.');
    if (call === 'GetUser') return userAnswer(sub, user);
    const [change] = input.UserAttributes ?? [];
    const name = ATTRIBUTE_NAMES.find((one) => one === (change?.Name ?? input.AttributeName));
    const attribute = name && user.attributes.get(name);
    if (!name || !attribute) throw refused('InvalidParameterException', 'User has no such attribute');
    if (change) return { CodeDeliveryDetailsList: this.change(user, name, attribute, change.Value) };
    return call === 'GetUserAttributeVerificationCode'
      ? { CodeDeliveryDetails: this.send(user, name, attribute.value) }
      : this.verify(user, name, attribute, input.Code);
  }

  private change(user: User, name: AttributeName, attribute: FakeAttribute, value: string): object[] {
    if (attribute.value === value) return [];
    if (this.keepsOriginal) attribute.pendingValue = value;
    else user.attributes.set(name, { value, verified: false });
    return [this.send(user, name, value, this.keepsOriginal)];
  }

  private send(user: User, name: AttributeName, value: string, pending = false): object {
    user.codes.set(name, { code: this.code(), sentAtMs: this.clock.now(), pending });
    const medium = name === 'email' ? 'EMAIL' : 'SMS';
    return { AttributeName: name, DeliveryMedium: medium, Destination: masked(name, value) };
  }

  private verify(user: User, name: AttributeName, attribute: FakeAttribute, code: string | undefined): object {
    const sent = user.codes.get(name);
    const isOld = sent === undefined || this.clock.now() - sent.sentAtMs > CODE_LIVES_MS;
    if (isOld) throw refused('ExpiredCodeException', 'Invalid code provided, please request a code again.');
    if (sent.code !== code)
      throw refused('CodeMismatchException', 'Invalid verification code provided, please try again.');
    user.codes.delete(name);
    if (sent.pending && attribute.pendingValue !== undefined) {
      attribute.value = attribute.pendingValue;
      attribute.pendingValue = undefined;
    }
    attribute.verified = true;
    return {};
  }
}

const refused = (name: string, message: string) => new CognitoRefusal(name, message, 400);

function userAnswer(sub: string, { attributes }: User): object {
  const fields = [...attributes].flatMap(([name, { value, verified }]) => [
    { Name: name, Value: value },
    { Name: `${name}_verified`, Value: String(verified) },
  ]);
  return { Username: sub, UserAttributes: [{ Name: 'sub', Value: sub }, ...fields] };
}

/** As Cognito masks a destination. */
function masked(name: AttributeName, value: string): string {
  if (name === 'phone_number') return `+${'*'.repeat(Math.max(1, value.length - 5))}${value.slice(-4)}`;
  const [local = '', domain = ''] = value.split('@');
  return `${local.slice(0, 1)}***@${domain.slice(0, 1)}***`;
}
