import { ACCEPTED } from '../cognito-calls.js';
import type { Judgement } from '../judgement.js';
import type { Setting } from '../setting.js';
import { otherThan, type SeenOfStage, type Stage, type Steps, textOf } from '../stage.js';

const TAKEN = 'AliasExistsException';

/** A change to an address by which another user signs in. */
export function alias({ addresses, pool }: Setting): Stage {
  const { email, otherEmail } = addresses;
  return {
    name: 'alias',
    title: 'an address by which another user signs in',
    messages: { email: 0, otherEmail: 1, phone: 0 },
    notAsked: pool.emailIsAlias ? undefined : 'users of the pool do not sign in by their e-mail (AliasAttributes)',
    async ask(steps) {
      const owner = await steps.user('owner', { email: otherEmail, email_verified: 'true' });
      const user = await steps.user('changing', { email });
      const changed = await steps.once('change', async () => {
        const { answer, destination } = await user.changeEmail(otherEmail);
        return { answer, delivers: destination !== undefined, at: steps.setting.clock.now() };
      });
      if (!changed.delivers) return;
      const code = steps.code(user, 1, { sentBy: 'change', inbox: 'otherEmail' });
      await askWrongCode(steps, user, code);
      if ((await steps.submit('right code', user, code)) !== TAKEN) return;
      // Assumed: the code is good still, once the address is free.
      await steps.drop('owner', owner);
      await steps.submit('right code again', user, code);
    },
    judge: judgeAlias,
  };
}

/** Assumed: a wrong code is told before the alias. */
async function askWrongCode(
  steps: Steps,
  user: { verify(attribute: string, code: string): Promise<string> },
  code: { get(): Promise<string> },
): Promise<void> {
  if (steps.seen('wrong code') !== undefined) return;
  const wrong = otherThan(await code.get());
  await steps.once('wrong code', () => user.verify('email', wrong));
}

/** Assumed: Cognito notices at the right code, not at the change. */
function judgeAlias(seen: SeenOfStage, judgement: Judgement): void {
  const text = (step: string) => textOf(seen, step);
  const change = seen['change'] as unknown as { answer: string } | undefined;
  const right = text('right code');
  const evidence = `the change got ${change?.answer ?? 'no answer'}${right === undefined ? '' : `, the right code ${right}`}`;
  if (change?.answer === TAKEN) judgement.switch('aliasCheck', 'whenChanged', evidence);
  else if (right === TAKEN) judgement.switch('aliasCheck', 'whenVerified', evidence);
  else judgement.switch('aliasCheck', right === ACCEPTED ? 'never: the alias moves' : undefined, evidence);
  const [wrong, again] = [text('wrong code'), text('right code again')];
  if (change?.answer === TAKEN) {
    judgement.skipped('wrongCodeForAlias', 'CodeMismatchException', 'the change was refused');
    judgement.skipped('codeAfterAlias', 'stays good', 'the change was refused');
    return;
  }
  judgement.fact(
    'wrongCodeForAlias',
    'CodeMismatchException',
    wrong,
    'a wrong code for an address that another user has',
  );
  const stays = again === undefined ? undefined : again === ACCEPTED ? 'stays good' : `gets ${again}`;
  judgement.fact('codeAfterAlias', 'stays good', stays, 'the same code, after the other user was deleted');
}
