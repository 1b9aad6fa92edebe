/**
 * The store that all workers share: Redis 6.2 or newer, or Valkey. Decisions are made here and written only if nobody has changed
 * their records meanwhile (WATCH and EXEC), so there is one copy of them, and no script on the server.
 *
 * `rate-limiter-flexible` counts a message before it says no, one counter at a time. Here a message counts in four records or in none.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { keptMs, type Records } from './records.js';
import { type Decide, type GuardStore, LIST_LIMIT } from './store.js';

/** One hash slot, so that a cluster keeps the records together. */
const PREFIX = '{cognito-verification-guard}:';

/** Decisions that are made together, in one step. */
const MOST_TOGETHER = 100;

/** Another process was faster each time. With ten processes that all decide at once that is one in ten million. */
const MOST_TRIES = 50;
/** From then on a process waits a moment, so that the others get done. */
const TRIES_AT_ONCE = 3;
const PAUSE_MS = 10;

interface Waiting {
  readonly of: readonly string[];
  readonly decide: Decide<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Options of `RedisStore`. */
export interface RedisStoreOptions {
  /** `redis://` or `rediss://`, with user, password and number of the database where they are needed. */
  readonly url: string;
  /** So long, in ms, a step may take, with the connection if there is none; then the connection is closed. */
  readonly timeoutMs: number;
  /** Takes the records that were read or written. */
  readonly onRecords?: ((records: ReadonlyMap<string, object | undefined>) => void) | undefined;
}

/** Loaded when it is used, so that only a process with a shared store has it in memory. */
type Driver = typeof import('@redis/client');
type Connection = Awaited<ReturnType<typeof connect>>;

/** After an error it begins with a new connection: one that hangs would hang for minutes. */
export class RedisStore implements GuardStore {
  private connection: Promise<Connection> | undefined;
  private waiting: Waiting[] = [];
  private isWorking = false;
  private isClosed = false;

  constructor(private readonly options: RedisStoreOptions) {}

  async transact<T>(of: readonly string[], decide: Decide<T>): Promise<T> {
    const answer = new Promise<unknown>((resolve, reject) => this.waiting.push({ of, decide, resolve, reject }));
    void this.work();
    return (await answer) as T;
  }

  async list(prefix: string): Promise<Records> {
    return await this.using((connection) => scan(connection, prefix), LIST_TIMES);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const closed = this.connection?.then((open) => open.destroy()) ?? Promise.resolve();
    await within(this.options.timeoutMs, closed).catch(() => undefined);
  }

  /** One transaction at a time, for the connection remembers what it watches. */
  private async work(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    while (this.waiting.length > 0) {
      const together = this.waiting.splice(0, MOST_TOGETHER);
      try {
        const answers = await this.using((connection) => this.decideTogether(connection, together));
        together.forEach(({ resolve }, index) => resolve(answers[index]));
      } catch (error) {
        // What came meanwhile would wait as long for the same.
        for (const { reject } of [...together, ...this.waiting.splice(0)]) reject(error);
      }
    }
    this.isWorking = false;
  }

  private async decideTogether(connection: Connection, together: readonly Waiting[]): Promise<unknown[]> {
    const keys = [...new Set(together.flatMap(({ of }) => of))];
    const names = keys.map((key) => PREFIX + key);
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      if (attempt >= TRIES_AT_ONCE) await sleep(Math.random() * PAUSE_MS);
      const [, time, texts] = await Promise.all([
        connection.watch(names),
        connection.sendCommand<[string, string]>(['TIME']),
        connection.mGet(names),
      ]);
      const nowMs = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000);
      const records = new Map(keys.map((key, index) => [key, parse(texts[index])]));
      const changed = new Map<string, object | undefined>();
      const answers = together.map(({ decide }) => {
        const { answer, changes } = decide(records, nowMs, this);
        for (const [key, record] of changes) {
          records.set(key, record);
          changed.set(key, record);
        }
        return answer;
      });
      if (await write(connection, changed, nowMs)) {
        this.options.onRecords?.(records);
        return answers;
      }
    }
    throw new Error('other processes changed the same records again and again');
  }

  private async using<T>(task: (connection: Connection) => Promise<T>, times = 1): Promise<T> {
    if (this.isClosed) throw new Error('the store is closed');
    // Reading the client takes a moment at the start, which says nothing of the store.
    const driver = await import('@redis/client');
    const { connection = connect(driver, this.options) } = this;
    this.connection = connection;
    try {
      return await within(times * this.options.timeoutMs, connection.then(task));
    } catch (error) {
      if (this.connection === connection) this.connection = undefined;
      void connection.then((open) => open.destroy()).catch(() => undefined);
      throw error;
    }
  }
}

/**
 * So many parts of a time limit are waited for one by one, and each counts for no more than its length. So a process that stood still,
 * on a machine without time for it, sees an answer that is there before it says that there is none.
 */
const PARTS = 10;

/** @throws the error of the work, or that it took too long */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const tooLate = async (): Promise<never> => {
    for (let part = 0; part < PARTS; part++) await sleep(limitMs / PARTS, undefined, { signal: answered.signal });
    throw new Error(`no answer within ${limitMs} ms`);
  };
  const late = tooLate();
  try {
    return await Promise.race([work, late]);
  } finally {
    answered.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

async function connect({ createClient }: Driver, { url, timeoutMs }: RedisStoreOptions) {
  const client = createClient({
    url,
    // What Redis 5 and every proxy speaks.
    RESP: 2,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    disableClientInfo: true,
    // Its timer would not know that the process stood still; nobody waits so long.
    socket: { connectTimeout: PARTS * timeoutMs, reconnectStrategy: false },
  });
  // It comes to those who wait for an answer as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  }
  return client;
}

/** All records are looked through for a list, and an operator can wait for it. */
const LIST_TIMES = 20;

async function scan(connection: Connection, prefix: string): Promise<Records> {
  const found: string[] = [];
  for await (const names of connection.scanIterator({ MATCH: `${PREFIX}${prefix}*`, COUNT: 1_000 })) {
    found.push(...names);
    if (found.length >= LIST_LIMIT) break;
  }
  if (found.length === 0) return new Map();
  const texts = await connection.mGet(found);
  return new Map(found.map((name, index) => [name.slice(PREFIX.length), parse(texts[index])]));
}

/** @returns false when somebody else has changed one of the watched records */
async function write(
  connection: Connection,
  changes: ReadonlyMap<string, object | undefined>,
  nowMs: number,
): Promise<boolean> {
  if (changes.size === 0) {
    await connection.unwatch();
    return true;
  }
  const step = connection.multi();
  for (const [key, record] of changes) {
    if (record === undefined) step.del(PREFIX + key);
    else
      step.set(PREFIX + key, JSON.stringify(record), { expiration: { type: 'PX', value: keptMs(key, record, nowMs) } });
  }
  try {
    await step.exec();
    return true;
  } catch (error) {
    const { WatchError } = await import('@redis/client');
    if (error instanceof WatchError) return false;
    throw error;
  }
}

/** What cannot be read counts as missing: a record that somebody else has put there must not stop all messages. */
function parse(text: string | null | undefined): object | undefined {
  try {
    const found: unknown = JSON.parse(text ?? 'null');
    return typeof found === 'object' && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}
