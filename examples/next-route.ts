/**
 * The verification of an e-mail address in a sign-up, as a route handler of Next.js: `app/api/verifications/email/route.ts`. Each
 * request carries the access token of the signed-in user. It runs on Node.js, and not on the edge. A phone number goes the same
 * way: 'phone_number' in place of 'email'.
 */
import {
  errorResponse,
  publicStatus,
  type UserVerifications,
  VerificationClient,
  type Verifications,
} from '@cognito-verification/client';

export const runtime = 'nodejs';

/** What the page posts: nothing to start, a code, or a wish for another one. */
type Posted = { code?: string; resend?: boolean };
type Route = (mine: UserVerifications, request: Request) => Promise<object>;

/** In a file of its own, since Next.js allows no other exports beside the handlers. */
export function routes(client: () => Verifications) {
  const answering = (route: Route) => async (request: Request) => {
    try {
      // The object can reach the verifications of this user and no others.
      const mine = client().forUser({ authorization: request.headers.get('authorization') });
      return Response.json(await route(mine, request));
    } catch (error) {
      const { body, ...init } = errorResponse(error);
      console.error(String(error)); // For the log, and not for the browser.
      return Response.json(body, init);
    }
  };
  return {
    GET: answering(async (mine) => publicStatus(await mine.status('email'))),
    POST: answering(async (mine, request) => {
      // A browser that repeats a request repeats its key too: nothing is sent or counted twice.
      const requestId = request.headers.get('idempotency-key') ?? undefined;
      const { code, resend } = (await request.json().catch(() => ({}))) as Posted;
      if (resend) return publicStatus(await mine.resendCode('email', { requestId }));
      if (code === undefined) return publicStatus((await mine.start('email', { requestId })).status);
      const answer = await mine.submitCode('email', code, { attemptId: requestId, signal: request.signal });
      return { result: answer.result, retryAt: answer.retryAt, ...publicStatus(answer.status) };
    }),
  };
}

// When it is first used: Next.js loads the module at build time too, where the settings are missing.
let client: VerificationClient | undefined;
export const { GET, POST } = routes(() => {
  client ??= VerificationClient.fromSettings();
  return client;
});
