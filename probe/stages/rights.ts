import type { Judgement } from '../judgement.js';
import type { Setting } from '../setting.js';
import type { SeenOfStage, Stage, Steps } from '../stage.js';

const ASSUMED = 'GetUser leaves the attribute out; sub is always told';

/** What an app client without the right to read an attribute is told. */
export function rights({ addresses }: Setting): Stage {
  return {
    name: 'rights',
    title: 'what the app client may read',
    messages: { email: 0, otherEmail: 0, phone: 0 },
    async ask(steps: Steps) {
      const user = await steps.user('reader', { email: addresses.email, email_verified: 'false' });
      await steps.repeatable('GetUser', async () => {
        const [told, truth] = [await user.attributes(), await user.truth()];
        const hidden = [...truth.keys()].filter((name) => told !== undefined && !told.has(name));
        return { refused: told === undefined, hidden: hidden.sort() };
      });
    },
    judge: judgeRights,
  };
}

function judgeRights(seen: SeenOfStage, judgement: Judgement): void {
  const read = seen['GetUser'] as unknown as { refused: boolean; hidden: string[] } | undefined;
  if (read === undefined || read.refused) {
    judgement.fact('missingReadRight', ASSUMED, undefined, 'Cognito refused GetUser');
  } else if (read.hidden.length === 0) {
    judgement.skipped('missingReadRight', ASSUMED, 'the app client may read all that the test user has');
  } else {
    const found = read.hidden.includes('sub') ? 'GetUser leaves out sub too' : ASSUMED;
    judgement.fact('missingReadRight', ASSUMED, found, `GetUser did not tell ${read.hidden.join(', ')}`);
  }
}
