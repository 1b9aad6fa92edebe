import { InvalidRequestError } from '@cognito-verification/client';
import {
  awaitDelivery,
  codeConfirmed,
  renewAccessToken,
  resendCode,
  submitCode,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { WithStartWorkflowOperation, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { useRig } from '../rig.js';
import { stampOf } from '../stamping.js';

/** `UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED`. */
const COMPLETED: number = 3;

/** Each place refuses bad input with a message that names the field, and no workflow task is retried for ever. */
const rig = useRig('local');
let good: { accessToken: string; attributeName: 'email' };
beforeAll(async () => {
  good = { accessToken: (await rig.user()).accessToken, attributeName: 'email' };
});

const BAD: [string, (request: typeof good) => unknown, RegExp][] = [
  ['nothing', () => undefined, /request must be an object/],
  ['null', () => null, /request must be an object/],
  ['a text', () => 'email', /request must be an object/],
  ['a list', () => [1, 2], /request must be an object/],
  ['no attribute', ({ accessToken }) => ({ accessToken }), /attributeName must be 'email' or 'phone_number'/],
  ['another attribute', (request) => ({ ...request, attributeName: 'address' }), /attributeName must be/],
  ['no token', () => ({ attributeName: 'email' }), /accessToken must be a string/],
  [
    'a token and a reference',
    (request) => ({ ...request, accessTokenReference: 'session-1' }),
    /accessTokenReference cannot come together with accessToken/,
  ],
  [
    'a reference without a user',
    () => ({ accessTokenReference: 'session-1', userPoolId: 'eu-west-1_pool', attributeName: 'email' }),
    /sub must be the user's sub/,
  ],
  [
    'a user next to a token',
    (request) => ({ ...request, sub: '6f1a' }),
    /sub cannot come together with accessToken, whose claims say it/,
  ],
  ['a malformed token', (request) => ({ ...request, accessToken: 'Bearer x' }), /accessToken is not a JSON Web Token/],
  ['an unknown field', (request) => ({ ...request, attribute: 'email' }), /attribute is not a field of request/],
  ['a policy that is not an object', (request) => ({ ...request, policy: 'strict' }), /policy must be an object/],
  ['a malformed deadline', (request) => ({ ...request, policy: { deadline: 'soon' } }), /policy\.deadline must be/],
  ['a limit out of range', (request) => ({ ...request, policy: { maxSends: 0 } }), /policy\.maxSends must be/],
  ['half a send', (request) => ({ ...request, policy: { maxSends: 1.5 } }), /policy\.maxSends must be/],
  ['a policy field of the future', (request) => ({ ...request, policy: { maxCost: 1 } }), /policy\.maxCost is not/],
  ['metadata that is not text', (request) => ({ ...request, clientMetadata: { n: 1 } }), /clientMetadata\.n must be/],
  [
    'a delivery that is not an object',
    (request) => ({ ...request, alreadySent: 'yes' }),
    /alreadySent must be an object/,
  ],
];

describe('a request', () => {
  // TypeScript refuses values that are not objects.
  it.each(BAD.slice(4))('%s: refused by the client, and nothing is started', async (_name, make, message) => {
    const bad = make(good) as typeof good;
    await expect(rig.client.start(bad)).rejects.toThrow(message);
  });

  it.each(BAD)('%s: raw, as from the Web UI, fails the workflow at once', async (name, make, message) => {
    const bad = make(good);
    const failed = await rig.env.client.workflow
      .execute(WORKFLOW_TYPE, {
        taskQueue: rig.taskQueue,
        workflowId: `raw ${name}`,
        args: bad === undefined ? [] : [bad],
        workflowExecutionTimeout: '20 seconds',
      })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    expect((failed as WorkflowFailedError).cause?.message).toMatch(message);
  });

  it('of another user than in its workflow id: raw, fails the workflow at once', async () => {
    const [zoe, max] = [await rig.user(), await rig.user()];
    const failed = await rig.env.client.workflow
      .execute(WORKFLOW_TYPE, {
        taskQueue: rig.taskQueue,
        workflowId: workflowIdFor({ ...zoe, attributeName: 'email' }),
        args: [{ accessToken: max.accessToken, attributeName: 'email' }],
        workflowExecutionTimeout: '20 seconds',
      })
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({
      cause: {
        type: 'InvalidRequest',
        message: `request belongs to the workflow id ${workflowIdFor({ ...max, attributeName: 'email' })} and to no other`,
      },
    });
    expect(rig.sandbox.calls({ username: max.username })).toEqual([]);
  });

  it('raw with an update: the waiting caller is told too', async () => {
    const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
      taskQueue: rig.taskQueue,
      workflowId: 'raw with an update',
      args: [{}],
      workflowIdConflictPolicy: 'FAIL',
    });
    const answer = await rig.env.client.workflow
      .executeUpdateWithStart(awaitDelivery.name, { startWorkflowOperation, args: [{}] })
      .catch((error: unknown) => error);
    expect(String((answer as Error).cause ?? answer)).toMatch(/attributeName must be/);
  });
});

