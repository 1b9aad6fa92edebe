/** Whether SMS reach the countries that are asked about. */
import type { PhoneNumberInformation, RegistrationInformation } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import type { Surroundings } from '../surroundings.js';
import { CALLS } from './calls.js';
import type { Judgement } from './each.js';
import { nameNoSender } from './remedies.js';
import { checkSmsRegions, type SmsRegion, smsPathOf } from './sms-paths.js';
import { type Senders, sendersIn, sendersNamed } from './sms-senders.js';
import { SOURCES } from './sources.js';
import type { Pool } from './user-pools.js';

/** The United States and its territories take messages from registered numbers of the United States only. */
const UNITED_STATES: readonly string[] = ['US', 'AS', 'GU', 'MP', 'PR', 'VI'];

/** The countries that are spoken of, and whether somebody has asked about them. */
export function countriesOf({ countries }: Surroundings): { countries: readonly string[]; asked: boolean } {
  return countries.length > 0 ? { countries, asked: true } : { countries: ['US'], asked: false };
}

/** What can be the sender of a message from a region. */
export interface Originators extends Senders {
  readonly region: string;
  readonly registrations: readonly RegistrationInformation[];
  /** The user pools that name these and no others as `OriginationIdentity`. Undefined: AWS chooses from all that the region has. */
  readonly namedBy?: readonly Pool[] | undefined;
}

export const originationIdentities = checkSmsRegions(
  {
    name: 'sms-origination',
    area: 'sms',
    title: 'numbers and sender ids to send by',
    source: SOURCES.requestNumber,
  },
  async ({ region, pools }: SmsRegion, { aws }) => {
    const [senders, registrations] = await Promise.all([
      sendersIn(aws, region),
      aws.ask(CALLS.registrations, { region }, {}),
    ]);
    const all: Originators = { region, registrations, ...senders };
    return { all, used: usedOriginators(all, pools) };
  },
  ({ all, used }, surroundings) => {
    const { countries, asked } = countriesOf(surroundings);
    return countries.flatMap((country) =>
      UNITED_STATES.includes(country)
        ? used.map((originators) => judgeUnitedStates(originators, country, asked))
        : judgeCountry(all, country),
    );
  },
);

/** By what the pools send: all of the region, or what a pool names. */
export function usedOriginators(all: Originators, pools: readonly Pool[]): readonly Originators[] {
  const wanted = [...new Set(pools.map((pool) => identityOf(pool) ?? ''))];
  return wanted.map((identity) => {
    const named = sendersNamed(identity, all);
    const isThere = named.numbers.length > 0 || named.senderIds.length > 0 || /^pool-|:pool\//.test(identity);
    const namedBy = pools.filter((pool) => identityOf(pool) === identity);
    // What is not there at all is for the check sms-sender-of-pool.
    return isThere ? { ...all, ...named, namedBy } : all;
  });
}

function identityOf(pool: Pool): string | undefined {
  return smsPathOf(pool)?.by === 'direct' ? pool.settings.SmsConfiguration?.EumsSms?.OriginationIdentity : undefined;
}

const CONSOLE = 'AWS End User Messaging > SMS > Configurations > Phone numbers > Request originator';

/** @param asked whether somebody has said that users there get messages */
export function judgeUnitedStates(originators: Originators, country: string, asked: boolean): Judgement {
  const { region, numbers, registrations, namedBy } = originators;
  const own = numbers.filter(
    ({ IsoCountryCode, NumberType, NumberCapabilities, Status }) =>
      IsoCountryCode === 'US' &&
      NumberType !== 'SIMULATOR' &&
      NumberCapabilities?.includes('SMS') &&
      Status !== 'DELETED',
  );
  const states = own.map((number) => ({ number, lacks: lackOf(number, registrations) }));
  const usable = states.filter(({ lacks }) => lacks === undefined);
  const waiting = states.filter(({ lacks }) => lacks !== undefined);
  const [notReady] = waiting;
  const verdict = asked ? 'failure' : 'warning';
  const means = `No user with a number of ${country === 'US' ? 'the United States' : country} gets a code by SMS. Carriers drop the message, and Cognito says that it was sent.`;
  const unless = asked
    ? ''
    : ' If no user has a number there, name the countries of your users: cognito-verification doctor --country DE.';
  if (own.length === 0 && namedBy !== undefined) {
    const names = namedBy.map(({ id }) => id).join(', ');
    return {
      verdict,
      found: `${country}: what ${names} names as OriginationIdentity is no number of the United States.`,
      means,
      remedy: {
        text: `Name a pool of numbers that has a registered one. Or name none, as the command does: AWS then chooses for each country.${unless}`,
        console: `Amazon Cognito > User pools > ${names} > Authentication > Authentication methods > SMS > Edit`,
        command: namedBy.map(nameNoSender).join(' && '),
      },
      source: SOURCES.smsSettings,
    };
  }
  if (own.length === 0) {
    return {
      verdict,
      found: `${country}: ${region} has no number of the United States to send by.`,
      means,
      remedy: {
        text: `Request a number of the United States in ${region}: a toll-free number is the quickest, and the command requests one. Then register it, in the console under Registrations > Create registration. AWS and the carriers decide on that, which takes days to weeks.${unless}`,
        console: CONSOLE,
        command: `aws pinpoint-sms-voice-v2 request-phone-number --region ${region} --iso-country-code US --message-type TRANSACTIONAL --number-capabilities SMS --number-type TOLL_FREE`,
      },
    };
  }
  if (notReady && usable.length === 0) {
    return {
      verdict,
      found: `${country}: ${waiting.map(({ number, lacks }) => `${wordsOf(number)} ${lacks}`).join('; ')}.`,
      means,
      remedy: {
        text: `Finish the registration of the number, or begin it if it has none (Create registration). AWS and the carriers decide on it, which takes days to weeks. The command shows the registration of each number, and then where each registration stands.${unless}`,
        console: 'AWS End User Messaging > SMS > Registrations',
        command: `aws pinpoint-sms-voice-v2 describe-phone-numbers --region ${region} --query "PhoneNumbers[].[PhoneNumberId,NumberType,Status,RegistrationId]" --output text && aws pinpoint-sms-voice-v2 describe-registrations --region ${region} --query "Registrations[].[RegistrationId,RegistrationType,RegistrationStatus]" --output text`,
      },
      source: SOURCES.registrations,
    };
  }
  const found = `${country}: ${usable.map(({ number }) => wordsOf(number)).join(', ')}, ready to send.`;
  if (!notReady) return { verdict: 'ok', found };
  return {
    verdict: 'warning',
    found: `${found} Not ready: ${waiting.map(({ number, lacks }) => `${wordsOf(number)} ${lacks}`).join('; ')}.`,
    means: 'Messages go out by the number that is ready. It may be the slower or the dearer one.',
    remedy: {
      text: 'Finish the registration of the other one, on which AWS and the carriers decide, or give it back: aws pinpoint-sms-voice-v2 release-phone-number, with --phone-number-id and the id that the command shows.',
      console: 'AWS End User Messaging > SMS > Registrations',
      command: `aws pinpoint-sms-voice-v2 describe-phone-numbers --region ${region} --query "PhoneNumbers[].[PhoneNumberId,NumberType,Status,RegistrationId]" --output text`,
    },
    source: SOURCES.registrations,
  };
}

