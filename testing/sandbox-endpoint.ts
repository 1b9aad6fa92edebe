import { isRecord, type ServedUserPool } from '@cognito-verification/contract';
import { CognitoRefusal, type Command } from './bundled/lifecycle.js';
import type { RunningSandbox } from './options.js';

/** The pools of the sandbox, whose tokens are checked with the keys that it publishes. */
export function poolsOf(sandbox: RunningSandbox): Iterable<ServedUserPool> {
  return {
    *[Symbol.iterator]() {
      for (const userPoolId of sandbox.userPoolIds())
        yield { userPoolId, endpoint: sandbox.url, keepsOriginal: sandbox.keepsOriginal(userPoolId) };
    },
  };
}

/** The sandbox's answer to a call. @throws CognitoRefusal, or an error of the network */
export async function answerOf(
  { url }: RunningSandbox,
  { call, input }: Command,
  signal?: AbortSignal,
): Promise<object> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${call}`,
    },
    body: JSON.stringify(input),
    ...(signal && { signal }),
  });
  const answer: unknown = await response.json();
  const fields = isRecord(answer) ? answer : {};
  if (response.ok) return fields;
  throw new CognitoRefusal(String(fields['__type']), String(fields['message']), response.status);
}
