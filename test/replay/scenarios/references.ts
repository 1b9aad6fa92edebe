/** References without a usable access token: one history for each reason, for a send and for an attempt. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UNRESOLVED } from '../answers.js';
import { type Apart, type CorpusRig, tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';

/** Enough time for a call to be tried. */
const SOON_MS = 3_000;

/** Sources with these answers; a worker without a source is the fourth case. */
const SOURCES: Readonly<Record<string, (good: string, other: string, times: number) => Promise<string | undefined>>> = {
  AccessTokenNotFound: () => Promise.resolve(undefined),
  AccessTokenRefused: (_good, other) => Promise.resolve(other),
  AccessTokenSourceUnavailable: (good, _other, times) =>
    times === 1 ? Promise.reject(new Error('down')) : Promise.resolve(good),
};

/** A worker whose source gives this answer, or that has no source. */
async function sourced(rig: CorpusRig, reason: string, good: string, other: string): Promise<Apart> {
  const answer = SOURCES[reason];
  let times = 0;
  return await rig.apart(answer ? { accessTokenSource: { accessToken: () => answer(good, other, ++times) } } : {});
}

/** Replaces a worker without a source, once it has tried, with one that has a source. */
async function mended({ taskQueue, leave }: Apart, rig: CorpusRig, reason: string, good: string): Promise<void> {
  if (SOURCES[reason]) return;
  await sleep(SOON_MS);
  await leave();
  await rig.apart({ taskQueue, accessTokenSource: { accessToken: () => Promise.resolve(good) } });
}

export const REFERENCES: readonly Scenario[] = UNRESOLVED.flatMap((reason): Scenario[] => [
  {
    name: `send-with-a-reference-${dashed(reason)}`,
    edges: [`a send: ${reason}`],
    play: async (rig) => {
      const [user, other] = [await rig.user(), await rig.user()];
      const apart = await sourced(rig, reason, user.accessToken, other.accessToken);
      const { userPoolId, sub } = user;
      const accessTokenReference = `session-${sub}`;
      const start = { accessTokenReference, userPoolId, sub, attributeName: 'email' as const };
      const answer = tolerated(apart.client.start(start));
      await mended(apart, rig, reason, user.accessToken);
      await answer;
      return `verify/${userPoolId}/${sub}/email`;
    },
  },
  {
    name: `attempt-with-a-reference-${dashed(reason)}`,
    edges: [`an attempt: ${reason}`],
    play: async (rig) => {
      const [user, other] = [await rig.user(), await rig.user()];
      const apart = await sourced(rig, reason, user.accessToken, other.accessToken);
      const { workflowId } = await apart.client.start({ accessToken: user.accessToken, attributeName: 'email' });
      const code = rig.base.sandbox.codeFor(user, 'email');
      const submitted = { code, accessTokenReference: `session-${user.sub}` };
      const answer = tolerated(apart.client.submitCode(workflowId, submitted));
      await mended(apart, rig, reason, user.accessToken);
      await answer;
      return workflowId;
    },
  },
]);

function dashed(reason: string): string {
  return reason.replaceAll(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
}
