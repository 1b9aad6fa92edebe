/** A local attempt must not span the deadline, whose timer would throw its workflow task away. */
import { expect, test } from 'vitest';
import { type Opened, useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('timeSkipping');

async function waysOf({ id }: Opened) {
  const { events } = await travel.base.env.client.workflow.getHandle(id).fetchHistory();
  const normal = (events ?? []).filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'verifyCode',
  );
  return normal.length > 0 ? 'normal' : 'local';
}

test.each([
  { before: 60_000, way: 'local' },
  { before: 4_500, way: 'normal' },
])('a code $before ms before the deadline: $way', async ({ before, way }) => {
  const opened = await travel.open({ policy: { deadline: '10 minutes' } });
  await travel.pass(Date.parse(opened.started.expiresAt) - (await travel.now()) - before);
  expect((await travel.submitRight(opened)).result).toBe('verified');
  expect(await waysOf(opened)).toBe(way);
});

test.each([
  { before: 60_000, way: 'local' },
  { before: 25_000, way: 'normal' },
])(
  'a code $before ms before the end of its lifetime, after which a repeat would ask nobody: $way',
  async ({ before, way }) => {
    const opened = await travel.open({ policy: { codeLifetime: '10 minutes' } });
    await travel.pass(Date.parse(opened.started.codeExpiresAt ?? '') - (await travel.now()) - before);
    expect((await travel.submitRight(opened)).result).toBe('verified');
    expect(await waysOf(opened)).toBe(way);
  },
);

test('the look at the deadline is a local activity, and finds what nobody has told of', async () => {
  const opened = await travel.open({ policy: { deadline: '10 minutes' } });
  await travel.verifyElsewhere(opened);
  expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'found' });
  const { events } = await travel.base.env.client.workflow.getHandle(opened.id).fetchHistory();
  expect((events ?? []).filter((event) => event.markerRecordedEventAttributes)).toHaveLength(1);
});
