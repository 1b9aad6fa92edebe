import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { TimeLimits } from '../../client/time-limit.js';
import { thrownBy } from './fixtures.js';

const limits = new TimeLimits();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it('nothing of a call outlives it where its signal does, and the SDK keeps listening', async () => {
  const { signal } = new AbortController();
  const gone: WeakRef<object>[] = [];
  const call = async (own: AbortSignal | undefined) => {
    const request = { size: 1 };
    own?.addEventListener('abort', () => (request.size = 0));
    gone.push(new WeakRef(request));
    await turn();
  };
  for (let calls = 0; calls < 100; calls++) await limits.run({ timeoutMs: 1_000, signal }, call);
  await expect
    .poll(() => {
      collectGarbage();
      return gone.filter((request) => request.deref()).length;
    })
    .toBeLessThan(10);
});

it('an abort reaches the requests of the call, and ends it with the reason', async () => {
  const controller = new AbortController();
  let reached: unknown;
  const call = limits.run({ timeoutMs: 1_000, signal: controller.signal }, async (own) => {
    own?.addEventListener('abort', () => (reached = own.reason));
    await new Promise(() => undefined);
  });
  controller.abort('enough');
  expect(await thrownBy(call)).toMatchObject({ code: 'CallAborted', cause: 'enough' });
  expect(reached).toBe('enough');
});

it('the requests of a long call are no leak that Node.js warns of', async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const { signal } = new AbortController();
  await limits.run({ timeoutMs: 1_000, signal }, async (own) => {
    for (let requests = 0; requests < 50; requests++) own?.addEventListener('abort', () => undefined);
    await turn();
  });
  await turn();
  expect(warnings).toEqual([]);
});