/** Why a number does not send yet; undefined if it does. */
function lackOf(
  { Status, RegistrationId, NumberType }: PhoneNumberInformation,
  registrations: readonly RegistrationInformation[],
): string | undefined {
  if (Status !== 'ACTIVE') return `is not active (${Status})`;
  const registration = registrations.find((candidate) => candidate.RegistrationId === RegistrationId);
  if (registration) {
    const { RegistrationStatus: status, ApprovedVersionNumber: approved } = registration;
    // A version that is being changed leaves the approved one in force.
    return status === 'COMPLETE' || approved !== undefined ? undefined : `is not registered (${status})`;
  }
  // A short code is registered before AWS hands it out.
  return NumberType === 'SHORT_CODE' ? undefined : 'is not registered';
}

const TYPES: Readonly<Record<string, string>> = {
  SHORT_CODE: 'a short code',
  LONG_CODE: 'a long code',
  TOLL_FREE: 'a toll-free number',
  TEN_DLC: 'a 10DLC number',
};

function wordsOf({ NumberType, PhoneNumberId }: PhoneNumberInformation): string {
  return `${TYPES[NumberType ?? ''] ?? 'a number'} (${PhoneNumberId ?? 'without an id'})`;
}

/** Which countries want a registered sender is AWS’s table; doctor does not know it. */
export function judgeCountry({ region, numbers, senderIds, registrations }: Originators, country: string): Judgement {
  const ofCountry = { source: SOURCES.countries, console: CONSOLE };
  const ids = senderIds.filter(({ IsoCountryCode }) => IsoCountryCode === country);
  const own = numbers.filter(
    ({ IsoCountryCode, NumberCapabilities, Status }) =>
      IsoCountryCode === country && NumberCapabilities?.includes('SMS') && Status === 'ACTIVE',
  );
  const open = ids.filter(({ RegistrationId, Registered }) => RegistrationId !== undefined && !Registered);
  const ready = ids.length - open.length + own.length;
  if (open.length > 0 && ready === 0) {
    const statuses = open.map(
      ({ SenderId, RegistrationId }) =>
        `${SenderId} (${registrations.find((one) => one.RegistrationId === RegistrationId)?.RegistrationStatus ?? 'unknown'})`,
    );
    return {
      verdict: 'warning',
      found: `${country}: the registration of the sender id is not complete: ${statuses.join(', ')}.`,
      means: `Users with a number of ${country} may get no code by SMS, or one from a sender that they do not know.`,
      remedy: {
        text: 'Finish the registration, on which AWS and the country decide. The command shows where it stands.',
        console: 'AWS End User Messaging > SMS > Registrations',
        command: `aws pinpoint-sms-voice-v2 describe-registrations --region ${region} --query "Registrations[].[RegistrationId,RegistrationType,RegistrationStatus]" --output text`,
      },
      source: SOURCES.registrations,
    };
  }
  if (ready > 0) return { verdict: 'ok', found: `${country}: ${ready} to send by.`, source: ofCountry.source };
  return {
    verdict: 'warning',
    found: `${country}: ${region} has no number and no sender id for it, so AWS sends by one that it shares.`,
    means: `Users with a number of ${country} get codes from a sender that they do not know, and none where the country wants a registered sender.`,
    remedy: {
      text: `Look up ${country} in AWS’s table (the document below). Where it takes sender ids, request one with your name in place of YOURCOMPANY: the command works where no registration is needed.`,
      console: CONSOLE,
      command: `aws pinpoint-sms-voice-v2 request-sender-id --region ${region} --iso-country-code ${country} --sender-id YOURCOMPANY --message-types TRANSACTIONAL`,
    },
    source: ofCountry.source,
  };
}
