/** The status of a verification that was cancelled while calls to Cognito were being retried, which the end cancels. */
import { expect, test } from 'vitest';
import { SEND, useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('timeSkipping');

test('is told, however often it is asked for', async () => {
  const user = await travel.user();
  travel.refuse(user, SEND, 'TooManyRequestsException');
  travel.base.sandbox.setFault({ operation: 'GetUser', username: user.username, dropConnection: 'beforeEffect' });
  const opened = await travel.open({ user, impatient: true });
  const code = travel.submit(opened, '000000').catch(() => undefined);
  await travel.until(opened, ({ state }) => state === 'sending');
  await travel.client.cancel(opened.id);
  await code;
  for (let times = 0; times < 3; times++) expect(await travel.status(opened)).toMatchObject({ state: 'cancelled' });
});
