import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  type CodeConfirmedInput,
  parseRequest,
  type RequestedUser,
  type RequestedVerification,
  type ResendCodeInput,
  type SubmitCodeAnswer,
  type TokenInput,
  tokenFields,
  type UserKey,
  type VerificationOutcome,
  type VerificationStatus,
  workflowIdFor,
} from '@cognito-verification/contract';
import type { CallOptions, StartedVerification } from './client-options.js';
import { AccessTokenRefusedError, InvalidRequestError } from './errors.js';
import { parse } from './input.js';
import type { AnyVerifications, StartInput } from './verifications.js';

/** The verifications of one user, by attribute: see `VerificationsOfUser`, whose methods these are. */
export type UserVerifications = Pick<VerificationsOfUser, keyof VerificationsOfUser>;

/**
 * Who is signed in: the `Authorization` header of the request as it came, with the access token alone or after `Bearer`; or the
 * access token; or a reference with `userPoolId` and `sub` of your own session.
 */
export type SignedInUser =
  | RequestedUser
  | { authorization: string | null | undefined; accessToken?: undefined; accessTokenReference?: undefined };

/**
 * What a `VerificationClient` can do, as an interface: for a service that puts something else in its place in tests, such as
 * `FakeVerifications` of `@cognito-verification/testing`.
 */
export interface Verifications extends AnyVerifications {
  /**
   * The verifications of one user, by attribute.
   * @throws InvalidRequestError, AccessTokenRefusedError
   */
  forUser(user: SignedInUser): UserVerifications;
}

/** The last argument of most methods of `UserVerifications`. */
export interface UserCallOptions extends CallOptions {
  /** What `start` returned: then the call is about that verification and no later one of the same attribute. */
  run?: string | undefined;
}

/** What a start asks for, apart from the user and the attribute. */
export type UserStart = Omit<RequestedVerification, 'attributeName'> & Pick<StartInput, 'requestId' | 'takeOver'>;

/** What the verifications of a user are made with. */
interface Parts {
  readonly client: AnyVerifications;
  /** Lets the token of this user through, and no other. */
  readonly check: (token: TokenInput) => Promise<unknown>;
  readonly user: SignedInUser;
}

/**
 * The verifications of one user, by attribute. Whose they are is part of the object: there is no argument by which a call could
 * reach those of somebody else. `VerificationClient.forUser` makes it, for one request of a signed-in user.
 *
 * An access token is checked before each call, as `start` of the client checks it, and goes along with each message. A reference
 * is not checked: `userPoolId` and `sub` beside it must come from your own session, never from the request.
 */
export class VerificationsOfUser {
  private readonly client: AnyVerifications;
  private readonly check: () => Promise<unknown>;
  private readonly owner: UserKey;
  private readonly tokenInput: TokenInput;

  /** @throws InvalidRequestError, AccessTokenRefusedError */
  constructor({ client, check, user }: Parts) {
    const requested = requestedUser(user);
    // Without a token nobody is signed in. What the person has entered is not to blame.
    if (requested.accessToken === '') throw new AccessTokenRefusedError('accessToken is empty: nobody is signed in.');
    const { owner, tokenInput } = parse(() => parseRequest({ ...requested, attributeName: 'email' }));
    this.client = client;
    this.owner = owner;
    this.tokenInput = tokenInput;
    this.check = () => check(tokenInput);
  }

  /** `start` of the client. */
  async start(
    attributeName: AttributeName,
    request: UserStart = {},
    options?: CallOptions,
  ): Promise<Omit<StartedVerification, 'workflowId'>> {
    const token = tokenFields(this.tokenInput);
    const user: RequestedUser = token.accessToken === undefined ? { ...token, ...this.owner } : token;
    const { run, status } = await this.client.start({ ...request, ...user, attributeName }, options);
    return { run, status };
  }

  /** `status` of the client. */
  async status(attributeName: AttributeName, options?: UserCallOptions): Promise<VerificationStatus> {
    const ref = this.ref(attributeName, options);
    await this.check();
    return await this.client.status(ref, options);
  }

  /** `submitCode` of the client. */
  async submitCode(
    attributeName: AttributeName,
    code: string,
    options?: UserCallOptions & { attemptId?: string | undefined },
  ): Promise<SubmitCodeAnswer> {
    const input = { code, attemptId: options?.attemptId, ...tokenFields(this.tokenInput) };
    return await this.client.submitCode(this.ref(attributeName, options), input, options);
  }

  /** `resendCode` of the client. */
  async resendCode(
    attributeName: AttributeName,
    input: Pick<ResendCodeInput, 'clientMetadata'> & { requestId?: string | undefined } = {},
    options?: UserCallOptions,
  ): Promise<VerificationStatus> {
    const { clientMetadata, requestId } = { ...input };
    const message = { clientMetadata, requestId, ...tokenFields(this.tokenInput) };
    return await this.client.resendCode(this.ref(attributeName, options), message, options);
  }

  /** `renewAccessToken` of the client, with the token or the reference of this object. */
  async renewAccessToken(attributeName: AttributeName, options?: UserCallOptions): Promise<VerificationStatus> {
    const ref = this.ref(attributeName, options);
    return await this.client.renewAccessToken(ref, tokenFields(this.tokenInput), options);
  }

  /** `confirm` of the client. */
  async confirm(
    attributeName: AttributeName,
    input: Pick<CodeConfirmedInput, 'reference'> = {},
    options?: UserCallOptions,
  ): Promise<void> {
    const message = { reference: input.reference, ...tokenFields(this.tokenInput) };
    await this.client.confirm(this.ref(attributeName, options), message, options);
  }

  /** `cancel` of the client. */
  async cancel(attributeName: AttributeName, options?: UserCallOptions): Promise<void> {
    const ref = this.ref(attributeName, options);
    await this.check();
    await this.client.cancel(ref, options);
  }

  /** `wait` of the client. */
  async wait(attributeName: AttributeName, options?: UserCallOptions): Promise<VerificationOutcome> {
    const ref = this.ref(attributeName, options);
    await this.check();
    return await this.client.wait(ref, options);
  }

  /** `watch` of the client. The token is checked once, at the beginning. */
  async *watch(
    attributeName: AttributeName,
    options?: Pick<UserCallOptions, 'run' | 'signal'>,
  ): AsyncGenerator<VerificationStatus, VerificationOutcome, undefined> {
    const ref = this.ref(attributeName, options);
    await this.check();
    return yield* this.client.watch(ref, options);
  }

  private ref(attributeName: AttributeName, options: UserCallOptions | undefined) {
    // A caller without TypeScript may pass anything, such as what a browser has sent.
    if (!ATTRIBUTE_NAMES.includes(attributeName)) {
      throw new InvalidRequestError('attributeName', `attributeName must be one of ${ATTRIBUTE_NAMES.join(', ')}.`);
    }
    return { workflowId: workflowIdFor({ ...this.owner, attributeName }), run: options?.run };
  }
}

/** With the access token in place of the header. Other credentials in the header are refused as no token. */
function requestedUser(user: SignedInUser): RequestedUser {
  // A caller without TypeScript may pass anything.
  const given = { ...user };
  if (!('authorization' in given)) return given;
  const { authorization, ...others } = given;
  const accessToken = typeof authorization === 'string' ? authorization.replace(/^bearer +/i, '') : '';
  return { ...others, accessToken };
}
