import type { Rules } from './decide.js';
import type { PhoneDestination } from './destination.js';
import { GUARD_SETTINGS, type GuardSettings } from './guard-settings.js';
import type { RefusedReason } from './message-guard.js';

/** What the settings allow, with every default filled in. */
export function rulesOf(settings: GuardSettings): Rules {
  const { smsBrake = GUARD_SETTINGS.smsBrake.default } = settings;
  const share = numberOf(settings, 'smsBrakeUnprovenPercent') / 100;
  return {
    destination: { perHour: numberOf(settings, 'destinationPerHour'), perDay: numberOf(settings, 'destinationPerDay') },
    budget: {
      sms: { perHour: settings.smsPerHour ?? Infinity, perDay: settings.smsPerDay ?? Infinity },
      email: { perHour: settings.emailPerHour ?? Infinity, perDay: settings.emailPerDay ?? Infinity },
    },
    brake: {
      mode: smsBrake,
      country: {
        perHour: numberOf(settings, 'smsBrakeCountryPerHour'),
        perDay: numberOf(settings, 'smsBrakeCountryPerDay'),
      },
      prefix: {
        perHour: numberOf(settings, 'smsBrakePrefixPerHour'),
        perDay: numberOf(settings, 'smsBrakePrefixPerDay'),
      },
      // Of n messages n × (1 − share) are proven, and each of them earns what makes up for the others.
      creditPerProven: share / (1 - share),
    },
  };
}

type Defaulted = {
  [O in keyof typeof GUARD_SETTINGS]: (typeof GUARD_SETTINGS)[O] extends { default: number } ? O : never;
};

function numberOf(settings: GuardSettings, option: Defaulted[keyof Defaulted]): number {
  return settings[option] ?? GUARD_SETTINGS[option].default;
}

/** Why no SMS ever goes to this number; undefined where one may. */
export function refusalOf(
  { country, kind }: PhoneDestination,
  { smsCountries, smsRefusedKinds = [] }: GuardSettings,
): RefusedReason | undefined {
  if (smsCountries !== undefined && !smsCountries.includes(country)) return 'CountryNotAllowed';
  return kind !== undefined && smsRefusedKinds.includes(kind) ? 'NumberKindNotAllowed' : undefined;
}
