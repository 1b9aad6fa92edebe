/** For the lifecycle tests: verifications on a rig that moves the clocks of the server and the sandbox together. */
import {
  GetUserAttributeVerificationCodeCommand,
  UpdateUserAttributesCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { VerificationClient } from '@cognito-verification/client';
import {
  type AttributeName,
  type CodeDelivery,
  parseDuration,
  type RequestedVerification,
  type Stamp,
  type SubmitCodeAnswer,
  type VerificationOutcome,
  type VerificationPolicy,
  type VerificationStatus,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { NewUser } from '../../sandbox/index.js';
import { type Rig, type SandboxUser, startRig } from '../rig.js';
import { otherThan, sdkFor } from '../sandbox/running-sandbox.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Cognito's two operations, by the names in the sandbox's log. */
export const SEND = 'GetUserAttributeVerificationCode';
export const ATTEMPT = 'VerifyUserAttribute';

/** A verification that a test started, and its user. */
export interface Opened {
  user: SandboxUser;
  attributeName: AttributeName;
  /** Its workflow id. */
  id: string;
  /** The status in the answer to the start. */
  started: VerificationStatus;
}

export interface Opening {
  policy?: VerificationPolicy;
  attributeName?: AttributeName;
  user?: SandboxUser;
  /** Additional fields of the request. */
  request?: Partial<RequestedVerification> & { stamp?: Stamp };
  /** Does not wait for the first send. */
  impatient?: true;
}

/** Time travel for a whole test file. Faults that a test sets are cleared before the next. */
export function useTimeTravel(...args: Parameters<typeof startRig>): TimeTravel {
  const travel = Object.create(TimeTravel.prototype) as TimeTravel;
  beforeAll(async () => {
    Object.assign(travel, new TimeTravel(await startRig(...args)));
  });
  afterEach(() => travel.base.sandbox.clearFaults());
  afterAll(() => travel.base?.close());
  return travel;
}

export class TimeTravel {
  /** Every verification that was started here, for `replayAll`. */
  readonly started = new Set<string>();
  /**
   * For everything except waiting for the end. It checks no tokens: these stories are about what the workflow does with tokens
   * that are forged or dead, whoever brings them. The rig's own client lets time skip whenever it reads a result, which it does for
   * each message that an ended verification refuses; two such reads at once unbalance the server's lock.
   */
  readonly client: VerificationClient;

  constructor(readonly base: Rig) {
    const { connection, client: noted } = base.env;
    const client = new Client({
      connection,
      dataConverter: base.dataConverter,
      interceptors: noted.options.interceptors,
      ...(noted.options.identity === undefined ? {} : { identity: noted.options.identity }),
    });
    const { userPools, taskQueue, now } = base;
    this.client = new VerificationClient({ client, userPools, taskQueue, now, uncheckedTokens: true });
  }

  /** Moves the sandbox's clock up to the server's, which runs ahead while a result is awaited. */
  async sync(): Promise<void> {
    const { env, sandbox } = this.base;
    const behindMs = (await env.currentTimeMs()) - sandbox.now().getTime();
    if (behindMs > 0) sandbox.advanceClock(behindMs);
  }

  /** Lets time pass on the server and in the sandbox, in slices small enough that neither runs far ahead. */
  async pass(duration: Duration): Promise<void> {
    await this.sync();
    const { env, sandbox } = this.base;
    const totalMs = parseDuration(duration) as number;
    const slices = Math.min(24, Math.max(1, Math.ceil(totalMs / (5 * MINUTE))));
    for (let slice = 0; slice < slices; slice++) {
      // The sandbox moves first: a limit that ends at some time must have ended when a timer fires at that time.
      sandbox.advanceClock(totalMs / slices);
      await env.sleep(totalMs / slices);
    }
    await this.sync();
  }

  async now(): Promise<number> {
    return await this.base.env.currentTimeMs();
  }

  /** Creates a user with both attributes and, by default, a token that lasts a day. */
  async user(user: NewUser = {}, expiresInSeconds = 24 * 3600): Promise<SandboxUser> {
    await this.sync();
    const attributes = { email: 'zoe@example.com', phone_number: '+15555550123' };
    const created = await this.base.sandbox.createUser({ attributes, ...user });
    return { ...created, accessToken: await this.base.sandbox.issueAccessToken(created, { expiresInSeconds }) };
  }

  async token(user: SandboxUser, options: { expiresInSeconds?: number; forged?: boolean } = {}): Promise<string> {
    await this.sync();
    return await this.base.sandbox.issueAccessToken(user, options);
  }

  async open(opening: Opening = {}): Promise<Opened> {
    const user = opening.user ?? (await this.user());
    const attributeName = opening.attributeName ?? 'email';
    const { policy } = opening;
    const request = {
      accessToken: user.accessToken,
      attributeName,
      ...(policy ? { policy } : {}),
      ...opening.request,
    };
    const id = workflowIdFor({ ...user, attributeName });
    this.started.add(id);
    if (opening.impatient) {
      const { env, taskQueue } = this.base;
      await env.client.workflow.start(WORKFLOW_TYPE, { workflowId: id, taskQueue, args: [request] });
    } else {
      await this.client.start(request);
    }
    return { user, attributeName, id, started: await this.client.status(id) };
  }

  status({ id }: Opened): Promise<VerificationStatus> {
    return this.client.status(id);
  }

  submit({ id }: Opened, code: string, accessToken?: string): Promise<SubmitCodeAnswer> {
    return this.client.submitCode(id, { code, ...(accessToken ? { accessToken } : {}) });
  }

  /** Submits the newest code. */
  submitRight(opened: Opened, accessToken?: string): Promise<SubmitCodeAnswer> {
    return this.submit(opened, this.code(opened), accessToken);
  }

  /** Submits a code that was never sent. */
  submitWrong(opened: Opened, accessToken?: string): Promise<SubmitCodeAnswer> {
    return this.submit(opened, otherThan(...this.codes(opened)), accessToken);
  }

  resend({ id }: Opened, accessToken?: string): Promise<VerificationStatus> {
    return this.client.resendCode(id, accessToken ? { accessToken } : {});
  }

  /** Waits for the end, and lets time skip to it. */
  wait({ id }: Opened): Promise<VerificationOutcome> {
    return this.base.client.wait(id);
  }

  /** The time from its deadline to its end. */
  async closedAfterDeadlineMs({ id, started }: Opened): Promise<number> {
    const { closeTime } = await this.base.env.client.workflow.getHandle(id).describe();
    return (closeTime?.getTime() ?? Number.NaN) - Date.parse(started.expiresAt);
  }

  /** The newest code of the user. */
  code({ user, attributeName }: Opened): string {
    return this.base.sandbox.codeFor(user, attributeName);
  }

  /** All codes of the user, oldest first. */
  codes({ user, attributeName }: Opened): string[] {
    return this.base.sandbox
      .inbox(user)
      .filter((message) => message.attributeName === attributeName)
      .map(({ code }) => code);
  }

  /** The number of the user's requests to Cognito, by operation. */
  calls({ user }: Pick<Opened, 'user'>): { sends: number; attempts: number; reads: number } {
    const of = (operation: string) => this.base.sandbox.calls({ operation, username: user.username }).length;
    return {
      sends: of('GetUserAttributeVerificationCode'),
      attempts: of('VerifyUserAttribute'),
      reads: of('GetUser'),
    };
  }

  /** Acts as an application that calls Cognito itself, without the verification. */
  async verifyElsewhere(opened: Opened): Promise<void> {
    const client = sdkFor(this.base.sandbox);
    const AccessToken = await this.token(opened.user);
    const command = new VerifyUserAttributeCommand({
      AccessToken,
      AttributeName: opened.attributeName,
      Code: this.code(opened),
    });
    await client.send(command).finally(() => client.destroy());
  }

  /** Acts as an application that asks Cognito for a code, beside the verification. */
  async askForCode({ user, attributeName: AttributeName }: Opened): Promise<void> {
    const client = sdkFor(this.base.sandbox);
    const AccessToken = await this.token(user);
    const command = new GetUserAttributeVerificationCodeCommand({ AccessToken, AttributeName });
    await client.send(command).finally(() => client.destroy());
  }

  /** Acts as an application that changes the address; Cognito may send a code by itself. Returns its destination. */
  async changeEmail(user: SandboxUser, email: string): Promise<CodeDelivery> {
    const client = sdkFor(this.base.sandbox);
    const command = new UpdateUserAttributesCommand({
      AccessToken: await this.token(user),
      UserAttributes: [{ Name: 'email', Value: email }],
    });
    const { CodeDeliveryDetailsList: list } = await client.send(command).finally(() => client.destroy());
    return { destination: list?.[0]?.Destination ?? '', deliveryMedium: list?.[0]?.DeliveryMedium ?? '' };
  }

  /** Makes Cognito answer the user's calls with an exception until the faults are cleared. */
  refuse({ username }: SandboxUser, operation: string, name: string, times?: number): string {
    return this.base.sandbox.setFault({ operation, username, exception: { name }, ...(times ? { times } : {}) });
  }

  /** Polls until the status satisfies `holds`: for changes that happen by themselves, within moments. */
  async until(opened: Opened, holds: (status: VerificationStatus) => boolean): Promise<VerificationStatus> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const status = await this.status(opened);
      if (holds(status)) return status;
      if (Date.now() > deadline) throw new Error(`It never came to that: ${JSON.stringify(status)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
