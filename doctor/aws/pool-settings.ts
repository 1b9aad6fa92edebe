/** What a user pool must have so that an attribute can be verified. */
import { USER_POOL_SETTINGS } from '@cognito-verification/codec';
import { checkEach, type Judgement } from './each.js';
import { type LookedFor, lookFor } from './public-pool.js';
import { KEEPING_ALL, keepingToo, updateUserPool, withMember } from './remedies.js';
import { SOURCES } from './sources.js';
import { ATTRIBUTES, canSendSms, checkPools, isAutoVerified, type Pool, verifiedAttributes } from './user-pools.js';

const CONSOLE = 'Amazon Cognito > User pools';

export const exists = checkEach(
  { name: 'user-pool-exists', area: 'user-pool', title: 'user pools', source: SOURCES.describeUserPool },
  (surroundings) => ({
    subjects: surroundings.userPools().map((served) => ({
      name: served.userPoolId,
      look: async () => await lookFor(surroundings, served),
    })),
    noneBecause: 'No user pool is served.',
  }),
  judgeExistence,
);

export function judgeExistence({ id, pool, nowhere = false }: LookedFor): Judgement {
  if (pool) return { verdict: 'ok', found: 'The user pool exists.' };
  const region = id.split('_')[0];
  return {
    verdict: 'failure',
    found: nowhere
      ? `Cognito has no user pool ${id}, in any account.`
      : `The account of these credentials has no user pool ${id}.`,
    means: 'No user of this pool can verify anything: each call to Cognito fails.',
    remedy: {
      text: `Correct the id in ${USER_POOL_SETTINGS.pools}, or take credentials of the account that has the pool. The command lists the pools of this account.`,
      console: CONSOLE,
      command: `aws cognito-idp list-user-pools --region ${region} --max-results 60 --query "UserPools[].[Id,Name]" --output text`,
    },
  };
}

export const autoVerified = checkPools(
  {
    name: 'auto-verified-attributes',
    area: 'user-pool',
    title: 'attributes that Cognito sends a code for',
    source: SOURCES.verification,
  },
  judgeAutoVerified,
);

export function judgeAutoVerified(pool: Pool): Judgement[] {
  return ATTRIBUTES.map((attribute) => {
    if (isAutoVerified(pool, attribute)) {
      return { verdict: 'ok', found: `${attribute}: Cognito sends a code when it changes.` };
    }
    if (attribute === 'phone_number' && !canSendSms(pool)) {
      return { verdict: 'ok', found: 'phone_number: this pool verifies none, and has no way to send SMS.' };
    }
    const keeping = pool.settings.UserAttributeUpdateSettings?.AttributesRequireVerificationBeforeUpdate ?? [];
    // A pool that keeps the old value of one attribute is meant to keep that of the other.
    const isToKeep = keeping.length > 0 && !keeping.includes(attribute);
    return {
      verdict: 'warning',
      found: `${attribute}: it is not among the AutoVerifiedAttributes of the pool.`,
      means: `A user who corrects their ${attribute} gets no code for the new one, and \`newValue\` fails.`,
      remedy: {
        text: 'Let Cognito verify changes of it. Existing users keep what they have.',
        console: `${CONSOLE} > ${pool.id} > Authentication > Sign-up > Attribute verification and user account confirmation > Edit`,
        command: updateUserPool(pool, {
          AutoVerifiedAttributes: withMember('AutoVerifiedAttributes', attribute),
          ...(isToKeep && { UserAttributeUpdateSettings: keepingToo(attribute) }),
        }),
      },
    };
  });
}

export const keepOriginal = checkPools(
  {
    name: 'keep-original',
    area: 'user-pool',
    title: 'what happens to the old value while a new one is unverified',
    source: SOURCES.verification,
  },
  judgeKeepOriginal,
);

export function judgeKeepOriginal(pool: Pool): Judgement {
  const keeping = pool.settings.UserAttributeUpdateSettings?.AttributesRequireVerificationBeforeUpdate ?? [];
  const verified = verifiedAttributes(pool);
  const lacking = verified.filter((attribute) => !(keeping as readonly string[]).includes(attribute));
  const keeps = lacking.length === 0 && verified.length > 0;
  const told = pool.served.keepsOriginal;
  if (keeps && told) return { verdict: 'ok', found: 'The pool keeps the old value, and the settings say so.' };
  const change = {
    console: `${CONSOLE} > ${pool.id} > Authentication > Sign-up > Attribute verification and user account confirmation > Keep original attribute value active when an update is pending`,
    command: updateUserPool(pool, { UserAttributeUpdateSettings: KEEPING_ALL }),
  };
  if (keeps) {
    return {
      verdict: 'warning',
      found: `The pool keeps the old value, and ${USER_POOL_SETTINGS.keeping} does not name it.`,
      means: 'A user who corrects an address gets an error: `newValue` fails with ReplacesAtOnce.',
      remedy: { text: `Add ${pool.id} to ${USER_POOL_SETTINGS.keeping} of the workers, and restart them.` },
    };
  }
  if (verified.length === 0) {
    return {
      verdict: told ? 'failure' : 'warning',
      found: `The pool keeps no old value: none of its attributes is among AutoVerifiedAttributes${told ? `, although ${USER_POOL_SETTINGS.keeping} names the pool` : ''}.`,
      means:
        'A user who mistypes a new address loses the old one at once, and gets no code for the new one. `newValue` needs `replaceAtOnce: true`.',
      remedy: {
        text: `Do what auto-verified-attributes says first: the command lets the pool keep what it verifies by then. Then name the pool in ${USER_POOL_SETTINGS.keeping} of the workers, and restart them.`,
        ...change,
      },
    };
  }
  if (told) {
    return {
      verdict: 'failure',
      found: `${USER_POOL_SETTINGS.keeping} names the pool, and it does not keep the old ${lacking.join(' and ')}.`,
      means:
        'A user who mistypes a new address loses the old one at once, although your service promises that it stays.',
      remedy: {
        text: `Let the pool keep it, as the command does. Or take ${pool.id} out of ${USER_POOL_SETTINGS.keeping} of the workers, and restart them.`,
        ...change,
      },
    };
  }
  return {
    verdict: 'warning',
    found: `The pool replaces ${lacking.join(' and ')} at once, before the new one is verified.`,
    means:
      'A user who mistypes a new address has an unverified one, cannot sign in with the old one, and gets no message. `newValue` needs `replaceAtOnce: true`.',
    remedy: {
      text: `Let the pool keep the old value until the new one is verified. Then name the pool in ${USER_POOL_SETTINGS.keeping} of the workers, and restart them.`,
      ...change,
    },
  };
}

