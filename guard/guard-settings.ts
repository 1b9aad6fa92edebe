/** The settings of the guard: one table, from which reader, help and docs follow. */
import { parseCount, quoteSetting, readSettings, readSettingTable } from '@cognito-verification/codec';
import { parseDuration, Secret } from '@cognito-verification/contract';
import { COUNTRIES } from './countries.js';
import { NUMBER_KINDS, type NumberKind } from './destination.js';
import { guardKeyFromSettings } from './guard-key.js';

/** Defaults and ranges are in `GUARD_SETTINGS`; `docs/guard.md` says what each is for. */
export interface GuardSettings {
  /** The countries that an SMS may go to, in ISO 3166-1 alpha-2; `+882` for a calling code of no country. Default: all. */
  readonly smsCountries?: readonly string[] | undefined;
  /** The kinds of number that no SMS goes to. Default: none. */
  readonly smsRefusedKinds?: readonly NumberKind[] | undefined;
  /** What becomes of an SMS whose number nobody could read. It counts for the budget either way. */
  readonly smsUnread?: 'allow' | 'hold' | undefined;
  /** The most messages to one destination in any hour, for all users and pools together. */
  readonly destinationPerHour?: number | undefined;
  /** The same in any 24 hours. */
  readonly destinationPerDay?: number | undefined;
  /** The most SMS of all users in an hour of the clock. Default: no limit. */
  readonly smsPerHour?: number | undefined;
  /** The most SMS of all users in a day of the clock, in UTC. Default: no limit. */
  readonly smsPerDay?: number | undefined;
  /** The most e-mails of all users in an hour of the clock. Default: no limit. */
  readonly emailPerHour?: number | undefined;
  /** The most e-mails of all users in a day of the clock, in UTC. Default: no limit. */
  readonly emailPerDay?: number | undefined;
  /** The brake on SMS that bring no code back. `watch` says what it would hold. */
  readonly smsBrake?: 'off' | 'watch' | 'on' | undefined;
  /** How many such SMS a country may have in an hour, beyond what its verified codes have earned. */
  readonly smsBrakeCountryPerHour?: number | undefined;
  /** The same in a day. */
  readonly smsBrakeCountryPerDay?: number | undefined;
  /** The same for a prefix, or for a calling code of no country, in an hour. */
  readonly smsBrakePrefixPerHour?: number | undefined;
  /** The same in a day. */
  readonly smsBrakePrefixPerDay?: number | undefined;
  /** Of the SMS to a place so many in a hundred may for ever bring no code back: verified ones earn them. */
  readonly smsBrakeUnprovenPercent?: number | undefined;
  /** The Redis or Valkey that all workers share, `redis://` or `rediss://`; may hold a password. Default: each process counts by itself. */
  readonly guardStore?: Secret | undefined;
  /** While the store is away each process goes on by itself, or holds all messages. */
  readonly guardStoreAway?: 'go-on' | 'hold' | undefined;
  /** The store counts as away after so many ms without an answer. */
  readonly guardStoreTimeoutMs?: number | undefined;
  /** 32 bytes that make pseudonyms of destinations. Required with a store. Default: random. */
  readonly guardKey?: Uint8Array | undefined;
}

type Kind =
  | { readonly kind: 'count'; readonly least: number; readonly most: number; readonly default?: number }
  | { readonly kind: 'duration'; readonly leastMs: number; readonly mostMs: number; readonly default: string }
  | { readonly kind: 'word'; readonly words: readonly string[]; readonly default: string }
  | { readonly kind: 'countries' }
  | { readonly kind: 'kinds' }
  | { readonly kind: 'store' };

/** One setting: its kind and range, what it is in a few words, and what holds where it is not given and has no default. */
export type GuardSetting = Kind & { readonly variable: string; readonly help: string; readonly without?: string };

const count = (variable: string, most: number, help: string, without = 'no limit') =>
  ({ variable, kind: 'count', least: 1, most, help, without }) as const;

/** A debt fades to one below the limit, so a limit of one would hold for ever. */
const brake = (variable: string, fallback: number, help: string) =>
  ({ variable, kind: 'count', least: 2, most: 1_000_000, default: fallback, help }) as const;

