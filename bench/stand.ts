/** Where the benchmark runs: a Temporal development server, the Cognito sandbox, and both workers as processes. */
import { randomBytes } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { temporalCli } from '../dev/temporal-binaries.js';
import { startTemporalServer } from '../dev/temporal-server.js';
import { type Sandbox, startSandbox } from '../sandbox/index.js';
import { bundleBare } from './bare-worker.js';
import type { ByContestant } from './cpu.js';
import { type MeasuredWorker, startMeasuredWorker } from './measured-worker.js';
import type { Site } from './paths.js';

/** Everything that the benchmark runs on. */
export interface Stand {
  readonly sandbox: Sandbox;
  /** Verifications run here as deployed. */
  readonly sealed: Site;
  /** Verifications run here with payloads in plain text. */
  readonly unsealed: Site;
  readonly bareTaskQueue: string;
  readonly workers: ByContestant<MeasuredWorker>;
  close(): Promise<void>;
}

/** Starts the stand. If one part fails to start, the parts before it are stopped. */
export async function startStand(): Promise<Stand> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    const server = await startTemporalServer({
      cli: await temporalCli(),
      headless: true,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    closing.push(() => server.close());
    const { address } = server;
    const sandbox = await startSandbox();
    closing.push(() => sandbox.close());
    // The workers are told of the pool before there is anybody in it.
    const { userPoolId } = await sandbox.createUser();
    const connection = await Connection.connect({ address });
    closing.push(() => connection.close());
    const bundle = await bundleBare();
    closing.push(() => bundle.remove());
    const place = { address, cognitoUrl: sandbox.url, userPoolId };
    const bareTaskQueue = 'bench-bare';
    const keys = `bench:${randomBytes(KEY_BYTES).toString('base64')}`;
    const ours = await startMeasuredWorker({ ...place, taskQueue: 'bench', keys });
    closing.push(() => ours.stop());
    const unsealed = await startMeasuredWorker({ ...place, taskQueue: 'bench-unsealed' });
    closing.push(() => unsealed.stop());
    const bare = await startMeasuredWorker({ ...place, taskQueue: bareTaskQueue, bareBundlePath: bundle.path });
    closing.push(() => bare.stop());
    const userPools = [{ userPoolId, endpoint: sandbox.url }];
    const site = (temporal: Client, taskQueue: string): Site => {
      return {
        sandbox,
        temporal,
        verifications: new VerificationClient({ client: temporal, userPools, taskQueue, sealedElsewhere: true }),
      };
    };
    const dataConverter = clientDataConverter(keyRingOf(...parseKeys(keys, 'keys')));
    return {
      sandbox,
      sealed: site(new Client({ connection, dataConverter }), 'bench'),
      unsealed: site(new Client({ connection }), 'bench-unsealed'),
      bareTaskQueue,
      workers: { ours, unsealed, bare },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
