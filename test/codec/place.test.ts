import { keyRingOf } from '@cognito-verification/codec';
import { expect, it } from 'vitest';
import { bare, codecOf, inActivity, inWorkflow, newKey, openOne, payloadOf, refusalOf, sealOne } from './fixtures.js';

const codec = codecOf(keyRingOf(newKey('key-1')));
const SECRET = { accessToken: 'eyJraWQiOiJ0aGUgdG9rZW4', code: '135790' };

const places = {
  workflow: inWorkflow('verify/pool/sub/email'),
  'another workflow': inWorkflow('verify/pool/other/email'),
  activity: inActivity('verify/pool/sub/email', '1'),
  'another activity': inActivity('verify/pool/sub/email', '2'),
  'an activity of another workflow': inActivity('verify/pool/other/email', '1'),
  // The parts are not just concatenated.
  'a workflow with a longer id': inWorkflow('verify/pool/sub/email1'),
};
const names = Object.keys(places) as (keyof typeof places)[];

it.each(names)('a payload sealed for %s opens there and nowhere else', async (name) => {
  const sealed = await sealOne(codec, SECRET, places[name]);
  for (const other of names) {
    expect(await refusalOf(codec, sealed, places[other]), other).toBe(other === name ? undefined : 'misplaced');
  }
});

it('a payload opens in another namespace: histories are replayed elsewhere', async () => {
  const sealed = await sealOne(codec, SECRET, inWorkflow('w'));
  expect(await openOne(codec, sealed, { ...inWorkflow('w'), namespace: 'elsewhere' })).toEqual(SECRET);
});

it('a payload opens where the place is unknown, as in a codec server', async () => {
  expect(await openOne(codec, await sealOne(codec, SECRET, inWorkflow('w')))).toEqual(SECRET);
});

it('a payload without a place opens: the codecs of other languages have no places', async () => {
  expect(await openOne(codec, await sealOne(codec, SECRET), inWorkflow('w'))).toEqual(SECRET);
  const outside = { type: 'activity', namespace: 'default', activityId: 'a', isLocal: false } as const;
  expect(await openOne(codec, await sealOne(codec, SECRET, outside), inWorkflow('w'))).toEqual(SECRET);
});

it('the place leaves no trace in the opened payload', async () => {
  const opened = await codec.decode(await codec.encode([payloadOf(1)], inWorkflow('w')), inWorkflow('w'));
  expect(opened.map(bare)).toEqual([bare(payloadOf(1))]);
});
