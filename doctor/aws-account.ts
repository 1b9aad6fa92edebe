/** The AWS account as the checks ask it. What several checks need is asked for once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '@cognito-verification/contract';
import { awsCallError, isLate, isThrottled, lateCredentials, regionRefused } from './aws/call-error.js';
import { type AwsCall, CALLS, iamActions } from './aws/calls.js';
import { type ClientSettings, type Clients, SERVICES, type Service } from './aws/clients.js';
import { once } from './once.js';

export { iamActions };

/** A service in a region answers within a tenth of a second. */
const CALL_LIMIT_MS = 2_200;
/** A program that makes credentials, or a role that is taken on, is slower. */
const CREDENTIALS_LIMIT_MS = 5_000;
/** The least that AWS takes of a call is one in a second. */
const PATIENCE_MS = 1_100;
const MOST_TURNS = 3;

/** Where a call goes. */
export interface Place {
  readonly region: string;
  /** Default: what the AWS SDK finds in its own settings, else AWS. */
  readonly endpoint?: string | undefined;
}

/** What the checks ask of AWS. */
export interface AwsAccount {
  /**
   * The answer to a call. The same call with the same input is made once.
   * @throws AwsCallError if there is no answer
   */
  ask<Name extends Service, Input, Answer>(
    call: AwsCall<Name, Input, Answer>,
    place: Place,
    input: Input,
  ): Promise<Answer>;
  /**
   * The account that the credentials are of.
   * @throws AwsCallError
   */
  identity(): Promise<{ readonly accountId: string }>;
  /** How far the clock of this machine is ahead of AWS's, in milliseconds; undefined if AWS has answered nothing. */
  clockSkewMs(): Promise<number | undefined>;
  /** Closes the connections of all clients. */
  close(): void;
}

export interface AwsAccountOptions {
  /** The clock of this machine, in milliseconds of the epoch. */
  readonly now: () => number;
  /** Where AWS is asked whose the credentials are: regions of other partitions do not take them. Default: `us-east-1`. */
  readonly region?: (() => string) | undefined;
  /** For each request, in milliseconds. Default: 2.2 seconds. */
  readonly limitMs?: number | undefined;
  /** For the search for credentials, in milliseconds. Default: 5 seconds. */
  readonly credentialsLimitMs?: number | undefined;
}

