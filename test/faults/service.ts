/** An onboarding service: it repeats each request under the same id until it has an answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type VerificationClient, VerificationError } from '@cognito-verification/client';
import type { AttributeName, VerificationPolicy, VerificationStatus } from '@cognito-verification/contract';
import type { ClientCall, Operation } from './record.js';

/** These errors leave open whether the call had an effect, or say that it cannot have had one yet. */
const ASKED_AGAIN: ReadonlySet<string> = new Set(['TemporalUnavailable', 'WorkerUnavailable']);
const TRIES = 200;
const PAUSE_MS = 1_000;

/** The result of a call: its answer, or the code of the error that refused it. */
export type Heard = { status?: VerificationStatus; result?: string; refused?: string };

/** Limits simultaneous calls, like the connections of a service. */
export class Gate {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(places: number) {
    this.free = places;
  }

  async through<T>(call: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

/** What a verification is about. */
export interface About {
  workflowId: string;
  attributeName: AttributeName;
  /** Default: the value that the user has. */
  newValue?: string | undefined;
  replaceAtOnce?: boolean | undefined;
}

/** The service, in its dealings with one verification. */
export class Service {
  readonly calls: ClientCall[] = [];
  /** The number of answered calls. */
  answered = 0;
  private ids = 0;

  constructor(
    private readonly client: VerificationClient,
    private readonly about: About,
    private readonly gate: Gate,
    /** Chooses the calls whose answer is lost on the way: the service makes them twice at the same time. */
    private readonly twice: () => boolean,
    private readonly givesUpAt: number,
  ) {}

  get workflowId(): string {
    return this.about.workflowId;
  }

  /** A fresh id for each request. */
  id(): string {
    return `wish-${++this.ids}`;
  }

  start(accessToken: string, policy: VerificationPolicy, id = this.id()): Promise<Heard> {
    const { attributeName, newValue, replaceAtOnce } = this.about;
    return this.ask('start', id, async () =>
      this.client.start({ accessToken, attributeName, newValue, replaceAtOnce, policy, requestId: id }),
    );
  }

  submit(code: string, { accessToken, id = this.id() }: { accessToken?: string; id?: string } = {}): Promise<Heard> {
    const token = accessToken === undefined ? {} : { accessToken };
    return this.ask('submitCode', id, () => this.client.submitCode(this.workflowId, { code, attemptId: id, ...token }));
  }

  resend(accessToken?: string): Promise<Heard> {
    const id = this.id();
    const token = accessToken === undefined ? {} : { accessToken };
    return this.ask('resendCode', id, async () => ({
      status: await this.client.resendCode(this.workflowId, { requestId: id, ...token }),
    }));
  }

  renew(accessToken: string): Promise<Heard> {
    const id = this.id();
    return this.ask('renewAccessToken', id, async () => ({
      status: await this.client.renewAccessToken(this.workflowId, { accessToken, requestId: id }),
    }));
  }

  confirm(): Promise<Heard> {
    return this.ask('confirm', this.id(), async () => {
      await this.client.confirm(this.workflowId, { reference: 'signed up' });
      return {};
    });
  }

  cancel(): Promise<Heard> {
    return this.ask('cancel', this.id(), async () => {
      await this.client.cancel(this.workflowId);
      return {};
    });
  }

  private async ask(operation: Operation, id: string, call: () => Promise<Heard>): Promise<Heard> {
    const requests = [this.askUntilHeard(operation, id, call)];
    if (this.twice()) requests.push(this.askUntilHeard(operation, id, call));
    const [first, second] = await Promise.all(requests);
    return first?.refused === undefined ? (first ?? {}) : (second ?? first);
  }

  private async askUntilHeard(operation: Operation, id: string, call: () => Promise<Heard>): Promise<Heard> {
    for (let tries = 1; ; tries++) {
      const answer = await this.gate.through(() => this.askOnce(operation, id, call));
      const again = answer.refused !== undefined && ASKED_AGAIN.has(answer.refused);
      if (!again || tries === TRIES || Date.now() > this.givesUpAt) return answer;
      await sleep(PAUSE_MS);
    }
  }

  private async askOnce(operation: Operation, id: string, call: () => Promise<Heard>): Promise<Heard> {
    const atMs = Date.now();
    const note = (answer: string, heard: Heard = {}) => {
      const { result, status } = heard;
      if (answer === 'ok') this.answered += 1;
      this.calls.push({
        atMs,
        endedAtMs: Date.now(),
        operation,
        id,
        answer,
        ...(result === undefined ? {} : { result }),
        ...(status ? { status } : {}),
      });
      return heard;
    };
    try {
      return note('ok', await call());
    } catch (error) {
      const refused = error instanceof VerificationError ? error.code : `not of the client: ${String(error)}`;
      note(refused);
      return { refused };
    }
  }
}
