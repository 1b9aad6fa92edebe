import { GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { ForeignAnswer } from '../../activities/cognito-answer.js';
import type { Judgement } from '../judgement.js';
import { ProbeError } from '../probe-error.js';
import type { Setting } from '../setting.js';
import type { SeenOfStage, Stage, Steps } from '../stage.js';

/** Of the form of an access token, and of nobody. */
const NO_TOKEN = 'endpoint.probe.without-a-token';
const ASSUMED_HEADERS = 'x-amzn-errormessage, x-amzn-errortype, x-amzn-requestid';
const BLOCKED = 'ForbiddenException, HTTP 400';

/** Who answers: Cognito, or a firewall in its place. And what a refusal looks like on the wire. */
export function door(_setting: Setting): Stage {
  return {
    name: 'door',
    title: 'who answers, and how a refusal looks',
    messages: { email: 0, otherEmail: 0, phone: 0 },
    ask: askDoor,
    judge: judgeDoor,
  };
}

/** Whether something other than Cognito has answered, so that no user can be asked anything. */
export function isBlocked(seen: SeenOfStage | undefined): boolean {
  return seen?.['firewall'] === true;
}

async function askDoor(steps: Steps): Promise<void> {
  const { calls } = steps.setting;
  let foreign = false;
  const answer = await steps.repeatable('a token of nobody', async () => {
    const outcome = await calls
      .make('GetUser', () => calls.client.send(new GetUserCommand({ AccessToken: NO_TOKEN })))
      .catch((error: unknown) => {
        if (!(error instanceof ProbeError && error.cause instanceof ForeignAnswer)) throw error;
        foreign = true;
        return { answer: error.cause.said };
      });
    const { status, headers, wafAction } = calls.lastWire();
    return { answer: outcome.answer, status, headers, waf: wafAction ?? null, foreign };
  });
  await steps.repeatable('firewall', async () => answer.foreign || answer.answer === 'ForbiddenException');
}

interface DoorAnswer {
  answer: string;
  status: number;
  headers: string[];
  waf: string | null;
  foreign: boolean;
}

function judgeDoor(seen: SeenOfStage, judgement: Judgement): void {
  const { answer, status, headers, waf, foreign } = seen['a token of nobody'] as unknown as DoorAnswer;
  const action = waf === null ? '' : `, x-amzn-waf-action: ${waf}`;
  if (isBlocked(seen)) {
    const found = foreign ? `${answer}${action}` : `${answer}, HTTP ${status}`;
    judgement.fact('firewall', BLOCKED, found, 'GetUser with a token of nobody');
  } else
    judgement.skipped(
      'firewall',
      BLOCKED,
      'Cognito itself answered: no firewall stands in between, or it let the call pass',
    );
  if (foreign) return;
  judgement.fact('refusalStatus', 'HTTP 400', `HTTP ${status}`, `${answer} for a token of nobody`);
  judgement.fact(
    'refusalHeaders',
    ASSUMED_HEADERS,
    headers.join(', ') || 'none of AWS',
    `${answer} for a token of nobody`,
  );
}
