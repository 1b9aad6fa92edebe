/** A small service, as a team would write it: the verification step of a sign-up. */
import { publicStatus, VerificationError } from '@cognito-verification/client';

/** @param verifications a `VerificationClient`, or what takes its place */
export function signUpStep(verifications) {
  return async (request) => {
    const accessToken = request.headers.get('authorization')?.replace('Bearer ', '') ?? '';
    try {
      const mine = verifications.forUser({ accessToken });
      if (request.method === 'GET') return Response.json(publicStatus(await mine.status('email')));
      const { code } = await request.json();
      if (code === undefined) return Response.json(publicStatus((await mine.start('email')).status));
      const { result, status } = await mine.submitCode('email', code);
      return Response.json({ result, ...publicStatus(status) });
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      const retryAfter = error.retryAfterSeconds;
      const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
      return Response.json({ code: error.code }, { status: error.httpStatus, headers });
    }
  };
}