/** All but the key, by the option that each sets. */
export const GUARD_SETTINGS = {
  smsCountries: {
    variable: 'VERIFICATION_SMS_COUNTRIES',
    kind: 'countries',
    help: 'countries an SMS may go to, such as DE,FR',
    without: 'all',
  },
  smsRefusedKinds: {
    variable: 'VERIFICATION_SMS_REFUSED_KINDS',
    kind: 'kinds',
    help: 'kinds of number no SMS goes to, such as premium,voip',
    without: 'none',
  },
  smsUnread: {
    variable: 'VERIFICATION_SMS_UNREAD',
    kind: 'word',
    words: ['allow', 'hold'],
    default: 'allow',
    help: 'an SMS whose number nobody could read',
  },
  destinationPerHour: {
    variable: 'VERIFICATION_DESTINATION_PER_HOUR',
    kind: 'count',
    least: 1,
    most: 1_000,
    default: 10,
    help: 'messages to one address or number, for all users',
  },
  destinationPerDay: {
    variable: 'VERIFICATION_DESTINATION_PER_DAY',
    kind: 'count',
    least: 1,
    most: 1_000,
    default: 20,
    help: 'the same in any 24 hours',
  },
  smsPerHour: count('VERIFICATION_SMS_PER_HOUR', 1_000_000, 'SMS of all users in an hour'),
  smsPerDay: count('VERIFICATION_SMS_PER_DAY', 10_000_000, 'SMS of all users in a day'),
  emailPerHour: count('VERIFICATION_EMAIL_PER_HOUR', 1_000_000, 'e-mails of all users in an hour'),
  emailPerDay: count('VERIFICATION_EMAIL_PER_DAY', 10_000_000, 'e-mails of all users in a day'),
  smsBrake: {
    variable: 'VERIFICATION_SMS_BRAKE',
    kind: 'word',
    words: ['off', 'watch', 'on'],
    default: 'off',
    help: 'the brake on SMS that bring no code back',
  },
  smsBrakeCountryPerHour: brake('VERIFICATION_SMS_BRAKE_COUNTRY_PER_HOUR', 75, 'such SMS for a country'),
  smsBrakeCountryPerDay: brake('VERIFICATION_SMS_BRAKE_COUNTRY_PER_DAY', 100, 'the same in a day'),
  smsBrakePrefixPerHour: brake('VERIFICATION_SMS_BRAKE_PREFIX_PER_HOUR', 20, 'such SMS for a prefix'),
  smsBrakePrefixPerDay: brake('VERIFICATION_SMS_BRAKE_PREFIX_PER_DAY', 40, 'the same in a day'),
  smsBrakeUnprovenPercent: {
    variable: 'VERIFICATION_SMS_BRAKE_UNPROVEN_PERCENT',
    kind: 'count',
    least: 0,
    most: 90,
    default: 33,
    help: 'in a hundred SMS that may bring no code back for ever',
  },
  guardStore: {
    variable: 'VERIFICATION_GUARD_STORE',
    kind: 'store',
    help: 'Redis or Valkey of all workers, redis:// or rediss://',
    without: 'each process counts by itself',
  },
  guardStoreAway: {
    variable: 'VERIFICATION_GUARD_STORE_AWAY',
    kind: 'word',
    words: ['go-on', 'hold'],
    default: 'go-on',
    help: 'each process counts by itself, or messages wait',
  },
  guardStoreTimeoutMs: {
    variable: 'VERIFICATION_GUARD_STORE_TIMEOUT',
    kind: 'duration',
    leastMs: 50,
    mostMs: 1_000,
    default: '500 ms',
    help: 'the store counts as away after so long',
  },
} as const satisfies Readonly<Record<Exclude<keyof GuardSettings, 'guardKey'>, GuardSetting>>;

/**
 * Reads them from the environment. An empty variable counts as not set.
 * @returns what is set
 * @throws SettingError with everything that is wrong; also for a store without a key
 */
export function guardSettings(env: NodeJS.ProcessEnv = process.env): GuardSettings {
  const { set, guardKey } = readSettings({
    set: () =>
      readSettingTable<GuardSetting>(GUARD_SETTINGS, env, {
        parse,
        allowed: allowedValues,
        // The URL of a store may hold a password.
        quote: (text, { kind }) => (kind === 'store' ? 'another text' : quoteSetting(text)),
      }),
    guardKey: () => guardKeyFromSettings(env, Boolean(env[GUARD_SETTINGS.guardStore.variable])),
  });
  return { ...set, guardKey };
}

/** How long the store may take to answer, in ms. */
export function storeTimeoutOf({ guardStoreTimeoutMs }: GuardSettings): number {
  return guardStoreTimeoutMs ?? parseDuration(GUARD_SETTINGS.guardStoreTimeoutMs.default) ?? 500;
}

/** What a setting may be, in words, for an error and for the docs. */
export function allowedValues(setting: GuardSetting): string {
  switch (setting.kind) {
    case 'count':
      return `a whole number from ${setting.least} to ${setting.most}`;
    case 'duration':
      return `a duration from ${setting.leastMs} ms to ${setting.mostMs} ms`;
    case 'word':
      return setting.words.join(', ');
    case 'countries':
      return 'codes of ISO 3166-1 with commas between them, such as DE,GB (not UK), and calling codes of no country, such as +882';
    case 'kinds':
      return `with commas between them: ${Object.keys(NUMBER_KINDS).join(', ')}`;
    case 'store':
      return 'the URL of a Redis or Valkey, such as rediss://user:password@host:6379/0';
  }
}

function parse(text: string, setting: GuardSetting): unknown {
  switch (setting.kind) {
    case 'count':
      return parseCount(text, setting);
    case 'duration': {
      // A number alone would be milliseconds, which nobody means.
      const ms = /[a-z]$/i.test(text) ? parseDuration(text) : undefined;
      return ms !== undefined && ms >= setting.leastMs && ms <= setting.mostMs ? ms : undefined;
    }
    case 'word':
      return setting.words.includes(text) ? text : undefined;
    case 'countries':
      return parseList(text, (word) => COUNTRIES.some((country) => country === word) || /^\+\d{1,3}$/.test(word));
    case 'kinds':
      return parseList(text, (word) => Object.hasOwn(NUMBER_KINDS, word));
    case 'store':
      return parseStore(text);
  }
}

function parseList(text: string, isRight: (word: string) => boolean): string[] | undefined {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  return words.length > 0 && words.every(isRight) ? words : undefined;
}

function parseStore(text: string): Secret | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRight =
    url && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname && /^\/?\d{0,3}$/.test(url.pathname);
  return isRight ? new Secret(text) : undefined;
}
