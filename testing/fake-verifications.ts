import {
  type AttributeName,
  type CallOptions,
  type CodeConfirmedInput,
  type Duration,
  type HeldReason,
  type ListFilter,
  type RefusedReason,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  type StartedVerification,
  type StartInput,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  VerificationClient,
  type VerificationErrorCode,
  type VerificationListing,
  type VerificationOutcome,
  type VerificationRef,
  type VerificationStatus,
  type Verifications,
  type WithAttemptId,
  type WithRequestId,
} from '@cognito-verification/client';
import { parseDuration } from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import { errorWith, onClock } from './errors.js';
import type {
  CognitoCallName,
  FakeAttribute,
  FakeOptions,
  FakeUser,
  KeepBackOptions,
  NewFakeUser,
  RefusalOptions,
} from './options.js';
import { World } from './world.js';

/** A method of `Verifications` that a service calls. */
export type FailingMethod = Exclude<keyof Verifications, 'forUser' | 'close'>;

/**
 * Takes the place of a `VerificationClient` in the tests of a service, without Temporal, Cognito or a network.
 *
 * It is the real client, and the workflow and the activities of the worker are the real ones: they run in this process. What is
 * made up is the server between them, the user pool, and the clock, which stands still until `advance` moves it. So it gives the
 * answers, the errors and the limits that the service will meet. Time limits of calls (`timeout`) are those of the real clock.
 * @example
 * ```ts
 * import { FakeVerifications } from '@cognito-verification/testing';
 *
 * const verifications = new FakeVerifications({ code: '123456' });
 * const { accessToken } = verifications.createUser();
 * const mine = verifications.forUser({ accessToken });
 * await mine.start('email');
 * const { result } = await mine.submitCode('email', '123456'); // 'verified'
 * ```
 */
export class FakeVerifications extends VerificationClient {
  private readonly world: World;
  private readonly failing: { method: FailingMethod; error: Error | VerificationErrorCode; left: number }[] = [];

  constructor(options: FakeOptions = {}) {
    const world = new World(options);
    const client = new Client({ connection: world.connection });
    super({ client, userPools: world.userPools, sealedElsewhere: true, now: () => world.clock.now() });
    this.world = world;
  }

  /** While it is true, every call fails as while Temporal is away. Verifications go on. Default: false. */
  get temporalIsAway(): boolean {
    return this.world.temporalIsAway;
  }

  set temporalIsAway(isAway: boolean) {
    this.world.temporalIsAway = isAway;
  }

  /** A new user of the pool, signed in, whose attributes are not verified. */
  createUser(user: NewFakeUser = {}): FakeUser {
    return this.world.pool.createUser(user);
  }

  /** A fresh access token of a user. @param lifetime default: an hour */
  accessToken({ sub }: Pick<FakeUser, 'sub'>, lifetime: Duration = '1 hour'): string {
    return this.world.pool.accessToken(sub, msOf(lifetime));
  }

  /** The code in the newest message to the user; undefined if there is none, or it was used. */
  codeFor({ sub }: Pick<FakeUser, 'sub'>, attributeName: AttributeName): string | undefined {
    return this.world.pool.codeOf(sub, attributeName);
  }

  /** The attribute as the pool holds it. */
  attribute({ sub }: Pick<FakeUser, 'sub'>, attributeName: AttributeName): FakeAttribute | undefined {
    return this.world.pool.attribute(sub, attributeName);
  }

  /** Changes the attribute in the pool, as an administrator would: nothing is sent. */
  setAttribute({ sub }: Pick<FakeUser, 'sub'>, attributeName: AttributeName, attribute: FakeAttribute): void {
    this.world.pool.setAttribute(sub, attributeName, attribute);
  }

  /** The time of the fake, which stands still. It begins with that of the process. */
  now(): Date {
    return new Date(this.world.clock.now());
  }

  /**
   * Moves the clock, and does on the way what was due: codes expire, sends go out, deadlines end verifications. Resolves once all
   * that has come to rest.
   */
  async advance(duration: Duration): Promise<void> {
    await this.world.advance(msOf(duration));
  }

  /**
   * Lets Cognito refuse the next call of a kind with an exception, such as `LimitExceededException`, `InternalErrorException` (nobody
   * knows whether it sent) or `NotAuthorizedException`; with `ECONNREFUSED` it is not reached. What follows is what the worker makes
   * of it. Waits between the tries of a call take no time.
   */
  refuse(call: CognitoCallName, exception: string, options: RefusalOptions = {}): void {
    this.world.refusals.refuse(call, exception, options);
  }

