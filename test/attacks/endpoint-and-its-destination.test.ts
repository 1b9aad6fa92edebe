/**
 * What answers in place of Cognito says where the code went: as another type, as megabytes, with characters that a terminal
 * obeys, as Markdown. The message has left, so none of it may fail the call or send another one.
 */
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { afterAll, beforeAll, expect } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { runCli } from '../cli/run-cli.js';
import { useRig } from '../rig.js';
import { attack } from './attack.js';

/** What the endpoint says of each delivery; undefined for what the sandbox says. */
let told: object | undefined;
let server: Server;

/** Passes every call on to the sandbox, and changes what the answer to a send says. */
function endpoint(sandboxUrl: string): string {
  server = createServer((request, response) => {
    void (async () => {
      const answer = await fetch(sandboxUrl, {
        method: 'POST',
        headers: request.headers as Record<string, string>,
        body: await text(request),
      });
      const body = await answer.text();
      const changed = told !== undefined && body.includes('CodeDeliveryDetails');
      response.writeHead(answer.status, {
        'content-type': 'application/x-amz-json-1.1',
        'x-amzn-requestid': answer.headers.get('x-amzn-requestid') ?? '',
      });
      response.end(changed ? JSON.stringify({ CodeDeliveryDetails: { ...told, AttributeName: 'email' } }) : body);
    })();
  }).listen(0);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const rig = useRig('local', { cognito: (sandbox) => createCognitoClients({ endpoint: endpoint(sandbox.url) }) });
let environment: Record<string, string>;
beforeAll(() => {
  environment = {
    TEMPORAL_ADDRESS: rig.env.address,
    VERIFICATION_TASK_QUEUE: rig.taskQueue,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    ...rig.settings,
  };
});
afterAll(() => server.close());

const HOSTILE = 'a\u001b[2J\u009b31m\u202Eb` ![x](http://evil.test/x.png) [y](http://evil.test) www.evil.test';

attack.each<[string, object, object?]>([
  ['an object', { Destination: { a: 1 }, DeliveryMedium: 'EMAIL' }, { deliveryMedium: 'EMAIL' }],
  ['a list', { Destination: ['z***@e***'], DeliveryMedium: ['EMAIL'] }, {}],
  ['a number', { Destination: 7, DeliveryMedium: true }, {}],
  ['null', { Destination: null, DeliveryMedium: null }, {}],
  ['257 characters', { Destination: 'x'.repeat(257), DeliveryMedium: 'EMAIL' }, { deliveryMedium: 'EMAIL' }],
  // Longer than any answer of Cognito: whether it was Cognito that answered is not known.
  ['three megabytes', { Destination: 'x'.repeat(3_000_000), DeliveryMedium: 'y'.repeat(3_000_000) }],
  ['characters that a terminal obeys', { Destination: HOSTILE, DeliveryMedium: 'E\u001b[2J' }, {}],
])(
  'a destination that is %s was not told: one send, and the code is taken',
  { 'an object': 'a destination may be anything', 'three megabytes': 'an answer has no bound' },
  async (_what, answer, delivery) => {
    told = answer;
    const user = await rig.user();
    const { workflowId, status } = await rig.start(user);
    expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: !delivery, sendsLeft: 4 });
    expect(JSON.parse(JSON.stringify(status.delivery ?? null))).toEqual(delivery ?? null);
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  },
);

attack(
  'a destination cannot make a link, an image or another paragraph of the live card',
  'a destination is Markdown',
  async () => {
    told = {
      Destination: '` ![x](http://evil.test/x.png) [y](http://evil.test) www.evil.test',
      DeliveryMedium: 'EMAIL',
    };
    const { workflowId } = await rig.start(await rig.user());
    const metadata = await rig.env.client.workflow
      .getHandle(workflowId)
      .query<{ currentDetails: string }>('__temporal_workflow_metadata');
    const lines = metadata.currentDetails.split('\n').filter((line) => line.includes('evil'));
    expect(lines).toHaveLength(2);
    // Inside of a code span, which the text cannot close.
    for (const line of lines) expect(line).toMatch(/ to `[^`\n]*evil\.test[^`\n]*` by e-mail/);
  },
);

attack('a caller who tells a hostile destination is refused', 'a text has no bound', async () => {
  told = undefined;
  const { accessToken } = await rig.user();
  const raw = { accessToken, attributeName: 'email', alreadySent: { destination: HOSTILE } };
  const refused = await rig.client.start(raw as never).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'InvalidRequest', field: 'alreadySent.destination' });
});

attack(
  'a caller without our client tells a hostile destination, and reaches no terminal',
  'a terminal gets what others wrote',
  async () => {
    told = undefined;
    const user = await rig.user();
    const { accessToken } = user;
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    const alreadySent = { destination: HOSTILE, deliveryMedium: 'EMAIL' };
    await rig.env.client.workflow.start(WORKFLOW_TYPE, {
      workflowId,
      taskQueue: rig.taskQueue,
      args: [{ accessToken, attributeName: 'email', alreadySent }],
    });
    for (const args of [
      ['status', workflowId],
      ['status', workflowId, '--json'],
      ['status', `verify/${HOSTILE}/x/email`],
      ['status', `verify/\u009b31m\u202E/x/email`, '--json'],
      ['list', '--user-pool', HOSTILE],
    ]) {
      const { stdout, stderr } = await runCli(args, { env: environment });
      // oxlint-disable-next-line no-control-regex -- what a terminal obeys
      expect(`${stdout}${stderr}`.replaceAll('\n', ''), args.join(' ')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  },
);
