/** Finds out at the start of a worker whether Cognito answers where the calls for its user pools will go. */
import { type CognitoIdentityProviderClient, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { cognitoEndpoint, quoteSetting, SettingError, USER_POOL_SETTINGS } from '@cognito-verification/codec';
import type { ServedUserPool } from '@cognito-verification/contract';
import { CognitoRefusal, ForeignAnswer, RequestNotBuilt } from './cognito-answer.js';
import { type CognitoClients, cognitoInWords } from './cognito-clients.js';
import { failureName, LISTED_EXCEPTIONS } from './failures.js';

/** Cognito refuses a bad token within a tenth of a second, and the first poll waits for this. */
const PROBE_TIMEOUT_MS = 3_000;

/** What a gateway or a proxy says when Cognito gives it no answer (RFC 9110). An outage must not keep a worker from restarting. */
const NO_ANSWER_BEHIND = [502, 503, 504];

/** Of the form of an access token, and of nobody. */
const NO_TOKEN = 'endpoint.probe.without-a-token';

/**
 * Tries the endpoint of each user pool once, all at the same time, within three seconds. The call is `GetUser` with a token
 * that cannot be valid: it needs no credentials, changes nothing, and counts against the largest quota (120 a second). Pools
 * of one region have one endpoint, and so have all pools where a setting names it.
 * @returns a sentence for each endpoint that gave no answer: Cognito may be back when the first verification starts
 * @throws SettingError naming each setting that leads to no endpoint, or to something other than Cognito
 */
export async function probeUserPools(
  clients: CognitoClients,
  userPools: Iterable<ServedUserPool>,
): Promise<readonly string[]> {
  // An endpoint that is set serves all regions.
  const common = cognitoEndpoint()?.url;
  const endpoints = new Map<unknown, { client: CognitoIdentityProviderClient; userPoolId: string }>();
  for (const { userPoolId } of userPools) {
    const client = clients.forUserPool(userPoolId);
    if (!endpoints.has(common ?? client)) endpoints.set(common ?? client, { client, userPoolId });
  }
  const found = await Promise.all(
    [...endpoints.values()].map(async ({ client, userPoolId }) => await probe(client, userPoolId)),
  );
  const problems = found.flatMap((result) => (result instanceof SettingError ? result.problems : []));
  if (problems.length > 0) throw new SettingError(problems);
  return found.filter((result) => typeof result === 'string');
}

async function probe(
  client: CognitoIdentityProviderClient,
  userPoolId: string,
): Promise<SettingError | string | undefined> {
  const abortSignal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    await client.send(new GetUserCommand({ AccessToken: NO_TOKEN }), { abortSignal });
    // Cognito never takes this token.
    return notCognito(userPoolId, 'took a token that cannot be valid');
  } catch (error) {
    if (error instanceof CognitoRefusal) {
      const { name, status, requestId } = error;
      if (requestId && LISTED_EXCEPTIONS.includes(name)) return undefined;
      const missing = requestId ? 'an exception' : 'a request id';
      return notCognito(userPoolId, `answered HTTP ${status} without ${missing} of Cognito`);
    }
    if (error instanceof ForeignAnswer && !NO_ANSWER_BEHIND.includes(error.status)) {
      return notCognito(userPoolId, `answered ${error.said}`);
    }
    if (error instanceof RequestNotBuilt) return notResolved(userPoolId, error.message);
    const said = error instanceof ForeignAnswer ? error.said : failureName(error);
    const reason = abortSignal.aborted ? `no answer within ${PROBE_TIMEOUT_MS} ms` : said;
    return `${cognitoInWords()} gives no answer for user pool ${userPoolId} (${reason}). Sends and attempts are repeated until their budget ends.`;
  }
}

function notCognito(userPoolId: string, what: string): SettingError {
  const { name, found } = settingFor(userPoolId);
  return new SettingError([
    {
      name,
      found: `${found}, where something other than Cognito ${what}`,
      allowed:
        'the endpoint of Amazon Cognito or of a sandbox, with no proxy, firewall or login page on the way that answers in its place',
    },
  ]);
}

/** @param why the words of the AWS SDK, which quote names and URLs of endpoints at most */
function notResolved(userPoolId: string, why: string): SettingError {
  const [, beside] = /\b(FIPS|Dualstack)\b/.exec(why) ?? [];
  const { name, found } = settingFor(userPoolId);
  const variable = beside && `AWS_USE_${beside.toUpperCase()}_ENDPOINT`;
  const value = variable && process.env[variable];
  return new SettingError([
    {
      name: value ? variable : name,
      found: `${value ? quoteSetting(value) : found}, which leads to no endpoint (${why})`,
      allowed: beside
        ? 'an endpoint of your own, or this switch of the AWS SDK, and not both'
        : 'settings of the AWS SDK from which an endpoint follows',
    },
  ]);
}

/** The setting that decides where the calls for a pool go. */
function settingFor(userPoolId: string): { name: string; found: string } {
  const endpoint = cognitoEndpoint();
  return endpoint
    ? { name: endpoint.name, found: quoteSetting(endpoint.url) }
    : { name: USER_POOL_SETTINGS.pools, found: JSON.stringify(userPoolId) };
}
