/** The calls to Cognito: what each asks, what it reads besides, and the frame that all have in common. */
import { AsyncResource } from 'node:async_hooks';
import {
  type CodeDeliveryDetailsType,
  type CognitoIdentityProviderClient,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { type CodeDelivery, deliveryTold, Secret, type ServedUserPool } from '@cognito-verification/contract';
import { cancellationDetails, heartbeat, log } from '@temporalio/activity';
import type { MessageGuard } from '../guard/message-guard.js';
import { type AccessTokenSource, resolveAccessToken, UnresolvedAccessToken } from './access-token-source.js';
import type { Allowance } from './allowance.js';
import {
  type AttributeSnapshot,
  type AwaitedValue,
  isShownVerified,
  type Look,
  masked,
  readIfQuick,
  readSnapshot,
  readUntilVerified,
} from './attribute-snapshot.js';
import { type FailedCall, failureOf, readable, unreadableAttribute } from './call-failure.js';
import { askForCode, changeValue } from './change-value.js';
import type {
  AlreadyVerified,
  Answer,
  CognitoCall,
  ReadAttributeInput,
  SendCodeInput,
  SendCodeResult,
  VerifyCodeInput,
  VerifyCodeResult,
} from './cognito.js';
import type { CognitoClients } from './cognito-clients.js';
import { type EndedCall, endOfAnswer, endOfFailure, failedLook } from './ended-call.js';
import { failureName, readFailure } from './failures.js';
import { GuardedMessage } from './guarded-message.js';
import { refuseOtherClient, servedPool } from './served-user-pools.js';

/** Only `userPools` is required. */
export interface ActivitiesOptions {
  /** The user pools that may be called. Read anew for each call. */
  userPools: Iterable<ServedUserPool>;
  /** Finds the tokens that references stand for. Default: none, and a verification with a reference fails. */
  accessTokenSource?: AccessTokenSource | undefined;
  /** What direct calls draw on; it is told of every throttle. Default: direct calls without a limit. */
  allowance?: Allowance | undefined;
  /** Told of the end of each call. It must not throw. Default: nobody. */
  onCallEnd?: ((call: EndedCall) => void) | undefined;
  /**
   * Asked before each message, and told of each code that was right. With one, each re-send reads the attribute too. Default: none,
   * and every message leaves.
   */
  messageGuard?: MessageGuard | undefined;
}

/** A heartbeat lets the server notice a dead worker, and tells us of a cancellation. A quick call ends before the first. */
const HEARTBEAT_INTERVAL_MS = 5_000;

/** A direct call leaves the rest of its time to Cognito. Without a token nobody was asked, and the task queue of calls takes over. */
const DIRECT_TOKEN_MS = 1_000;

/** How a call is made, besides what it asks. */
interface Way extends Pick<FailedCall, 'call' | 'repeatable' | 'direct'> {
  /** Ends the call, and the search for its token. */
  readonly signal: AbortSignal;
}

/** What a call to Cognito is made with. */
interface Means<Input> {
  input: Input;
  accessToken: Secret;
  client: CognitoIdentityProviderClient;
  pool: ServedUserPool;
  signal: AbortSignal;
  /** What a failure of the call says; the call may add to it. */
  failed: FailedCall;
}

/** Makes the calls. Each is made within an activity; `signal` ends it. */
export class CognitoCaller {
  constructor(
    private readonly clients: CognitoClients,
    private readonly options: ActivitiesOptions,
  ) {}

  /** See `sendCode`. */
  send(given: SendCodeInput, signal: AbortSignal): Promise<SendCodeResult | AlreadyVerified> {
    return this.call<SendCodeInput, SendCodeResult | AlreadyVerified>(
      given,
      { call: 'send', signal },
      async (means) => {
        const message = this.messageOf(means);
        try {
          return await (means.input.newValue === undefined
            ? this.sendToCurrent(means, message)
            : this.change(means, means.input.newValue, message));
        } catch (error) {
          await message.giveUp(error);
          throw error;
        }
      },
    );
  }

  private async sendToCurrent(
    means: Means<SendCodeInput>,
    message: GuardedMessage,
  ): Promise<SendCodeResult | AlreadyVerified> {
    const { attributeName, recordAttribute, unlessVerified } = means.input;
    // A forged token must not have its message counted, or held.
    const { isGuarded: tokenNeeded } = message;
    const look = this.lookOf(means, message);
    const shown = recordAttribute || message.isGuarded ? await readIfQuick(look, { tokenNeeded }) : undefined;
    const attribute = recordAttribute ? shown : undefined;
    means.failed.attribute = attribute;
    if (attribute && attribute.valueDigest === undefined) throw unreadableAttribute(attributeName);
    if (unlessVerified && attribute?.verified === true) return { alreadyVerified: true, attribute };
    await message.ask();
    return { delivery: deliveryOf(await askForCode({ ...means, signal: askingOf(means) })), attribute };
  }

  private async change(
    means: Means<SendCodeInput>,
    value: string,
    message: GuardedMessage,
  ): Promise<SendCodeResult | AlreadyVerified> {
    const newValue = new Secret(value);
    means.failed.secrets.push(newValue);
    const ask = async () => {
      await message.ask(newValue);
      return askingOf(means);
    };
    const changed = await changeValue({ ...means, newValue, look: this.lookOf(means), ask });
    if ('alreadyVerified' in changed) return changed;
    const { details, ...rest } = changed;
    const delivery = deliveryOf(details);
    // Cognito masks it; another endpoint may not.
    if (delivery.destination?.includes(value)) delivery.destination = masked(means.input.attributeName, value);
    return { ...rest, delivery };
  }

  /** See `verifyCode`. */
  verify(given: VerifyCodeInput, signal: AbortSignal, direct = false): Promise<VerifyCodeResult> {
    return this.call(given, { call: 'attempt', signal, direct }, async (means) => {
      const { input, failed, accessToken, client } = means;
      const code = new Secret(input.code);
      failed.secrets.push(code);
      const command = new VerifyUserAttributeCommand({
        AccessToken: accessToken.reveal(),
        AttributeName: input.attributeName,
        Code: code.reveal(),
      });
      try {
        await client.send(command, { abortSignal: signal });
      } catch (error) {
        // It may have been accepted before, in a try that nobody has the answer of.
        if (readFailure(error).attempt === 'codeExpired')
          failed.attribute = await quietly('called expired', () => readSnapshot(this.lookOf(means)));
        throw error;
      }
      const message = this.messageOf(means);
      const attribute = await quietly('accepted', () => read(this.lookOf(means, message), input.target));
      if (attribute && isShownVerified(attribute, input.target)) message.noteProven();
      return { accepted: true, attribute };
    });
  }

  /** See `readAttribute`. It changes nothing, so it may be repeated after a lost answer. */
  read(given: ReadAttributeInput, signal: AbortSignal): Promise<AttributeSnapshot & Answer> {
    return this.call(given, { call: 'attempt', repeatable: true, signal }, async (means) => {
      const { target, proves = target } = means.input;
      const message = this.messageOf(means);
      const attribute = await read(this.lookOf(means, message), target);
      if (proves && isShownVerified(attribute, proves)) message.noteProven();
      return attribute;
    });
  }

  /** The frame of each call: input, token, heartbeats, the run in the answer, and the failure without secrets. */
  private async call<Input extends CognitoCall, Result>(
    given: Input,
    { signal, ...kind }: Way,
    body: (means: Means<Input>) => Promise<Result>,
  ): Promise<Result & Answer> {
    const input = readable(given);
    const failed: FailedCall = { ...kind, secrets: [] };
    const { userPoolId, attributeName } = input;
    const ended = { call: kind.repeatable ? 'look' : kind.call, userPoolId, attributeName } as const;
    const { userPools, accessTokenSource } = this.options;
    let answer: Result & Answer;
    try {
      answer = await whileHeartbeating(!kind.repeatable, async () => {
        const pool = servedPool(userPools, input.userPoolId);
        const forToken = kind.direct ? AbortSignal.any([signal, AbortSignal.timeout(DIRECT_TOKEN_MS)]) : signal;
        const accessToken = await findToken(input, accessTokenSource, forToken);
        failed.secrets.push(accessToken);
        refuseOtherClient(pool, accessToken);
        const client = this.clients.forUserPool(input.userPoolId);
        return { ...(await body({ input, accessToken, client, pool, signal, failed })), runId: input.runId };
      });
    } catch (error) {
      this.noteThrottle(error, kind.call, input);
      const failure = failureOf(error, failed);
      this.options.onCallEnd?.({ ...ended, ...endOfFailure(failure) });
      throw failure;
    }
    this.options.onCallEnd?.({ ...ended, ...endOfAnswer(answer) });
    return answer;
  }

  private messageOf({ input, failed }: Pick<Means<CognitoCall>, 'input' | 'failed'>): GuardedMessage {
    return new GuardedMessage(this.options.messageGuard, input, failed);
  }

  /** @param message is told of the value */
  private lookOf(
    { input, accessToken, client, signal, failed }: Means<CognitoCall & { newValue?: string | undefined }>,
    message?: GuardedMessage,
  ): Look {
    const { sub, attributeName, salt } = input;
    const newValue = input.newValue === undefined ? undefined : new Secret(input.newValue);
    const onFailure = (error: unknown) => {
      this.noteThrottle(error, 'attempt', input);
      // A call that is a look alone is told of by the frame.
      if (!failed.repeatable) this.options.onCallEnd?.(failedLook(input, error));
    };
    const onValue = (value: Secret) => message?.noteValue(value);
    return { client, accessToken, sub, attributeName, salt, newValue, signal, onFailure, onValue };
  }

  private noteThrottle(error: unknown, call: FailedCall['call'], { userPoolId }: CognitoCall): void {
    if (readFailure(error)[call] === 'throttled') this.options.allowance?.throttled(userPoolId);
  }
}

function read(look: Look, target: AwaitedValue | undefined): Promise<AttributeSnapshot> {
  return target ? readUntilVerified(look, target) : readSnapshot(look);
}

/** The code is spent, so that no failure of the read may take the place of the answer; the workflow then reads by itself. */
async function quietly(
  what: 'accepted' | 'called expired',
  look: () => Promise<AttributeSnapshot>,
): Promise<AttributeSnapshot | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof UnresolvedAccessToken) throw error;
    log.info(`The attribute could not be read after the code was ${what}`, { reason: failureName(error) });
    return undefined;
  }
}

