/** The worker of the barest workflow, with one task queue and the SDK's defaults. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServedUserPool } from '@cognito-verification/contract';
import { bundleWorkflowCode, DefaultLogger, type NativeConnection, Worker } from '@temporalio/worker';
import type { CognitoClients } from '../activities/cognito-clients.js';
import { createActivities } from '../activities/create-activities.js';

/** A bundle on disk, like that of the real worker. */
export interface BareBundle {
  readonly path: string;
  remove(): Promise<void>;
}

/** Bundles the barest workflow. Not in the worker's process, where it would count as memory and time of the worker. */
export async function bundleBare(): Promise<BareBundle> {
  // The neighbouring file has the same extension: .ts if a test runs from source.
  const workflowsPath = fileURLToPath(new URL(`bare${extname(import.meta.url)}`, import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const folder = await mkdtemp(join(tmpdir(), 'bare-verification-'));
  const path = join(folder, 'bundle.js');
  await writeFile(path, code);
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface BareWorkerOptions {
  readonly connection: NativeConnection;
  readonly userPools: Iterable<ServedUserPool>;
  readonly cognito: CognitoClients;
  readonly taskQueue: string;
  /** See `bundleBare`. */
  readonly bundlePath: string;
}

/** Makes the worker of the barest workflow; the caller runs it and shuts it down. */
export async function createBareWorker(options: BareWorkerOptions): Promise<Worker> {
  const { connection, userPools, cognito, taskQueue, bundlePath } = options;
  return await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { codePath: bundlePath },
    activities: createActivities(cognito, { userPools }),
  });
}