describe('a payload that is not JSON', () => {
  const PAYLOADS: [string, string, string][] = [
    ['broken JSON', 'json/plain', '{"accessToken": '],
    ['an unsupported encoding', 'json/protobuf', '{}'],
    ['an unknown encoding', 'text/plain', 'hello'],
    ['bytes', 'binary/plain', 'hello'],
  ];

  it.each(PAYLOADS)('%s: raw, fails the workflow at once', async (name, encoding, data) => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const workflowId = `payload ${name}`;
    await rig.env.client.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      requestId: workflowId,
      workflowType: { name: WORKFLOW_TYPE },
      taskQueue: { name: rig.taskQueue },
      input: { payloads: [{ metadata: { encoding: bytes(encoding) }, data: bytes(data) }] },
    });
    const failed = await rig.env.client.workflow
      .getHandle(workflowId)
      .result()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    expect((failed as WorkflowFailedError).cause?.message).toMatch(
      /request must be an object; found (a payload|bytes)/,
    );
  });
});

describe('a payload that is not JSON, in a message', () => {
  it('is refused, and the verification continues', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const input = { payloads: [{ metadata: { encoding: bytes('json/plain') }, data: bytes('{"code": ') }] };
    const service = rig.env.client.workflowService;
    const workflowExecution = { workflowId };
    const { outcome } = await service.updateWorkflowExecution({
      namespace: 'default',
      workflowExecution,
      request: { meta: { updateId: 'broken' }, input: { name: 'submitCode', args: input } },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package that is not ours
      waitPolicy: { lifecycleStage: COMPLETED },
    });
    const sealed = outcome?.failure?.encodedAttributes ?? {};
    const opened = await rig.dataConverter.payloadCodecs?.[0]?.decode([sealed], {
      type: 'workflow',
      namespace: 'default',
      workflowId,
    });
    expect(Buffer.from(opened?.[0]?.data ?? []).toString()).toMatch(/submitCode must be an object; found a payload /);
    await service.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution,
      signalName: 'codeConfirmed',
      input,
    });
    // A signal that cannot be read proves nothing.
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode' });
    const { result } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(result).toBe('verified');
  });
});

describe('a message to an open verification', () => {
  const SENT: [string, { name: string }, unknown, RegExp][] = [
    ['submitCode without a code', submitCode, {}, /code must be a string/],
    ['submitCode of nothing', submitCode, null, /submitCode must be an object/],
    ['submitCode with a code of the wrong form', submitCode, { code: 'abc' }, /code must be six digits/],
    ['submitCode with a malformed token', submitCode, { code: '123456', accessToken: 'x' }, /accessToken is not/],
    ['resendCode with malformed metadata', resendCode, { clientMetadata: 3 }, /clientMetadata must be an object/],
    ['renewAccessToken without a token', renewAccessToken, {}, /accessToken must be a string/],
    ['awaitDelivery with a number', awaitDelivery, { accessToken: 3 }, /accessToken must be a string/],
    ['an unknown update', { name: 'verifyNow' }, {}, /verifyNow/],
  ];

  it('is refused with the field, and the verification continues', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const handle = rig.env.client.workflow.getHandle(workflowId);
    for (const [name, { name: update }, input, message] of SENT) {
      const refused = await handle.executeUpdate(update, { args: [input] }).catch((error: unknown) => error);
      expect(refused, name).toBeInstanceOf(WorkflowUpdateFailedError);
      expect((refused as WorkflowUpdateFailedError).cause?.message, name).toMatch(message);
    }
    // A validator refuses these, so none of them is in the history.
    const { events } = await handle.fetchHistory();
    expect(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toHaveLength(1);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  });

  it.each([[undefined], [null], ['text'], [{ more: { than: 'asked' } }]])(
    'a codeConfirmed with %j confirms nothing',
    async (input) => {
      const user = await rig.user();
      const { workflowId } = await rig.start(user);
      await rig.env.client.workflow.getHandle(workflowId).signal(codeConfirmed.name, input);
      expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode' });
    },
  );

  it('a codeConfirmed with an invalid reference and token still confirms: a signal cannot be refused', async () => {
    const user = await rig.user();
    const { workflowId, run: runId } = await rig.start(user, { confirmation: 'trust' });
    const stamp = stampOf('codeConfirmed', { runId });
    const wrong = { reference: 7, accessToken: 'no', stamp };
    await rig.env.client.workflow.getHandle(workflowId).signal(codeConfirmed.name, wrong);
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified', proof: 'trusted' });
  });
});

it('the client names the field as data, too', async () => {
  const refused = await rig.client.start({ ...good, policy: { maxAttempts: 99 } }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InvalidRequestError);
  expect(refused).toMatchObject({ field: 'policy.maxAttempts' });
});