  /**
   * Lets the guard of the worker keep the next message back, as where robots ask for codes. For a `HeldReason` the verification is
   * `rateLimited`, with `held` and `retryAt`, and sends then; for a `RefusedReason` it fails.
   */
  keepBack(reason: HeldReason | RefusedReason, { wait = '15 minutes', times = 1 }: KeepBackOptions = {}): void {
    this.world.keptBack.add(reason, msOf(wait), times);
  }

  /** From here on Cognito refuses nothing that it would not refuse by itself, and no message is kept back. */
  accept(): void {
    this.world.refusals.accept();
    this.world.keptBack.clear();
  }

  /** Lets Cognito not answer calls of a kind, so that a verification stays `sending` or a code unchecked. @returns lets it answer */
  hold(call: CognitoCallName): () => Promise<void> {
    const release = this.world.refusals.hold(call);
    return async () => {
      release();
      await this.world.settled();
    };
  }

  /**
   * Lets the next calls of a method throw an error, in place of doing anything.
   * @param error one of your own making, or the code of one
   * @param options `times`: how many calls; default one
   */
  fail(method: FailingMethod, error: Error | VerificationErrorCode, { times = 1 }: { times?: number } = {}): void {
    this.failing.push({ method, error, left: times });
  }

  override async start(input: StartInput, options?: CallOptions): Promise<StartedVerification> {
    return await this.made('start', '', () => super.start(input, options));
  }

  override async status(verification: VerificationRef, options?: CallOptions): Promise<VerificationStatus> {
    return await this.made('status', verification, () => super.status(verification, options));
  }

  override async submitCode(
    verification: VerificationRef,
    input: WithAttemptId<SubmitCodeInput>,
    options?: CallOptions,
  ): Promise<SubmitCodeAnswer> {
    return await this.made('submitCode', verification, () => super.submitCode(verification, input, options));
  }

  override async resendCode(
    verification: VerificationRef,
    input?: WithRequestId<ResendCodeInput>,
    options?: CallOptions,
  ): Promise<VerificationStatus> {
    return await this.made('resendCode', verification, () => super.resendCode(verification, input, options));
  }

  override async confirm(
    verification: VerificationRef,
    input?: CodeConfirmedInput,
    options?: CallOptions,
  ): Promise<void> {
    await this.made('confirm', verification, () => super.confirm(verification, input, options));
  }

  override async renewAccessToken(
    verification: VerificationRef,
    input: WithRequestId<RenewAccessTokenInput>,
    options?: CallOptions,
  ): Promise<VerificationStatus> {
    return await this.made('renewAccessToken', verification, () =>
      super.renewAccessToken(verification, input, options),
    );
  }

  override async cancel(verification: VerificationRef, options?: CallOptions): Promise<void> {
    await this.made('cancel', verification, () => super.cancel(verification, options));
  }

  override async wait(verification: VerificationRef, options?: CallOptions): Promise<VerificationOutcome> {
    return await this.made('wait', verification, () => super.wait(verification, options));
  }

  override async *watch(
    verification: VerificationRef,
    options?: Pick<CallOptions, 'signal'>,
  ): AsyncGenerator<VerificationStatus, VerificationOutcome, undefined> {
    await this.made('watch', verification, () => Promise.resolve());
    return yield* super.watch(verification, options);
  }

  override async *list(
    filter?: ListFilter,
    options?: CallOptions,
  ): AsyncGenerator<VerificationListing, void, undefined> {
    await this.made('list', '', () => Promise.resolve());
    yield* super.list(filter, options);
  }

  private async made<T>(method: FailingMethod, verification: VerificationRef, call: () => Promise<T>): Promise<T> {
    const failing = this.failing.find((one) => one.method === method && one.left > 0);
    const workflowId = typeof verification === 'string' ? verification : verification.workflowId;
    const nowMs = this.world.clock.now();
    if (failing) {
      failing.left -= 1;
      const { error } = failing;
      throw onClock(typeof error === 'string' ? errorWith(error, { workflowId, nowMs }) : error, nowMs);
    }
    try {
      return await call();
    } catch (error) {
      throw onClock(error, nowMs);
    }
  }
}

function msOf(duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms === undefined) throw new TypeError(`${String(duration)} is no duration such as '10 minutes'`);
  return ms;
}
