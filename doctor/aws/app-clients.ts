/** What an app client must let its users’ access tokens do. */

import { USER_POOL_SETTINGS } from '@cognito-verification/codec';
import { POLICY_FIELDS } from '@cognito-verification/contract';
import { checkEach, type Judgement, type Subjects } from './each.js';
import { updateUserPoolClient } from './remedies.js';
import { SOURCES } from './sources.js';
import {
  type AppClient,
  checkClients,
  countedClients,
  existingPool,
  findClient,
  MOST_CLIENTS,
  type Pool,
  verifiableAttributes,
} from './user-pools.js';

const consoleOf = ({ id, pool }: AppClient, where: string) =>
  `Amazon Cognito > User pools > ${pool.id} > Applications > App clients > ${id} > ${where}`;

/** The app clients of a pool that were looked for. */
export interface FoundClients {
  readonly pool: Pool;
  readonly missing: readonly string[];
  readonly found: readonly string[];
  /** So many more there are, which nobody has looked at. */
  readonly left: number;
}

export const appClients = checkEach(
  { name: 'app-clients', area: 'user-pool', title: 'app clients', source: SOURCES.appClient },
  (surroundings): Subjects<FoundClients> => ({
    subjects: surroundings.userPools().map((served) => ({
      name: served.userPoolId,
      look: async () => {
        const pool = await existingPool(surroundings, served);
        const { ids, left } = await countedClients(surroundings, pool);
        const clients = await Promise.all(ids.map(async (id) => await findClient(surroundings, pool, id)));
        return {
          pool,
          left,
          missing: ids.filter((_id, index) => clients[index] === undefined),
          found: ids.filter((_id, index) => clients[index] !== undefined),
        };
      },
    })),
    noneBecause: 'No user pool is served.',
  }),
  judgeClients,
);

export function judgeClients({ pool, missing, found, left }: FoundClients): Judgement | Judgement[] {
  const list = {
    console: `Amazon Cognito > User pools > ${pool.id} > Applications > App clients`,
    command: `aws cognito-idp list-user-pool-clients --region ${pool.region} --user-pool-id ${pool.id} --query "UserPoolClients[].[ClientId,ClientName]" --output text`,
  };
  const setting = USER_POOL_SETTINGS.pools;
  const judged = missing.map(
    (id): Judgement => ({
      verdict: 'failure',
      found: `The pool has no app client ${id}, which ${setting} names.`,
      means: 'Users of the app client that was meant are refused: their tokens do not count.',
      remedy: { text: `Correct the id in ${setting}. The command lists the app clients of the pool.`, ...list },
    }),
  );
  if (left > 0) {
    judged.push({
      verdict: 'warning',
      found: `The pool has ${left} more app clients than the ${MOST_CLIENTS} that doctor looks at.`,
      means: 'Users of those may meet a fault that nobody here has seen.',
      remedy: {
        text: `Name the app clients whose tokens count in ${setting}: tokens of others are then refused.`,
        ...list,
      },
    });
  }
  if (found.length === 0 && judged.length === 0) {
    judged.push({
      verdict: 'failure',
      found: 'The pool has no app client.',
      means: 'Nobody can sign in, so nobody can verify anything.',
      remedy: {
        text: 'Make one.',
        console: list.console,
        command: `aws cognito-idp create-user-pool-client --region ${pool.region} --user-pool-id ${pool.id} --client-name web --query UserPoolClient.ClientId --output text`,
      },
    });
  }
  return judged.length > 0 ? judged : { verdict: 'ok', found: `${found.length} looked at.` };
}

export const readAttributes = checkClients(
  {
    name: 'client-read-attributes',
    area: 'user-pool',
    title: 'attributes that a token may read',
    source: SOURCES.attributes,
  },
  judgeReadAttributes,
);

export function judgeReadAttributes(client: AppClient): Judgement {
  const readable = client.settings.ReadAttributes ?? [];
  // Without a list of its own a client reads all standard attributes and both flags.
  const needed = verifiableAttributes(client.pool).flatMap((attribute) => [attribute, `${attribute}_verified`]);
  const lacking = readable.length > 0 ? needed.filter((attribute) => !readable.includes(attribute)) : [];
  if (lacking.length === 0) return { verdict: 'ok', found: 'It may read what a verification looks at.' };
  return {
    verdict: 'failure',
    found: `Its users’ tokens may not read ${lacking.join(', ')}.`,
    means:
      'Users type the right code and are never verified: Cognito hides the value or its flag, so there is no proof of what was verified.',
    remedy: {
      text: 'Give the app client read permission for them.',
      console: consoleOf(client, 'Attribute permissions'),
      command: updateUserPoolClient(client, { ReadAttributes: [...readable, ...lacking] }),
    },
  };
}

export const writeAttributes = checkClients(
  {
    name: 'client-write-attributes',
    area: 'user-pool',
    title: 'attributes that a token may change',
    source: SOURCES.attributes,
  },
  judgeWriteAttributes,
);

export function judgeWriteAttributes(client: AppClient): Judgement {
  const writable = client.settings.WriteAttributes ?? [];
  const lacking =
    writable.length > 0 ? verifiableAttributes(client.pool).filter((attribute) => !writable.includes(attribute)) : [];
  if (lacking.length === 0) return { verdict: 'ok', found: 'It may change what a verification changes.' };
  return {
    verdict: 'warning',
    found: `Its users’ tokens may not change ${lacking.join(', ')}.`,
    means: 'A user cannot correct it: a start with `newValue` fails. What they have already can be verified.',
    remedy: {
      text: 'Give the app client write permission for them, unless only administrators may change them.',
      console: consoleOf(client, 'Attribute permissions'),
      command: updateUserPoolClient(client, { WriteAttributes: [...writable, ...lacking] }),
    },
  };
}

