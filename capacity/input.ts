/** What the capacity model is asked: its fields with their limits and defaults, and how a settings file is read. */
import { CPU_MS } from './costs.js';

/** One field. `null` in a file means: no limit, or for `workers` as many as are needed. */
interface Field {
  readonly least: number;
  readonly most: number;
  readonly whole?: true;
  readonly nullable?: true;
  readonly default: number | null;
  /** For `--help` and the page. */
  readonly meaning: string;
}

const share = (value: number, meaning: string): Field => ({ least: 0, most: 1, default: value, meaning });

/** The numbers of an input. The page shows this table, and a test compares the two. */
export const FIELDS = {
  resendShare: share(0.1, 'verifications in which a person asks for one more message'),
  wrongCodeShare: share(0.1, 'verifications in which the first code that a person types is wrong'),
  abandonedShare: share(0.05, 'verifications in which nobody types a code'),
  codeMedianSeconds: {
    least: 1,
    most: 86_400,
    default: 40,
    meaning: 'from the message to the code, half of the people',
  },
  codeP95Seconds: { least: 1, most: 604_800, default: 240, meaning: 'from the message to the code, 95 of 100 people' },
  resendAfterSeconds: { least: 1, most: 3_600, default: 60, meaning: 'when a person asks for one more message' },
  deadlineSeconds: { least: 60, most: 2_592_000, default: 86_400, meaning: "`deadline` of the verification's policy" },
  messagePrice: { least: 0, most: 10, default: 0, meaning: 'of one message, in any currency' },
  accounts: {
    least: 1,
    most: 10_000,
    whole: true,
    default: 1,
    meaning: 'pairs of AWS account and region, each with workers and a namespace of its own',
  },
  attemptsPerSecond: {
    least: 0.01,
    most: 10_000,
    default: 25,
    meaning: 'quota of `VerifyUserAttribute`, of each account',
  },
  sendsPerSecond: {
    least: 0.01,
    most: 10_000,
    default: 50,
    meaning: 'quota of `GetUserAttributeVerificationCode`, of each account',
  },
  looksPerSecond: { least: 0.01, most: 10_000, default: 120, meaning: 'quota of `GetUser`, of each account' },
  emailsPerDay: {
    least: 0,
    most: 1e9,
    whole: true,
    nullable: true,
    default: null,
    meaning: "e-mails of each account; 50 with Cognito's own sender, none for SMS",
  },
  workers: {
    least: 1,
    most: 100_000,
    whole: true,
    nullable: true,
    default: null,
    meaning: 'worker processes of all accounts together; none: as many as are needed',
  },
  workerCores: { least: 0.01, most: 64, default: 1, meaning: 'cores of each worker process' },
  directCallsPerSecond: {
    least: 0,
    most: 1_000,
    whole: true,
    default: 20,
    meaning: '`VERIFICATION_DIRECT_CALLS_PER_SECOND`, of each account',
  },
  queueCallsPerSecond: {
    least: 0.01,
    most: 100_000,
    nullable: true,
    default: null,
    meaning: 'limit of the task queue of calls, of each account',
  },
  serverCores: {
    least: 0.01,
    most: 100_000,
    nullable: true,
    default: null,
    meaning: 'of Temporal Server and database, of each account; none for Temporal Cloud',
  },
  workerCpuMs: { least: 0.1, most: 10_000, default: CPU_MS.worker, meaning: 'CPU of a worker for one verification' },
  serverCpuMs: {
    least: 0.1,
    most: 10_000,
    default: CPU_MS.server,
    meaning: 'CPU of server and database for one verification',
  },
  retentionDays: { least: 1, most: 3_650, default: 30, meaning: 'how long the namespace keeps ended verifications' },
} as const satisfies Record<string, Field>;

type FieldName = keyof typeof FIELDS;
type Value<Name extends FieldName> = (typeof FIELDS)[Name] extends { nullable: true } ? number | null : number;

/** An input with every default filled in. */
export type CapacityInput = { readonly [Name in FieldName]: Value<Name> } & {
  /** Verifications that start in each hour of the day, of all accounts together. 24 numbers. */
  readonly startsByHour: readonly number[];
};

