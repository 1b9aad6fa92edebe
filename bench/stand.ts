/** Where the benchmark runs: a Temporal development server, the Cognito sandbox, and both workers as processes. */
import { VerificationClient } from '@cognito-verification/client';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { temporalCli } from '../dev/temporal-binaries.js';
import { startTemporalServer } from '../dev/temporal-server.js';
import { type Sandbox, startSandbox } from '../sandbox/index.js';
import { bundleBare } from './bare-worker.js';
import { type MeasuredWorker, startMeasuredWorker } from './measured-worker.js';

/** A running stand. */
export interface Stand {
  readonly sandbox: Sandbox;
  readonly temporal: Client;
  readonly verifications: VerificationClient;
  readonly bareTaskQueue: string;
  readonly workers: { readonly ours: MeasuredWorker; readonly bare: MeasuredWorker };
  close(): Promise<void>;
}

/** Starts it; what was started before a failure is stopped again. */
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
    const connection = await Connection.connect({ address });
    closing.push(() => connection.close());
    const bundle = await bundleBare();
    closing.push(() => bundle.remove());
    const place = { address, cognitoUrl: sandbox.url };
    const taskQueue = 'bench';
    const bareTaskQueue = 'bench-bare';
    const ours = await startMeasuredWorker({ ...place, taskQueue });
    closing.push(() => ours.stop());
    const bare = await startMeasuredWorker({ ...place, taskQueue: bareTaskQueue, bareBundlePath: bundle.path });
    closing.push(() => bare.stop());
    const temporal = new Client({ connection });
    const verifications = new VerificationClient({ client: temporal, taskQueue });
    return { sandbox, temporal, verifications, bareTaskQueue, workers: { ours, bare }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