/** The account that the AWS SDK's own settings lead to: credentials, endpoints. It asks nobody before a check does. */
export function createAwsAccount({
  now,
  region: homeRegion = () => 'us-east-1',
  limitMs = CALL_LIMIT_MS,
  credentialsLimitMs = CREDENTIALS_LIMIT_MS,
}: AwsAccountOptions): AwsAccount {
  const answers = new Map<string, Promise<unknown>>();
  const clients = new Map<string, Promise<Clients[Service]>>();
  const skews: { readonly skewMs: number; readonly tookMs: number }[] = [];
  const settings = { maxAttempts: 2 };

  /** One client finds the credentials for all: each would ask the machine's metadata service anew. */
  const credentials = once(async () => {
    const { config } = await client('sts', { region: homeRegion() }, {});
    try {
      await within(credentialsLimitMs, async () => await config.credentials());
    } catch (error) {
      throw isLate(error) ? lateCredentials(credentialsLimitMs, homeRegion(), error) : error;
    }
    return config.credentials;
  });

  /** When the next request of a call may go to a region, for those that AWS has throttled. In milliseconds of this process. */
  const turns = new Map<string, number>();

  /** Requests of one call to one region wait for one another once AWS has asked for patience. */
  async function inTurn<Answer>(key: string, send: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    for (let turn = 1; ; turn += 1) {
      const next = turns.get(key);
      const nowMs = performance.now();
      if (next !== undefined) {
        turns.set(key, Math.max(next, nowMs) + PATIENCE_MS);
        await sleep(Math.max(0, next - nowMs));
      }
      try {
        return await within(limitMs, send);
      } catch (error) {
        if (turn === MOST_TURNS || !isThrottled(error)) throw error;
        turns.set(key, Math.max(turns.get(key) ?? 0, performance.now() + PATIENCE_MS));
      }
    }
  }

  async function client<Name extends Service>(
    service: Name,
    { region, endpoint }: Place,
    more: Pick<ClientSettings, 'credentials'>,
  ): Promise<Clients[Name]> {
    const key = [service, region, endpoint].join(' ');
    let made = clients.get(key);
    if (!made) {
      made = load(service, { ...settings, ...defined({ endpoint }), ...more, region });
      clients.set(key, made);
    }
    return (await made) as Clients[Name];
  }

  async function load(service: Service, wanted: ClientSettings): Promise<Clients[Service]> {
    // The SDK would print that it will leave Node 20 one day.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
    const loaded = await SERVICES[service].load(wanted);
    // All clients have the same stack; the type of each names its own inputs.
    const { middlewareStack } = loaded as Clients['sts'];
    middlewareStack.add(
      (next) => async (args) => {
        const sentMs = now();
        const result = await next(args);
        const { headers } = result.response as { headers?: Record<string, string | undefined> };
        const answeredMs = Date.parse(headers?.['date'] ?? '');
        const tookMs = now() - sentMs;
        if (!Number.isNaN(answeredMs)) skews.push({ skewMs: sentMs + tookMs / 2 - answeredMs, tookMs });
        return result;
      },
      // The last before the network, so that refusals have a date too.
      { name: 'clockSkew', step: 'deserialize', priority: 'low' },
    );
    return loaded;
  }

  const isKnown = async () =>
    await account.identity().then(
      () => true,
      () => false,
    );

  const account: AwsAccount = {
    ask(call, place, input) {
      const key = JSON.stringify([call.actions[0], place, input]);
      const known = answers.get(key);
      if (known) return known as ReturnType<typeof call.ask>;
      const failed = { service: call.service, region: place.region, actions: call.actions, limitMs };
      const asked = (async () => {
        try {
          const loaded = await client(call.service, place, { credentials: await credentials() });
          const turnOf = [call.actions[0], place.region, place.endpoint].join(' ');
          return await call.ask(loaded, input, (send) =>
            inTurn(turnOf, async (abortSignal) => await send({ abortSignal })),
          );
        } catch (error) {
          const wrong = awsCallError(error, failed);
          const isElsewhere = wrong.problem === 'credentialsRefused' && place.region !== homeRegion();
          if (isElsewhere && (await isKnown())) throw regionRefused(wrong, failed);
          throw wrong;
        }
      })();
      answers.set(key, asked);
      return asked;
    },
    async identity() {
      return await account.ask(CALLS.callerIdentity, { region: homeRegion() }, {});
    },
    async clockSkewMs() {
      // One answer at least, also where nothing else is asked.
      await account.identity().catch(() => undefined);
      await Promise.allSettled(answers.values());
      // A header has whole seconds, so half of one is missing on average. The quickest answer says most.
      const [best] = skews.sort((one, other) => one.tookMs - other.tookMs);
      return best && best.skewMs - 500;
    },
    close() {
      for (const made of clients.values()) void made.then((loaded) => loaded.destroy()).catch(() => undefined);
      clients.clear();
    },
  };
  return account;
}

/** The AWS SDK breaks a request off at the signal, but not its search for credentials. */
async function within<Answer>(limitMs: number, ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const signal = AbortSignal.timeout(limitMs);
  let late = (): void => undefined;
  const over = new Promise<never>((_resolve, reject) => {
    late = () => reject(Object.assign(new Error('No answer in time.'), { name: 'TimeoutError' }));
    signal.addEventListener('abort', late);
  });
  try {
    return await Promise.race([ask(signal), over]);
  } finally {
    signal.removeEventListener('abort', late);
  }
}
