import { POLICY_FIELDS, type PolicyFieldName, type VerificationPolicy } from '@cognito-verification/contract';
import { Option } from 'commander';
import { countWithin, durationWithin } from './options.js';

/** What each field of a policy is, for the help text. A field that the policy gains does not compile until it is here. */
const ABOUT: Record<PolicyFieldName, string> = {
  deadline: 'the whole verification',
  codeLifetime: 'how long a code works',
  resendAfter: 'send again by itself when nothing was confirmed for so long',
  resendCooldown: 'how soon a second send is allowed, doubled with each further one',
  maxSends: 'messages, the first included',
  maxAttempts: 'codes that may be tried',
  confirmation: 'whether confirm is believed or Cognito is asked',
  codeFormat: 'what a code looks like',
};

const FIELDS = Object.keys(ABOUT) as PolicyFieldName[];

/** One option for each field of a policy: `--max-sends` for `maxSends`. */
export function policyOptions(): Option[] {
  return FIELDS.map((name) => {
    const field = POLICY_FIELDS[name];
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (field.kind === 'choice') {
      return new Option(`${flag} <kind>`, `${ABOUT[name]}. Default ${field.default}`).choices(field.words);
    }
    const about = `${ABOUT[name]}; ${field.least} to ${field.most}, default ${'default' in field ? inWords(field.default) : 'never'}`;
    return field.kind === 'count'
      ? new Option(`${flag} <n>`, about).argParser(countWithin(field.least, field.most))
      : new Option(`${flag} <duration>`, about).argParser(durationWithin(field.least, field.most));
  });
}

/** The policy among the options of a command: only the fields that were given. */
export function policyOf(options: VerificationPolicy): VerificationPolicy {
  return Object.fromEntries(FIELDS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

type Default = string | number | { phone_number: string; email: string };

function inWords(value: Default): string {
  return typeof value === 'object' ? `${value.phone_number} by SMS, ${value.email} by e-mail` : String(value);
}
