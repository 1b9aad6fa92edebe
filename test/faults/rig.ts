/** Everything that a run needs, in separate processes where a kill must hit them: server, workers, Cognito and the lines. */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { Client, Connection } from '@temporalio/client';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { type Change, makeBuild } from './builds.js';
import { DurableServer } from './durable-server.js';
import { Fleet } from './fleet.js';
import { Line } from './line.js';
import { Proxy } from './proxy.js';

const TASK_QUEUE = 'faults';
const JUMPING_CLOCK = fileURLToPath(new URL('jumping-clock.mjs', import.meta.url));

export interface FaultRigOptions {
  /** For each worker, the changes to its bundle. */
  builds: readonly (readonly Change[])[];
  /** The seed for a clock of the last worker that jumps. Default: no clock jumps. */
  jumpingClock?: number;
  /** More environment variables for the workers. Default: none. */
  settings?: NodeJS.ProcessEnv;
}

export class FaultRig {
  private readonly clockMoves: { atMs: number; offsetMs: number }[] = [];
  private clockOffsetMs = 0;

  private constructor(
    private readonly folder: string,
    private readonly connection: Connection,
    readonly server: DurableServer,
    readonly sandbox: Sandbox,
    /** The user pool of those whose old address is kept until the new one is verified, and that of everybody else. */
    readonly userPoolIds: Readonly<Record<'keeping' | 'replacing', string>>,
    readonly cognitoLine: Line,
    /** Behind that line, before Cognito. */
    readonly proxy: Proxy,
    readonly temporalLine: Line,
    readonly fleet: Fleet,
    readonly temporal: Client,
    readonly client: VerificationClient,
    /** In the form of `VERIFICATION_ENCRYPTION_KEYS`. */
    readonly keys: string,
  ) {}

  static async open({ builds, jumpingClock, settings = {} }: FaultRigOptions): Promise<FaultRig> {
    const folder = await mkdtemp(join(tmpdir(), 'faults-'));
    const server = await DurableServer.start(join(folder, 'temporal.db'));
    // Six digits; the first is never that of a wrong code (`person.ts`).
    const sandbox = await startSandbox({ generateCode: () => String(randomInt(100_000, 1_000_000)) });
    // The workers are told of the pools before there is anybody in them.
    const [{ userPoolId: replacing }, { userPoolId: keeping }] = await Promise.all([
      sandbox.createUserPool(),
      sandbox.createUserPool({ requireVerificationBeforeUpdate: true }),
    ]);
    const proxy = await Proxy.to(Number(new URL(sandbox.url).port));
    const cognitoLine = await Line.to(proxy.port);
    const temporalLine = await Line.to(server.port);
    const keys = `faults:${randomBytes(KEY_BYTES).toString('base64')}`;
    const folders = new Map<readonly Change[], string>();
    for (const changes of builds) {
      if (!folders.has(changes)) folders.set(changes, await makeBuild(join(folder, `build-${folders.size}`), changes));
    }
    const fleet = new Fleet(
      builds.map((changes, index) => ({
        build: folders.get(changes) ?? '',
        ...(jumpingClock !== undefined && index === builds.length - 1
          ? { settings: { NODE_OPTIONS: `--import ${JUMPING_CLOCK}`, JUMPING_CLOCK_SEED: `${jumpingClock}` } }
          : {}),
      })),
      {
        TEMPORAL_ADDRESS: `127.0.0.1:${temporalLine.port}`,
        VERIFICATION_TASK_QUEUE: TASK_QUEUE,
        VERIFICATION_ENCRYPTION_KEYS: keys,
        VERIFICATION_LOG_LEVEL: 'error',
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: `http://127.0.0.1:${cognitoLine.port}`,
        VERIFICATION_USER_POOLS: `${replacing},${keeping}`,
        VERIFICATION_KEEPING_USER_POOLS: keeping,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        ...settings,
      },
    );
    const connection = await Connection.connect({ address: server.address });
    const temporal = new Client({
      connection,
      dataConverter: clientDataConverter(keyRingOf(...parseKeys(keys, 'the key of this run'))),
    });
    const client = new VerificationClient({
      client: temporal,
      userPools: [replacing, keeping].map((userPoolId) => ({ userPoolId, endpoint: sandbox.url })),
      taskQueue: TASK_QUEUE,
      timeout: '1 minute',
    });
    return new FaultRig(
      folder,
      connection,
      server,
      sandbox,
      { keeping, replacing },
      cognitoLine,
      proxy,
      temporalLine,
      fleet,
      temporal,
      client,
      keys,
    );
  }

  /** The number of requests that these faults of the sandbox have affected. */
  async metBy(faultIds: readonly string[]): Promise<number> {
    const listed = (await (await fetch(new URL('/_sandbox/faults', this.sandbox.url))).json()) as {
      id: string;
      applied: number;
    }[];
    return listed.filter(({ id }) => faultIds.includes(id)).reduce((sum, { applied }) => sum + applied, 0);
  }

  moveCognitoClock(ms: number): void {
    this.sandbox.advanceClock(ms);
    this.clockOffsetMs += ms;
    this.clockMoves.push({ atMs: Date.now(), offsetMs: this.clockOffsetMs });
  }

  /** Converts a date from Cognito to this machine's clock. Cognito's clock only ever jumps ahead, so the conversion is unique. */
  realTime(cognitoDate: string): number {
    const atMs = Date.parse(cognitoDate);
    const move = this.clockMoves.findLast((candidate) => candidate.atMs + candidate.offsetMs <= atMs);
    return atMs - (move?.offsetMs ?? 0);
  }

  async close(): Promise<void> {
    await this.fleet.stop();
    await this.connection.close();
    await this.server.close();
    await Promise.all([this.cognitoLine.close(), this.proxy.close(), this.temporalLine.close()]);
    await this.sandbox.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
