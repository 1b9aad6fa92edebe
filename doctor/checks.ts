import { AWS_CHECKS } from './aws-checks.js';
import type { Area, Check } from './check.js';
import { AWS_CLOCK_CHECK, TEMPORAL_CLOCK_CHECK } from './clock-checks.js';
import { CODEC_ANSWERS_CHECK } from './codec-answers-check.js';
import { CODEC_ORIGINS_CHECK } from './codec-origins-check.js';
import { DEPLOYMENT_CHECK } from './deployment-check.js';
import { GUARD_STORE_CHECK } from './guard-store-check.js';
import { KEY_CHECKS } from './key-checks.js';
import { NAMESPACE_CHECKS } from './namespace-checks.js';
import { POOL_SETTINGS_CHECK } from './pool-settings-check.js';
import { QUEUE_CHECKS } from './queue-checks.js';
import type { Surroundings } from './surroundings.js';
import { TEMPORAL_CHECKS } from './temporal-checks.js';
import { WORKER_CHECKS } from './worker-checks.js';
import { WORKER_SETTINGS_CHECK } from './worker-settings-check.js';

/** The areas in the order of the report, with the words above their findings. */
export const AREAS: Readonly<Record<Area, string>> = {
  temporal: 'Temporal and workers',
  keys: 'Keys',
  'codec-server': 'Codec server',
  'user-pool': 'User pools',
  email: 'E-mail',
  sms: 'SMS',
  quotas: 'Quotas',
  firewall: 'Firewall',
};

/** Every check, in the order of the report. */
export const CHECKS: readonly Check<Surroundings>[] = inOrderOfAreas([
  ...TEMPORAL_CHECKS,
  ...NAMESPACE_CHECKS,
  WORKER_SETTINGS_CHECK,
  GUARD_STORE_CHECK,
  ...WORKER_CHECKS,
  DEPLOYMENT_CHECK,
  ...QUEUE_CHECKS,
  TEMPORAL_CLOCK_CHECK,
  ...KEY_CHECKS,
  CODEC_ANSWERS_CHECK,
  CODEC_ORIGINS_CHECK,
  POOL_SETTINGS_CHECK,
  AWS_CLOCK_CHECK,
  ...AWS_CHECKS,
]);

function inOrderOfAreas(checks: readonly Check<Surroundings>[]): Check<Surroundings>[] {
  const areas = Object.keys(AREAS);
  return [...checks].sort((one, other) => areas.indexOf(one.area) - areas.indexOf(other.area));
}
