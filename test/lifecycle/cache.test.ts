/** A run without a cache really has none. No other lifecycle test would notice a worker that keeps workflows. */
import { expect, it } from 'vitest';
import { cacheSize, useRig } from '../rig.js';

const rig = useRig('local');

it('the worker keeps an open verification in memory, or none if the tests run without a cache', async () => {
  await rig.start(await rig.user());
  const cachedWorkflows = () => rig.worker.status().workflows?.numCachedWorkflows;
  await expect.poll(cachedWorkflows).toBe(cacheSize() === 0 ? 0 : 1);
});
