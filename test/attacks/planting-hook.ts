/** For `node --import`: the command then has the weaknesses, and the one that `?weakness=` names is on. */
import { type LoadHook, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { setWeakness, weaken } from './planting.js';

export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  const { source } = loaded;
  if (loaded.format !== 'module' || !source) return loaded;
  const code = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8');
  return { ...loaded, source: weaken(url, code) };
};

// Node.js loads this file once more, in the thread of the hooks.
if (isMainThread) {
  setWeakness(new URL(import.meta.url).searchParams.get('weakness') ?? undefined);
  register(import.meta.url);
}