/** An input as a person writes it. */
export type GivenInput = Partial<{ readonly [Name in FieldName]: Value<Name> }> & {
  readonly startsByHour?: readonly number[];
  /** In place of `startsByHour`: verifications in a day, which follow the usual curve. */
  readonly perDay?: number;
};

/** A field is wrong. The message names it and says what is allowed. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code = 'Usage';
}

/** A day of people who are awake: few at night, a hill before noon, the peak at eight in the evening. Shares of the day. */
const USUAL_HOURS = [12, 8, 5, 4, 4, 7, 15, 28, 42, 52, 58, 60, 58, 55, 54, 55, 58, 64, 72, 80, 84, 70, 40, 15];
const USUAL_SUM = USUAL_HOURS.reduce((sum, part) => sum + part, 0);

const STARTS: Field = { least: 0, most: 1e10, default: null, meaning: '' };

/**
 * Fills in the defaults.
 * @throws InputError naming each field that is unknown, missing, of the wrong form or out of range
 */
export function resolveInput(given: unknown): CapacityInput {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new InputError(`the input must be a JSON object with the fields ${known()}; found ${show(given)}`);
  const fields: Readonly<Record<string, unknown>> = { ...given };
  const wrong: string[] = [];
  const numbers = Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => [name, numberOf(name, field, fields[name], wrong)]),
  ) as { [Name in FieldName]: Value<Name> };
  const { codeMedianSeconds, codeP95Seconds, accounts, workers } = numbers;
  const areKnown = wrong.length === 0;
  if (areKnown && codeP95Seconds < codeMedianSeconds)
    wrong.push(`codeP95Seconds must be at least codeMedianSeconds, ${codeMedianSeconds}; found ${codeP95Seconds}`);
  if (areKnown && workers !== null && workers < accounts)
    wrong.push(`workers must be at least one for each of ${accounts} accounts; found ${workers}`);
  const startsByHour = startsOf(fields, wrong);
  const unknown = Object.keys(fields).filter(
    (name) => !Object.hasOwn(FIELDS, name) && name !== 'startsByHour' && name !== 'perDay',
  );
  if (unknown.length > 0)
    wrong.push(
      `${unknown.map(show).join(', ')} ${unknown.length === 1 ? 'is no field' : 'are no fields'} of the input; allowed: ${known()}`,
    );
  if (wrong.length > 0) throw new InputError(wrong.join('; '));
  return { ...numbers, startsByHour };
}

/** @param wrong takes what is wrong */
function startsOf({ startsByHour, perDay }: Readonly<Record<string, unknown>>, wrong: string[]): readonly number[] {
  if ((startsByHour === undefined) === (perDay === undefined)) {
    const found = perDay === undefined ? 'neither' : 'both';
    wrong.push(`the input must have one of startsByHour (24 numbers) and perDay (a number), not both; found ${found}`);
    return [];
  }
  if (perDay !== undefined) {
    const day = numberOf('perDay', { ...STARTS, least: 1 }, perDay, wrong) ?? 0;
    return USUAL_HOURS.map((part) => (day * part) / USUAL_SUM);
  }
  if (!Array.isArray(startsByHour) || startsByHour.length !== 24) {
    wrong.push(`startsByHour must be 24 numbers, one for each hour of the day; found ${show(startsByHour)}`);
    return [];
  }
  if (startsByHour.every((value) => value === 0)) wrong.push('startsByHour must have an hour with verifications');
  return startsByHour.map((value: unknown, hour) => numberOf(`startsByHour[${hour}]`, STARTS, value, wrong) ?? 0);
}

/**
 * @param wrong takes what is wrong
 * @returns the default in place of what is wrong
 */
function numberOf(name: string, field: Field, value: unknown, wrong: string[]): number | null {
  if (value === undefined) return field.default;
  if (value === null && field.nullable) return null;
  const { least, most, whole } = field;
  const fits = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
  if (fits) return value;
  const kind = whole ? 'a whole number' : 'a number';
  wrong.push(
    `${name} must be ${kind} from ${least} to ${most}${field.nullable ? ', or null for none' : ''}; found ${show(value)}`,
  );
  return field.default;
}

function known(): string {
  return ['startsByHour', 'perDay', ...Object.keys(FIELDS)].join(', ');
}

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}
