import type { Scenario } from '../scenario.js';
import { ANSWERS } from './answers.js';
import { ATTEMPTS } from './attempts.js';
import { AWAY } from './away.js';
import { CONFIRMATIONS } from './confirmations.js';
import { FROM_EACH_STATE } from './endings.js';
import { MESSAGES } from './messages.js';
import { RACES } from './races.js';
import { REFERENCES } from './references.js';
import { SIDE_BY_SIDE } from './side-by-side.js';
import { STARTS } from './starts.js';
import { TRANSITIONS } from './transitions.js';
import { UNPROVEN } from './unproven.js';

/** Every scenario that has a history in the corpus. */
export const SCENARIOS: readonly Scenario[] = [
  ...TRANSITIONS,
  ...ATTEMPTS,
  ...FROM_EACH_STATE,
  ...MESSAGES,
  ...SIDE_BY_SIDE,
  ...CONFIRMATIONS,
  ...RACES,
  ...STARTS,
  ...UNPROVEN,
  ...AWAY,
  ...REFERENCES,
  ...ANSWERS,
];
