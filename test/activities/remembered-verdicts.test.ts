import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import type { VerifyCodeInput, VerifyCodeResult } from '../../activities/cognito.js';
import { RememberedVerdicts } from '../../activities/remembered-verdicts.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const INPUT: VerifyCodeInput = {
  userPoolId: 'eu-west-1_AbC',
  sub: '6f1a',
  attributeName: 'email',
  accessToken: 'token',
  code: '123456',
  runId: 'run',
  updateId: 'submitCode/1',
  at: '2026-11-28T15:00:00.000Z',
};
const LATER = '2026-11-28T15:00:04.000Z';
const ACCEPTED: VerifyCodeResult = { accepted: true, runId: 'run' };

/** Answers as the list says, and counts. */
function asking(...answers: (VerifyCodeResult | Error)[]) {
  const asked = { times: 0 };
  const ask = () => {
    const answer = answers[asked.times++] ?? expect.unreachable('asked once more');
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { asked, ask };
}

it('a repeat asks nothing, and has the same answer', async () => {
  const remembered = new RememberedVerdicts();
  const { asked, ask } = asking(ACCEPTED);
  const dated = { ...ACCEPTED, at: INPUT.at };
  expect(await remembered.answer(INPUT, ask)).toEqual(dated);
  // The time says which attempt it was.
  expect(await remembered.answer({ ...INPUT, at: LATER }, ask)).toEqual(dated);
  expect(asked.times).toBe(1);
});

it('a repeat joins the call while it lasts', async () => {
  const remembered = new RememberedVerdicts();
  const { asked, ask } = asking(ACCEPTED);
  const repeat = { ...INPUT, at: LATER };
  const both = await Promise.all([remembered.answer(INPUT, ask), remembered.answer(repeat, ask)]);
  expect(both.map((answer) => 'accepted' in answer && answer.at)).toEqual([INPUT.at, INPUT.at]);
  expect(asked.times).toBe(1);
});

it('a refusal is an answer too', async () => {
  const remembered = new RememberedVerdicts();
  const mismatch = new Error('CodeMismatchException');
  const { asked, ask } = asking(mismatch);
  await expect(remembered.answer(INPUT, ask)).rejects.toBe(mismatch);
  await expect(remembered.answer(INPUT, ask)).rejects.toBe(mismatch);
  expect(asked.times).toBe(1);
});

it('a refusal says too of which attempt it is', async () => {
  const remembered = new RememberedVerdicts();
  const mismatch = ApplicationFailure.create({ type: 'CodeMismatchException', details: [{ failure: 'mismatch' }] });
  const { ask } = asking(mismatch);
  await expect(remembered.answer(INPUT, ask)).rejects.toBe(mismatch);
  const told = await remembered.answer({ ...INPUT, at: LATER }, ask).catch((error: unknown) => error);
  expect(told).toMatchObject({ details: [{ failure: 'mismatch', at: INPUT.at }] });
});

it.each([
  ['another verification', { runId: 'other' }],
  ['an update that is not told', { updateId: undefined }],
  ['another update, once the first is counted', { updateId: 'submitCode/2', counted: [{ updateId: 'submitCode/1' }] }],
])('asks for %s', async (_what, change) => {
  const remembered = new RememberedVerdicts();
  const { asked, ask } = asking(ACCEPTED, ACCEPTED);
  await remembered.answer(INPUT, ask);
  await remembered.answer({ ...INPUT, ...change }, ask);
  expect(asked.times).toBe(2);
});

it('asks with another token: Cognito may have refused the first', async () => {
  const remembered = new RememberedVerdicts();
  const { asked, ask } = asking(ACCEPTED, ACCEPTED);
  await remembered.answer(INPUT, ask);
  const other: VerifyCodeInput = {
    userPoolId: 'eu-west-1_AbC',
    sub: '6f1a',
    attributeName: 'email',
    accessToken: 'other',
    code: '123456',
    runId: 'run',
    updateId: 'submitCode/1',
    counted: [{ updateId: 'submitCode/1' }],
  };
  await remembered.answer(other, ask);
  expect(asked.times).toBe(2);
});

it('tells of an attempt that the verification has not counted, before it makes another', async () => {
  const remembered = new RememberedVerdicts();
  const { asked, ask } = asking(ACCEPTED, ACCEPTED);
  await remembered.answer(INPUT, ask);
  const other = { ...INPUT, updateId: 'submitCode/2', code: '654321' };
  const uncounted = [{ updateId: 'submitCode/1', at: INPUT.at }];
  expect(await remembered.answer(other, ask)).toEqual({ notCalled: true, runId: 'run', uncounted });
  expect(asked.times).toBe(1);
});

it('asks nothing where only what is remembered was asked for', async () => {
  const remembered = new RememberedVerdicts();
  const { asked, ask } = asking(ACCEPTED);
  expect(await remembered.answer({ ...INPUT, rememberedOnly: true }, ask)).toEqual({ notCalled: true, runId: 'run' });
  await remembered.answer(INPUT, ask);
  expect(await remembered.answer({ ...INPUT, rememberedOnly: true }, ask)).toMatchObject(ACCEPTED);
  expect(asked.times).toBe(1);
});

it('nothing of an activity outlives it but its answer', async () => {
  const remembered = new RememberedVerdicts();
  const contexts = new AsyncLocalStorage<object>();
  const gone: WeakRef<object>[] = [];
  for (let attempts = 0; attempts < 100; attempts++) {
    const context = { attempts };
    gone.push(new WeakRef(context));
    const ask = () => Promise.resolve(ACCEPTED);
    await contexts.run(context, () => remembered.answer({ ...INPUT, runId: `run-${attempts}` }, ask));
  }
  await expect
    .poll(() => {
      collectGarbage();
      return gone.filter((context) => context.deref()).length;
    })
    .toBeLessThan(10);
  expect(await remembered.answer({ ...INPUT, runId: 'run-0' }, () => expect.unreachable())).toMatchObject(ACCEPTED);
});
