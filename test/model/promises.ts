/** The promises to people, which hold after each run, whatever the model says. */
import { isAlreadyVerifiedValue, isVerifiedValue } from '@cognito-verification/client';
import { SEARCH_ATTRIBUTE_KEYS, type VerificationOutcome } from '@cognito-verification/contract';
import type { Person } from './person.js';
import { type ModelRig, OPERATIONS } from './rig.js';
import { changesValue, rulesOf } from './scenario.js';
import { MINUTE } from './world.js';

/** An attempt that was made in time still gets its answer, followed by one more look at the attribute. */
const AFTER_DEADLINE = 3 * MINUTE;

/** Returns the broken promises. */
export async function keepsItsPromises(rig: ModelRig, person: Person, outcome: VerificationOutcome): Promise<string[]> {
  const { id, user, story, asked } = person;
  const { sandbox } = rig.base;
  const broken: string[] = [];
  const promise = (text: string, kept: boolean) => {
    if (!kept) broken.push(`not kept: ${text}`);
  };
  const { status } = outcome;
  if (!status) return ['it ended without a word'];
  const of = (operation: string) => sandbox.calls({ operation, username: user.username });
  const accepted = [...of(OPERATIONS.send), ...of(OPERATIONS.update)].filter(({ effect }) => effect === 'ok').length;
  const messages = sandbox.inbox(user).filter(({ attributeName }) => attributeName === story.attributeName);
  const inbox = messages.length;
  const counts = (outcomes: string[]) => status.sends.filter((send) => outcomes.includes(send.outcome)).length;
  const byItself = person.changes;
  const sends = counts(['sent', 'uncertain', 'alreadySent']);
  // The list does not contain a send that is with Cognito when the verification ends.
  const overtaken = person.worlds.some((world) => world.overtaken.sends > 0) ? 1 : 0;
  promise('one message at most for each send', inbox <= accepted + byItself);
  const unheard = byItself - counts(['alreadySent']);
  promise('every message is a send that was counted', inbox <= sends + unheard + overtaken);
  const toTheOld = messages.filter(({ destination }) => destination === person.valueOf(0)).length;
  const backToIt = asked.filter((ask) => ask === 'changeValueBack').length;
  if (changesValue(story)) promise('no code for a new value goes to the old one', toTheOld <= backToIt);
  promise('no more sends than maxSends', sends <= story.rules.maxSends);
  const looked = of(OPERATIONS.attempt).filter(({ effect }) => effect !== undefined && !/NotAuth/.test(effect));
  promise('no code is looked at past maxAttempts', looked.length <= story.rules.maxAttempts);
  const right = of(OPERATIONS.attempt).some(({ effect }) => effect === 'ok');
  const proven = right || asked.includes('verifyElsewhere');
  const trusted = rulesOf(story).confirmation === 'trust' && asked.includes('confirm');
  if (outcome.outcome === 'verified') promise('verified only with proof', proven || trusted);
  if (outcome.outcome === 'verified' && outcome.proof !== 'trusted') {
    const { verified, value = '' } = person.held;
    promise('verified only what Cognito shows as verified', verified && isVerifiedValue(outcome, value));
  }
  if (outcome.outcome === 'alreadyVerified') {
    const { verified, value = '' } = person.held;
    promise('already verified only what Cognito shows so', verified && isAlreadyVerifiedValue(outcome, value));
    promise('nothing was sent where it was verified already', inbox === byItself && sends === 0);
    promise('the user did not ask for a code all the same', !story.reverify);
  }
  if (outcome.proof === 'accepted' || outcome.proof === 'found') promise('a code or the attribute proves it', proven);
  const { closedAt } = (await rig.describe(id)) ?? {};
  promise(
    'it is over by its deadline',
    (closedAt ?? Number.POSITIVE_INFINITY) <= Date.parse(status.expiresAt) + AFTER_DEADLINE,
  );
  promise('everyone was answered', person.unanswered === 0);
  const { typedSearchAttributes } = await rig.base.env.client.workflow.getHandle(id).describe();
  promise('it is listed as it ended', typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state) === outcome.outcome);
  const words = JSON.stringify(outcome);
  const secrets = [...person.tokens, ...messages.map(({ code }) => code)];
  promise('no token and no code is told', !secrets.some((secret) => words.includes(secret)));
  return broken;
}
