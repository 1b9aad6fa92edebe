/** A small service, as a team would write it: the verification step of a sign-up. */
import { errorResponse, publicStatus } from '@cognito-verification/client';

/** @param verifications a `VerificationClient`, or what takes its place */
export function signUpStep(verifications) {
  return async (request) => {
    try {
      const mine = verifications.forUser({ authorization: request.headers.get('authorization') });
      if (request.method === 'GET') return Response.json(publicStatus(await mine.status('email')));
      const { code } = await request.json();
      if (code === undefined) return Response.json(publicStatus((await mine.start('email')).status));
      const { result, status } = await mine.submitCode('email', code);
      return Response.json({ result, ...publicStatus(status) });
    } catch (error) {
      const { body, ...init } = errorResponse(error);
      return Response.json(body, init);
    }
  };
}
