import { VerificationClient } from '@cognito-verification/client';
import { expect, it } from 'vitest';
import { startWorkerProcess, useRig } from '../rig.js';

/** Neither the history nor any output holds an access token or a code: searched byte by byte. */
const rig = useRig('local');

it('no token and no code in the history, ids, search attributes, memo, summaries, errors, answers and logs', async () => {
  const taskQueue = `${rig.taskQueue}-secrets`;
  const worker = await startWorkerProcess(rig, taskQueue);
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const user = await rig.user();
  const secrets = [user.accessToken, await rig.sandbox.issueAccessToken(user), '135790'];
  const [first, second, wrongCode] = secrets as [string, string, string];
  const output: unknown[] = [];
  const tell = async (answer: Promise<unknown>) => {
    output.push(await answer.catch((error: unknown) => error));
  };

  // The likeliest leak is Cognito, or a trigger, that quotes its input.
  const quote = (name: string, ...sent: string[]) => ({ name, message: `Value '${sent.join("', '")}' is wrong` });
  const fault = { username: user.username, times: 1 };
  const send = 'GetUserAttributeVerificationCode';
  const attempt = 'VerifyUserAttribute';
  rig.sandbox.setFault({ ...fault, operation: send, exception: quote('TooManyRequestsException', first) });
  const { workflowId, ...started } = await client.start({ accessToken: first, attributeName: 'email' });
  output.push(started);
  await tell(client.submitCode(workflowId, { code: wrongCode }));
  rig.sandbox.setFault({ ...fault, operation: attempt, exception: quote('NotAuthorizedException', first, wrongCode) });
  await tell(client.submitCode(workflowId, { code: wrongCode }));
  await tell(client.submitCode(workflowId, { code: `${wrongCode}7` }));
  await tell(client.renewAccessToken(workflowId, { accessToken: `${second}x!` }));
  await tell(client.renewAccessToken(workflowId, { accessToken: (await rig.user()).accessToken }));
  await tell(client.renewAccessToken(workflowId, { accessToken: second }));
  const code = rig.sandbox.codeFor(user, 'email');
  rig.sandbox.setFault({ ...fault, operation: attempt, exception: quote('BrandNewException', second, code) });
  await tell(client.submitCode(workflowId, { code }));
  await tell(client.wait(workflowId));
  await tell(client.status(workflowId));
  await worker.end('SIGTERM');

  const handle = rig.env.client.workflow.getHandle(workflowId);
  const { raw } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const all = [...secrets, code];
  for (const event of events ?? []) {
    for (const [path, text] of textsIn(event)) {
      for (const secret of all) expect(text.includes(secret), `${path} of event ${String(event.eventId)}`).toBe(false);
    }
  }
  const elsewhere = { workflowId, raw, told: output.map(unfold), logs: worker.output.join('') };
  expect(elsewhere.logs).toContain(workflowId);
  expect(JSON.stringify(elsewhere.told)).toContain('[redacted]');
  for (const [path, text] of textsIn(elsewhere)) {
    for (const secret of all) expect(text.includes(secret), path).toBe(false);
  }
});

/** Every text in a value, with its path; bytes are decoded. */
function* textsIn(value: unknown, path: string[] = [], seen = new Set<unknown>()): Generator<[string, string]> {
  if (typeof value === 'string') yield [path.join('.'), value];
  if (value instanceof Uint8Array) yield [path.join('.'), Buffer.from(value).toString()];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value)) return;
  seen.add(value);
  for (const [key, inner] of Object.entries(value)) yield* textsIn(inner, [...path, key], seen);
}

/** An error with everything that a logger would print. */
function unfold(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { message, stack, cause } = value;
  return { ...Object.fromEntries(Object.entries(value)), text: message, stack, cause: unfold(cause) };
}
