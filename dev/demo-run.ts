/** The demonstration of a stack: finds or makes a user, verifies it, and keeps its access token fresh. */
import type { VerificationClient } from '@cognito-verification/client';
import { findDemoUser, makeDemoUser, type SignedInUser, signIn } from './demo-user.js';
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

/** Options of `runDemo`. */
export interface DemoRunOptions {
  readonly client: VerificationClient;
  readonly sandbox: SandboxAccess;
  readonly folder: StackFolder;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

/** A token lives an hour, and the file for the next commands must never hold an expired one. */
const TOKEN_RENEWAL_MS = 30 * 60_000;

/**
 * Verifies the e-mail address of the last start's user, or of a new one.
 * @throws Error when a new user cannot be verified either
 */
export async function runDemo(options: DemoRunOptions): Promise<DemoRun> {
  const { client, sandbox, folder, timeline, teardown } = options;
  const known = await findDemoUser(sandbox.admin, folder);
  if (known !== undefined) timeline.tell(`found user ${known.username} of pool ${known.userPoolId} again; signed in`);
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
  const run = (known && (await attempt(known))) ?? (await attempt(await newUser(options, known)));
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

async function newUser({ sandbox, folder, timeline }: DemoRunOptions, known?: SignedInUser): Promise<SignedInUser> {
  const user = await makeDemoUser(sandbox.admin, folder, known);
  timeline.tell(`made user ${user.username} in ${known ? '' : 'a new '}pool ${user.userPoolId}; signed in`);
  return user;
}
