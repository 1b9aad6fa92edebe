/**
 * The verification step of a sign-up, as an AWS Lambda function behind an HTTP API of API Gateway (payload format 2.0). Each
 * request carries the access token of the signed-in user.
 */
import {
  type AttributeName,
  errorResponse,
  publicStatus,
  VerificationClient,
  type Verifications,
} from '@cognito-verification/client';

/** What is used of the event. */
interface Event {
  routeKey: string;
  headers: Record<string, string | undefined>;
  pathParameters?: Record<string, string | undefined>;
  body?: string;
  isBase64Encoded: boolean;
}

export function handling(client: () => Verifications) {
  return async (event: Event) => {
    try {
      return json(200, await answerTo(event, client()));
    } catch (error) {
      const { status, headers, body } = errorResponse(error);
      console.error(String(error)); // For the log, and not for the browser.
      return json(status, body, headers);
    }
  };
}

async function answerTo(event: Event, client: Verifications): Promise<object> {
  // The object can reach the verifications of this user and no others. The client refuses any other attribute.
  const mine = client.forUser({ authorization: event.headers['authorization'] });
  const attribute = event.pathParameters?.['attribute'] as AttributeName;
  // A browser that repeats a request repeats its key too: nothing is sent or counted twice.
  const requestId = event.headers['idempotency-key'];
  if (event.routeKey === 'GET /verifications/{attribute}') return publicStatus(await mine.status(attribute));
  if (event.routeKey === 'POST /verifications/{attribute}/resend')
    return publicStatus(await mine.resendCode(attribute, { requestId }));
  if (event.routeKey === 'POST /verifications/{attribute}')
    return publicStatus((await mine.start(attribute, { requestId })).status);
  const body = Buffer.from(event.body ?? '{}', event.isBase64Encoded ? 'base64' : 'utf8').toString();
  const answer = await mine.submitCode(attribute, codeIn(body), { attemptId: requestId });
  return { result: answer.result, retryAt: answer.retryAt, ...publicStatus(answer.status) };
}

/** The client refuses what is no code. */
function codeIn(body: string): string {
  try {
    return (JSON.parse(body) as { code: string }).code;
  } catch {
    return '';
  }
}

function json(statusCode: number, body: object, headers: Record<string, string> = {}) {
  return { statusCode, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

// One client for all calls of this instance. It connects when it is first used.
let client: VerificationClient | undefined;
export const handler = handling(() => {
  client ??= VerificationClient.fromSettings();
  return client;
});
