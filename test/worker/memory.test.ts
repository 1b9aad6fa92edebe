import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { planMemory, withHeapLimits } from '../../worker/memory.js';

const HEAP_LIMIT = `
  const { getHeapStatistics } = require('node:v8');
  require('node:worker_threads').parentPort.postMessage(getHeapStatistics().heap_size_limit / 2 ** 20);
`;

/** The heap limit of a new thread, in MB. */
async function heapLimit(): Promise<number> {
  const thread = new Worker(HEAP_LIMIT, { eval: true });
  try {
    return await new Promise<number>((resolve, reject) => thread.once('message', resolve).once('error', reject));
  } finally {
    await thread.terminate();
  }
}

it('limits the heap of the threads that start meanwhile, and of no other', async () => {
  const before = await heapLimit();
  const plan = planMemory(400);
  const during = await withHeapLimits(plan, heapLimit);
  expect(during).toBeGreaterThanOrEqual(plan.oldSpaceMb);
  expect(during).toBeLessThan(plan.oldSpaceMb + 50);
  expect(await heapLimit()).toBe(before);
});

it('caches more with more memory, and always some', () => {
  const plans = [300, 400, 512, 1_000, 4_000].map((megabytes) => planMemory(megabytes).maxCachedWorkflows);
  expect(plans).toEqual(plans.toSorted((a, b) => a - b));
  expect(plans[0]).toBeGreaterThan(50);
});
