/** The demonstration of a stack: finds or makes a user, verifies it, and keeps its access token fresh. */
import type { VerificationClient } from '@cognito-verification/client';
import { type DemoPool, findDemoUser, makeDemoUser, makePool, type SignedInUser, signIn } from './demo-user.js';
import { type DemoResult, demonstrate } from './demo-verification.js';
import type { SandboxAccess } from './stack-cognito.js';
import { writeAccessToken } from './stack-environment.js';
import type { StackFolder } from './stack-folder.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** A finished demonstration, and its user. */
export interface DemoRun {
  readonly result: DemoResult;
  readonly user: SignedInUser;
}

/** What a demonstration needs to find. */
interface DemoPlace {
  readonly sandbox: SandboxAccess;
  readonly folder: StackFolder;
  readonly timeline: Timeline;
}

/** Options of `runDemo`. */
export interface DemoRunOptions extends DemoPlace {
  readonly client: VerificationClient;
  readonly prepared: PreparedDemo;
  readonly teardown: Teardown;
}

/** Made before the worker starts, which has to know the user pools that it serves. */
export interface PreparedDemo {
  readonly pool: DemoPool;
  /** The user of the last start; undefined if there is none. */
  readonly known?: SignedInUser | undefined;
}

/** A token lives an hour, and the file for the next commands must never hold an expired one. */
const TOKEN_RENEWAL_MS = 30 * 60_000;

/** Finds the user of the last start and its pool, or makes a pool. */
export async function prepareDemo({ sandbox, folder, timeline }: DemoPlace): Promise<PreparedDemo> {
  const known = await findDemoUser(sandbox.admin, folder);
  if (known === undefined) return { pool: await makePool(sandbox.admin) };
  timeline.tell(`found user ${known.username} of pool ${known.userPoolId} again; signed in`);
  return { pool: known, known };
}

/**
 * Verifies the e-mail address of the last start's user, or of a new one.
 * @throws Error when a new user cannot be verified either
 */
export async function runDemo(options: DemoRunOptions): Promise<DemoRun> {
  const { client, sandbox, folder, timeline, teardown } = options;
  const { known } = options.prepared;
  const attempt = async (user: SignedInUser) => {
    const result = await demonstrate({
      client,
      user,
      newestCode: async () => await sandbox.newestCode(user),
      timeline,
    });
    return result && { result, user };
  };
  // Cognito and the sandbox allow five sends an hour for a user. A few starts use them up.
  const run = (known && (await attempt(known))) ?? (await attempt(await newUser(options)));
  if (run === undefined) throw new Error('the verification of a new user did not get through');

  await writeAccessToken(folder, run.user);
  const renewal = setInterval(() => {
    signIn(sandbox.admin, run.user)
      .then(async (user) => await writeAccessToken(folder, user))
      .catch((error: unknown) => timeline.tell(`the access token could not be renewed: ${String(error)}`));
  }, TOKEN_RENEWAL_MS);
  teardown.addQuietly('the renewal of the access token', () => clearInterval(renewal));
  return run;
}

async function newUser({ sandbox, folder, timeline, prepared }: DemoRunOptions): Promise<SignedInUser> {
  const user = await makeDemoUser(sandbox.admin, folder, prepared.pool);
  timeline.tell(`made user ${user.username} in ${prepared.known ? '' : 'a new '}pool ${user.userPoolId}; signed in`);
  return user;
}
