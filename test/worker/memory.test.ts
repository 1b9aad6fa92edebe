import { execFileSync } from 'node:child_process';
import threads from 'node:worker_threads';
import { expect, it } from 'vitest';
import { cachedWithin, heapLimitFor, withHeapLimit } from '../../worker/memory.js';
import { WORKER_SETTINGS } from '../../worker/worker-settings.js';

const HEAP_LIMIT = `
  const { getHeapStatistics } = require('node:v8');
  require('node:worker_threads').parentPort.postMessage(getHeapStatistics().heap_size_limit / 2 ** 20);
`;

/** The heap limit of a new thread, in MB. */
async function heapLimit(): Promise<number> {
  const thread = new threads.Worker(HEAP_LIMIT, { eval: true });
  try {
    return await new Promise<number>((resolve, reject) => thread.once('message', resolve).once('error', reject));
  } finally {
    await thread.terminate();
  }
}

it('limits the heap of the threads that start meanwhile, and of no other', async () => {
  const before = await heapLimit();
  const during = await withHeapLimit(heapLimitFor(200), heapLimit);
  expect(during).toBeGreaterThanOrEqual(356);
  expect(during).toBeLessThan(400);
  expect(await heapLimit()).toBe(before);
});

it('two that start together have each its own limit, and leave none', async () => {
  const before = await heapLimit();
  const [small, large] = await Promise.all([withHeapLimit(100, heapLimit), withHeapLimit(200, heapLimit)]);
  expect(large - small).toBe(100);
  expect(await heapLimit()).toBe(before);
});

it('gives the limits back when the start fails', async () => {
  const before = await heapLimit();
  await expect(withHeapLimit(64, () => Promise.reject(new Error('no server')))).rejects.toThrow('no server');
  expect(await heapLimit()).toBe(before);
});

/** Keeps some 30 MB, and makes garbage that lives for a while. Prints the most that the heap had, in MB. */
const BUSY = `
  const made = () => Array.from({ length: 100 }, (_, i) => ({ a: i, b: [i, i + 1, i + 2], c: { d: i } }));
  const kept = Array.from({ length: 2_000 }, made);
  const passing = [];
  let most = 0;
  for (let i = 0; i < 40_000; i++) {
    passing[i % 4_000] = made();
    if (i % 500 === 0) most = Math.max(most, process.memoryUsage().heapTotal);
  }
  process.stdout.write(String(most / 2 ** 20));
`;

/** One object in ten stays, scattered over the pages of all. Prints how many bytes of pages the old space has for each byte in use. */
const SCATTERED = `
  const made = (count) => Array.from({ length: count }, (_, i) => ({ a: i, b: [i, i + 1, i + 2], c: { d: i } }));
  const kept = Array.from({ length: 4_000 }, () => made(100)).map((one, i) => (i % 10 === 0 ? one : undefined));
  for (let i = 0; i < 60_000; i++) {
    const one = (i % 400) * 10;
    if (i % 50 === 0) kept[one] = made(100);
    made(30);
  }
  const { getHeapSpaceStatistics } = await import('node:v8');
  const { space_size, space_used_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
  process.stdout.write(String(space_size / space_used_size));
`;

/** What the program prints in a process of its own, first as it is, then with heaps that grow slowly. */
function inProcesses(program: string): [usually: number, slowly: number] {
  const memory = new URL('../../dist/worker/memory.js', import.meta.url).href;
  const printed = (before: string) =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '--eval', `${before};${program}`], { encoding: 'utf8' }),
    );
  return [printed(''), printed(`(await import(${JSON.stringify(memory)})).growHeapsSlowly()`)];
}

it('lets a heap grow less before its garbage is collected', () => {
  const [usually, slowly] = inProcesses(BUSY);
  expect(slowly).toBeLessThan(0.75 * usually);
});

it('gives back pages that are mostly empty', () => {
  const [usually, slowly] = inProcesses(SCATTERED);
  expect(usually).toBeGreaterThan(1.5);
  expect(slowly).toBeLessThan(1.15);
});

it.each([WORKER_SETTINGS.workerMemoryMb.least, WORKER_SETTINGS.workerMemoryMb.default, 4_000])(
  'with %i MB some are cached, and process and heap stay under it until the first collection',
  (megabytes) => {
    const cached = cachedWithin(megabytes);
    expect(cached).toBeGreaterThan(200);
    // An idle process of 180 MB, 25 of which are in that heap; half of the limit, where V8 first collects; a young generation.
    expect(180 - 25 + heapLimitFor(cached) / 2 + 24).toBeLessThan(megabytes);
  },
);
