/** The worked examples of docs/capacity.md, as settings files. */
import type { GivenInput } from './input.js';

/** By the names that `--example` takes. */
export const EXAMPLES = {
  startup: { perDay: 400, messagePrice: 0, emailsPerDay: 50 },
  'national-bank': {
    perDay: 200_000,
    deadlineSeconds: 3_600,
    messagePrice: 0.05,
    directCallsPerSecond: 12,
    queueCallsPerSecond: 12,
    serverCores: 4,
    retentionDays: 7,
  },
  'hundred-million': {
    perDay: 100_000_000,
    deadlineSeconds: 3_600,
    messagePrice: 0.03,
    accounts: 160,
    workers: 320,
    directCallsPerSecond: 12,
    queueCallsPerSecond: 12,
    retentionDays: 3,
  },
} as const satisfies Record<string, GivenInput>;
