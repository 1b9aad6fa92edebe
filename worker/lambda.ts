/**
 * The worker as a function of AWS Lambda: `dist/bundled/lambda.handler` of the tree of the image. An invocation runs the command `worker`
 * with the function's variables, and ends it before the function's deadline, early enough for a call under way to finish.
 *
 * `@temporalio/lambda-worker` runs one worker of the SDK, on one task queue, and brings a release of the SDK of its own; the command runs
 * both, with everything that goes with them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { WORKER_SETTINGS, workerSettings } from './worker-settings.js';

/** Of Lambda's context what is used here. */
export interface LambdaContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  getRemainingTimeInMillis(): number;
}

/** The same path from `dist/worker` and from `dist/bundled`. */
const PROGRAM = fileURLToPath(new URL('../program/main.cjs', import.meta.url));

/** After the grace time the worker closes its connections, and the handler answers. */
const TO_CLOSE_MS = 5_000;

/** Less is not worth the start, which takes a second or two. */
const LEAST_WORK_MS = 5_000;

/**
 * Runs a worker until shortly before the deadline. Whoever invokes it, Temporal's server or a schedule, invokes it again then. Its log is
 * the function's log.
 * @throws SettingError; Error if the function's time-out leaves no time to work, or the worker ends by itself: Lambda then tries again
 */
export async function handler(_event: unknown, context: LambdaContext): Promise<void> {
  const { awsRequestId, invokedFunctionArn } = context;
  const { shutdownGraceTime = WORKER_SETTINGS.shutdownGraceTime.default } = workerSettings();
  const toEndMs = msToNumber(shutdownGraceTime) + TO_CLOSE_MS;
  const workMs = context.getRemainingTimeInMillis() - toEndMs;
  if (workMs < LEAST_WORK_MS) {
    throw new Error(
      `Of the function's time-out ${toEndMs / 1000} s are for calls under way (VERIFICATION_SHUTDOWN_GRACE_TIME) and for closing, so that it must be ${(toEndMs + LEAST_WORK_MS) / 1000} s at least; 600 s are a good choice.`,
    );
  }
  const worker = spawn(process.execPath, [PROGRAM, 'worker'], {
    env: {
      // The function's user has no home, for which the AWS SDK asks.
      HOME: tmpdir(),
      VERIFICATION_WORKER_IDENTITY: `${awsRequestId}@${invokedFunctionArn}`.slice(0, WORKER_SETTINGS.identity.most),
      ...process.env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = setTimeout(() => worker.kill('SIGTERM'), workMs);
  try {
    const [code, signal] = await once(worker, 'close');
    if (code !== 0) throw new Error(`The worker ended with ${signal ?? `exit code ${code}`}; its log says why.`);
  } finally {
    clearTimeout(end);
  }
}