export const templates = checkPools(
  { name: 'message-templates', area: 'user-pool', title: 'texts of the messages', source: SOURCES.templates },
  judgeTemplates,
);

const PLACEHOLDER = '{####}';
const TEXTS = [
  { member: 'EmailMessage', what: 'e-mail' },
  { member: 'SmsMessage', what: 'SMS' },
] as const;

export function judgeTemplates(pool: Pool): Judgement | Judgement[] {
  const { VerificationMessageTemplate: template = {}, LambdaConfig: triggers = {} } = pool.settings;
  if (triggers.CustomMessage) {
    return {
      verdict: 'ok',
      found: 'The custom-message trigger writes them; Cognito uses a template where it does not.',
    };
  }
  const wrong = TEXTS.filter(({ member }) => template[member] !== undefined && !template[member].includes(PLACEHOLDER));
  const consolePath = `${CONSOLE} > ${pool.id} > Branding > Message templates`;
  const found = wrong.map(
    ({ member, what }): Judgement => ({
      verdict: 'failure',
      found: `The text of the ${what} has no place for the code: ${member} lacks ${PLACEHOLDER}.`,
      means: `Users get an ${what} without a code.`,
      remedy: {
        text: `Put ${PLACEHOLDER} into the text. The command sets a short one in English.`,
        console: consolePath,
        command: updateUserPool(pool, {
          VerificationMessageTemplate: { [member]: `Your verification code is ${PLACEHOLDER}.` },
        }),
      },
    }),
  );
  if (template.DefaultEmailOption === 'CONFIRM_WITH_LINK') {
    found.push({
      verdict: 'warning',
      found: 'DefaultEmailOption is CONFIRM_WITH_LINK: sign-up sends a link and no code.',
      means:
        'Users get a link when they sign up, and a code in a verification. Cognito sends a code there whatever this says, with the text of EmailMessage.',
      remedy: {
        text: 'If sign-up asks for a code, let it send one. If it is meant so, read EmailMessage once more: verifications use it.',
        console: consolePath,
        command: updateUserPool(pool, { VerificationMessageTemplate: { DefaultEmailOption: 'CONFIRM_WITH_CODE' } }),
      },
    });
  }
  return found.length > 0 ? found : { verdict: 'ok', found: `Each text that is set holds ${PLACEHOLDER}.` };
}

export const triggers = checkPools(
  {
    name: 'message-triggers',
    area: 'user-pool',
    title: 'functions that write or send the messages',
    source: SOURCES.customMessage,
  },
  judgeTriggers,
);

/** Cognito passes `ClientMetadata` on to them. It does not store, validate or encrypt it. */
const METADATA = 'It gets the clientMetadata of a send as plain text, so put no secret there';

export function judgeTriggers(pool: Pool): Judgement | Judgement[] {
  const { CustomMessage, CustomEmailSender, CustomSMSSender, KMSKeyID } = pool.settings.LambdaConfig ?? {};
  const senders = [
    {
      name: 'CustomEmailSender',
      is: CustomEmailSender,
      what: 'e-mails',
      checks: 'email-sending, ses-identity, ses-sandbox and ses-sending',
    },
    {
      name: 'CustomSMSSender',
      is: CustomSMSSender,
      what: 'SMS',
      checks: 'sms-configuration and all of the account’s SMS',
    },
  ].filter(({ is }) => is !== undefined);
  if (senders.length === 0 && !CustomMessage) {
    return {
      verdict: 'ok',
      found: 'There are none. Cognito writes and sends the messages, and clientMetadata goes nowhere.',
    };
  }
  const found: Judgement[] = senders.map(({ name, what, checks }) => ({
    verdict: 'ok',
    found: `A ${name} trigger sends the ${what} of this pool. ${METADATA}. Watch its errors: Cognito answers before it has run, and the checks ${checks} say nothing of this pool. Let it drop a second event with the same clientMetadata, so that no user gets two ${what}.`,
    source: SOURCES.customSenders,
  }));
  if (senders.length > 0 && !KMSKeyID) {
    found.push({
      verdict: 'failure',
      found: `${senders.map(({ name }) => name).join(' and ')} has no KMSKeyID.`,
      means: 'Cognito cannot hand the code over to the function, so users get no message.',
      remedy: {
        text: 'Give the pool a symmetric key of AWS KMS that the function may decrypt with.',
        console: `${CONSOLE} > ${pool.id} > Authentication > Extensions`,
      },
      source: SOURCES.customSenders,
    });
  }
  if (CustomMessage) {
    found.push({
      verdict: 'ok',
      found: `A CustomMessage trigger writes the messages. ${METADATA}. It has 5 seconds, three times; an error of it ends the send.`,
    });
  }
  return found;
}