/**
 * What ends a send from where Cognito is asked. A cancellation does not: the message may leave all the same, and the workflow would
 * not know. It keeps the server from a further try, and a send that has not asked yet from asking.
 */
function askingOf({ signal, failed }: Pick<Means<unknown>, 'signal' | 'failed'>): AbortSignal {
  if (signal.aborted) return signal;
  failed.asked = true;
  const asking = new AbortController();
  // The signal ends outside of the activity, where the SDK knows no details of a cancellation.
  const end = AsyncResource.bind(() => {
    if (cancellationDetails()?.cancelRequested !== true) asking.abort(signal.reason);
  });
  signal.addEventListener('abort', end, { once: true });
  return asking.signal;
}

/** The token that the input holds, or that its reference leads to. */
async function findToken(
  call: CognitoCall,
  source: AccessTokenSource | undefined,
  signal: AbortSignal,
): Promise<Secret> {
  if (call.accessTokenReference === undefined) return new Secret(call.accessToken);
  const { accessTokenReference: reference, userPoolId, sub, attributeName } = call;
  return await resolveAccessToken(source, { reference, userPoolId, sub, attributeName }, signal);
}

/** Some endpoints leave the fields out, or empty, and nothing holds them to their types. */
function deliveryOf(details: CodeDeliveryDetailsType | null | undefined): CodeDelivery {
  return deliveryTold(details?.Destination, details?.DeliveryMedium);
}

/**
 * From before the token is found, because that alone can take as long as the server waits for a heartbeat. A read has no
 * heartbeat time-out, so it beats for nothing, and each beat is billed.
 */
async function whileHeartbeating<T>(beats: boolean, work: () => Promise<T>): Promise<T> {
  const interval = beats ? setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS) : undefined;
  try {
    return await work();
  } finally {
    clearInterval(interval);
  }
}
