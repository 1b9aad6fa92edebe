/** The check of the store in which the guard of all workers counts. */
import { GUARD_SETTINGS, guardSettings, storeTimeoutOf } from '../guard/guard-settings.js';
import { RedisStore } from '../guard/redis-store.js';
import { lookAt, reasonOf } from '../guard/shared-store.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import { readable, type Surroundings } from './surroundings.js';

const SETTING = GUARD_SETTINGS.guardStore.variable;

export const GUARD_STORE_CHECK: Check<Surroundings> = {
  name: 'guard-store',
  area: 'temporal',
  title: 'store in which all workers count messages',
  async run({ environment }) {
    const settings = readable(() => guardSettings(environment), 'worker-settings');
    const { guardStore, guardStoreAway: whenAway = GUARD_SETTINGS.guardStoreAway.default } = settings;
    if (guardStore === undefined) {
      return [findingsOf('guard-store').ok('guard', `${SETTING} is not set: each worker counts messages by itself.`)];
    }
    const url = new URL(guardStore.reveal());
    const store = new RedisStore({ url: url.href, timeoutMs: storeTimeoutOf(settings) });
    try {
      await lookAt(store);
      return [findingsOf('guard-store').ok(url.host, 'It answers.')];
    } catch (error) {
      return [judgeStoreAway(url, whenAway, reasonOf(error))];
    } finally {
      await store.close();
    }
  },
};

/** @param url may hold a password, which is not told */
function judgeStoreAway({ hostname, port, protocol, host }: URL, whenAway: string, reason: string): Finding {
  const findings = findingsOf('guard-store', 'https://redis.io/docs/latest/commands/ping/');
  const command = `redis-cli${protocol === 'rediss:' ? ' --tls' : ''} -h ${hostname} -p ${port || 6379} ping`;
  const told = {
    subject: host,
    found: `The Redis or Valkey in which all workers count messages does not answer as it should (${reason.replace(/\.$/, '')}).`,
    remedy: {
      text: `Start it, or correct address, user and password in ${SETTING}, here and for all workers. The command says whether a server answers there at all.`,
      command,
    },
  };
  return whenAway === 'hold'
    ? findings.failure({ ...told, means: 'No code is sent until it is back: users wait.' })
    : findings.warning({
        ...told,
        means:
          'Users get their codes. Until it is back each worker counts by itself, so that several workers send more messages than the limits of the guard say.',
      });
}