export const tokenLifetime = checkClients(
  {
    name: 'access-token-lifetime',
    area: 'user-pool',
    title: 'how long an access token lives',
    source: SOURCES.appClient,
  },
  judgeTokenLifetime,
);

const UNIT_MINUTES = { seconds: 1 / 60, minutes: 1, hours: 60, days: 1_440 } as const;
/** As long as a code by SMS counts, unless a policy says otherwise. */
const LEAST_MINUTES = Number.parseInt(POLICY_FIELDS.codeLifetime.default.phone_number, 10);

export function judgeTokenLifetime(client: AppClient): Judgement {
  const { AccessTokenValidity: validity, TokenValidityUnits: units } = client.settings;
  // Without a number it is an hour; a number without a unit is of hours.
  const minutes = validity === undefined ? 60 : validity * UNIT_MINUTES[units?.AccessToken ?? 'hours'];
  const lifetime =
    validity !== undefined && units?.AccessToken === 'seconds' ? `${validity} seconds` : `${minutes} minutes`;
  const { deadline } = POLICY_FIELDS;
  if (minutes >= LEAST_MINUTES) {
    return {
      verdict: 'ok',
      found: `${lifetime}. A verification may last ${deadline.default}: what comes later needs a fresh token, which each message may bring.`,
    };
  }
  return {
    verdict: 'warning',
    found: `${lifetime}: less than the ${LEAST_MINUTES} minutes for which a code by SMS counts.`,
    means:
      'A user’s token ends while they wait for the message: a send that Cognito has put off waits until they come back with a fresh one.',
    remedy: {
      text: 'Let access tokens live an hour, or let your service renew them often (renewAccessToken).',
      console: consoleOf(client, 'Edit > Access token expiration'),
      command: updateUserPoolClient(client, {
        AccessTokenValidity: 60,
        TokenValidityUnits: { AccessToken: 'minutes' },
      }),
    },
  };
}

export const tokenScope = checkClients(
  { name: 'access-token-scope', area: 'user-pool', title: 'scope of access tokens', source: SOURCES.tokens },
  judgeTokenScope,
);

const SCOPE = 'aws.cognito.signin.user.admin';

export function judgeTokenScope(client: AppClient): Judgement {
  const { AllowedOAuthFlows: flows, AllowedOAuthScopes: scopes = [], ExplicitAuthFlows = [] } = client.settings;
  // A service that signs in as itself (client_credentials) has no user.
  const signsUsersIn = flows?.some((flow) => flow === 'code' || flow === 'implicit') ?? false;
  const byManagedLogin = client.settings.AllowedOAuthFlowsUserPoolClient === true && signsUsersIn;
  if (!byManagedLogin) return { verdict: 'ok', found: `Sign-in through the API always gives ${SCOPE}.` };
  if (scopes.includes(SCOPE)) return { verdict: 'ok', found: `Managed login can give ${SCOPE} too.` };
  const byApi = ExplicitAuthFlows.length === 0 || ExplicitAuthFlows.some((flow) => !flow.includes('REFRESH_TOKEN'));
  return {
    verdict: byApi ? 'warning' : 'failure',
    found: `Managed login gives no ${SCOPE}.`,
    means:
      `Users who sign in ${byApi ? 'by managed login or another provider' : ''} get an error in place of a code: Cognito does not let their tokens verify anything.`.replace(
        '  ',
        ' ',
      ),
    remedy: {
      text: `Allow the scope, and let your app ask for it when it signs a user in.`,
      console: consoleOf(client, 'Login pages > Edit > OpenID Connect scopes'),
      command: updateUserPoolClient(client, { AllowedOAuthScopes: [...scopes, SCOPE] }),
    },
  };
}

export const tokenRevocation = checkClients(
  {
    name: 'token-revocation',
    area: 'user-pool',
    title: 'whether a sign-out ends access tokens',
    source: SOURCES.revocation,
  },
  judgeTokenRevocation,
);

export function judgeTokenRevocation(client: AppClient): Judgement {
  if (client.settings.EnableTokenRevocation !== false) return { verdict: 'ok', found: 'Token revocation is on.' };
  return {
    verdict: 'warning',
    found: 'Token revocation is off.',
    means: 'A thief can use a stolen token until it expires, even after the user has signed out.',
    remedy: {
      text: 'Switch it on. Tokens from then on can be revoked.',
      console: consoleOf(client, 'Edit > Advanced authentication settings > Enable token revocation'),
      command: updateUserPoolClient(client, { EnableTokenRevocation: true }),
    },
  };
}

export const analytics = checkClients(
  { name: 'client-analytics', area: 'user-pool', title: 'leftovers of Amazon Pinpoint', source: SOURCES.pinpointEnd },
  judgeAnalytics,
);

export function judgeAnalytics(client: AppClient): Judgement {
  if (!client.settings.AnalyticsConfiguration) return { verdict: 'ok', found: 'There are none.' };
  return {
    verdict: 'warning',
    found: 'It still has an AnalyticsConfiguration for Amazon Pinpoint, which ended on 30 October 2026.',
    means: 'Nothing for users today. Amazon Pinpoint no longer collects any sign-up numbers.',
    remedy: {
      text: 'Take it out. AWS End User Messaging, which sends SMS, is not affected.',
      console: consoleOf(client, 'Analytics'),
      command: updateUserPoolClient(client, { AnalyticsConfiguration: null }),
    },
  };
}
