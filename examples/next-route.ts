/**
 * The verification step of a sign-up, as a route handler of Next.js: `app/api/verifications/[attribute]/route.ts`. Each request
 * carries the access token of the signed-in user. It runs on Node.js, and not on the edge.
 */
import {
  type AttributeName,
  errorResponse,
  publicStatus,
  type UserVerifications,
  VerificationClient,
  type Verifications,
} from '@cognito-verification/client';

export const runtime = 'nodejs';

interface Context {
  params: Promise<{ attribute: string }>;
}
/** What the page posts: nothing to start, a code, or a wish for another one. */
interface Posted {
  code?: string;
  resend?: boolean;
}

/** In a file of its own, since Next.js allows no other exports beside the handlers. */
export function routes(client: () => Verifications) {
  const answering =
    (answer: (mine: UserVerifications, attribute: AttributeName, request: Request) => Promise<object>) =>
    async (request: Request, { params }: Context): Promise<Response> => {
      try {
        // The object can reach the verifications of this user and no others. The client refuses any other attribute.
        const mine = client().forUser({ authorization: request.headers.get('authorization') });
        return Response.json(await answer(mine, (await params).attribute as AttributeName, request));
      } catch (error) {
        const { body, ...init } = errorResponse(error);
        console.error(String(error)); // For the log, and not for the browser.
        return Response.json(body, init);
      }
    };
  return {
    GET: answering(async (mine, attribute) => publicStatus(await mine.status(attribute))),
    POST: answering(async (mine, attribute, request) => {
      // A browser that repeats a request repeats its key too: nothing is sent or counted twice.
      const requestId = request.headers.get('idempotency-key') ?? undefined;
      const { code, resend } = (await request.json().catch(() => ({}))) as Posted;
      if (resend) return publicStatus(await mine.resendCode(attribute, { requestId }));
      if (code === undefined) return publicStatus((await mine.start(attribute, { requestId })).status);
      const answer = await mine.submitCode(attribute, code, { attemptId: requestId, signal: request.signal });
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
