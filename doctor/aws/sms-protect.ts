/** Whether Protect of AWS End User Messaging blocks the countries that are asked about. */
import type { ConfigurationSetInformation } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import type { Surroundings } from '../surroundings.js';
import { CALLS } from './calls.js';
import type { Judgement } from './each.js';
import { countriesOf } from './sms-countries.js';
import { checkSmsRegions, type SmsRegion, smsPathOf } from './sms-paths.js';
import { SOURCES } from './sources.js';
import type { Pool } from './user-pools.js';

/** What Protect does, by the configuration that applies. */
export interface ProtectAnswers {
  readonly region: string;
  readonly configurations: readonly {
    readonly id: string;
    /** Whom it applies to, as a phrase. */
    readonly of: string;
    readonly rules: Readonly<Record<string, { readonly ProtectStatus?: string | undefined }>>;
  }[];
}

export const protect = checkSmsRegions(
  { name: 'sms-protect', area: 'sms', title: 'countries that Protect blocks', source: SOURCES.protect },
  askProtect,
  (answers, surroundings) => {
    const { countries, asked } = countriesOf(surroundings);
    return countries.flatMap((country) => judgeProtect(answers, country, asked));
  },
);

async function askProtect({ region, pools }: SmsRegion, { aws }: Surroundings): Promise<ProtectAnswers> {
  const place = { region };
  const [attributes, sets] = await Promise.all([
    aws.ask(CALLS.smsAccountAttributes, place, {}),
    pools.some((pool) => setOf(pool) !== undefined) ? aws.ask(CALLS.configurationSets, place, {}) : [],
  ]);
  const applied = appliedProtect(pools, attributes['DEFAULT_PROTECT_CONFIGURATION_ID'], sets);
  const configurations = await Promise.all(
    applied.map(async ({ id, of }) => ({
      id,
      of,
      rules: (await aws.ask(CALLS.countryRules, place, { ProtectConfigurationId: id })) ?? {},
    })),
  );
  return { region, configurations };
}

function setOf(pool: Pool): string | undefined {
  return smsPathOf(pool)?.by === 'direct' ? pool.settings.SmsConfiguration?.EumsSms?.ConfigurationSetName : undefined;
}

/**
 * The Protect configurations that apply: a pool's is that of its configuration set, and in its place that of the account where
 * the set has none.
 * @param account that of the account, if it has one
 */
export function appliedProtect(
  pools: readonly Pool[],
  account: string | undefined,
  sets: readonly Pick<ConfigurationSetInformation, 'ConfigurationSetName' | 'ProtectConfigurationId'>[],
): readonly { readonly id: string; readonly of: string }[] {
  const applied = pools.flatMap((pool) => {
    const name = setOf(pool);
    const id = sets.find(
      ({ ConfigurationSetName }) => name !== undefined && ConfigurationSetName === name,
    )?.ProtectConfigurationId;
    if (id) return { id, of: `the configuration set ${name}` };
    return account ? { id: account, of: 'the account' } : [];
  });
  return [...new Map(applied.map((one) => [one.of, one])).values()];
}

const STATUS_WORDS: Readonly<Record<string, string>> = {
  ALLOW: 'allowed',
  FILTER:
    'FILTER: AWS drops what it takes for abuse. Should a user there get no code by SMS, a message of theirs may be among it; Cognito says that it was sent',
  MONITOR: 'MONITOR: AWS counts what it takes for abuse, and drops nothing',
};

/** @param asked whether somebody has said that users there get messages */
export function judgeProtect(
  { region, configurations }: ProtectAnswers,
  country: string,
  asked: boolean,
): Judgement | Judgement[] {
  const blocking = configurations.filter(({ rules }) => rules[country]?.ProtectStatus === 'BLOCK');
  if (blocking.length === 0) {
    const set = configurations.flatMap(({ rules }) => rules[country]?.ProtectStatus ?? []);
    const words = [...new Set(set)].map((status) => STATUS_WORDS[status] ?? status);
    return { verdict: 'ok', found: `${country}: ${words.length === 0 ? 'no rule' : words.join('; ')}.` };
  }
  return blocking.map(({ id, of }) => ({
    verdict: asked ? 'failure' : 'warning',
    found: `${country}: the Protect configuration ${id} of ${of} blocks it.`,
    means: `No user with a number of ${country} gets a code by SMS. Cognito says that it was sent.`,
    remedy: {
      text: `If users there are to sign up, allow the country. If it is blocked on purpose, offer them e-mail, and name all other countries of your users in its place: cognito-verification doctor --country DE.`,
      console: `AWS End User Messaging > SMS > Protect > Protect configurations > ${id} > SMS country rules`,
      command: `aws pinpoint-sms-voice-v2 update-protect-configuration-country-rule-set --region ${region} --protect-configuration-id ${id} --number-capability SMS --country-rule-set-updates '{"${country}":{"ProtectStatus":"ALLOW"}}'`,
    },
  }));
}
