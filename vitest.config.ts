import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { weaken } from './test/attacks/planting.js';
import { LongestFirst } from './test/longest-first.js';
import { SlowestFiles } from './test/slowest-files.js';

/** Tests that start no Temporal server, no emulation of KMS and no command line. */
const UNIT = [
  'test/{activities,capacity,contract,log,temporal,workflows}/**/*.test.ts',
  'test/guard/!(redis-store|real-workers).test.ts',
  'test/bench/soak.test.ts',
  'test/canary/canaries.test.ts',
  'test/check/{attacks,lock-file}.test.ts',
  'test/cli/{brakes,card,deploy-after-change,report}.test.ts',
  'test/cli/replay/{histories,report}.test.ts',
  'test/client/{errors,for-browsers,from-settings,input,listing,repeated-update,stalled,time-limit,token-check,typed-code,unreachable}.test.ts',
  'test/codec/!(kms-away|kms-key-ring).test.ts',
  'test/codec-server/{authorization,origins,redaction,settings,wire}.test.ts',
  'test/dev/{files,stack-environment,stack-keys}.test.ts',
  'test/deployment/decisions.test.ts',
  'test/docs/{metrics,pages}.test.ts',
  'test/doctor/{*-judgements,aws-account,examination,judgements,report,surroundings}.test.ts',
  'test/metrics/**/*.test.ts',
  'test/examples/examples.test.ts',
  'test/faults/check.test.ts',
  'test/model/{faults,orders}.test.ts',
  'test/probe/iam-policy.test.ts',
  'test/testing/{fake,on-demand}.test.ts',
  'test/tracing/{allowed-spans,client,settings,worker-tracing}.test.ts',
  'test/worker/{health,memory,plain-transport,worker-settings}.test.ts',
];

const STORIES = 'test/model/scenarios.test.ts';
const LONG = ['test/model/planted-bugs.test.ts', 'test/replay/node-releases.test.ts'];
const WITHOUT_A_CACHE = 'test/replay/without-cache.test.ts';
const ATTACKS = 'test/attacks/**/*.test.ts';
/**
 * They prove that the guards notice: an attacker, a tampered history, a source of nondeterminism, a secret in the wrong place.
 * With them runs what takes long and changes rarely: the command `replay`, local stacks in trouble, the download of binaries, the metrics of a
 * run, the tree of the image, the manifests, the function for Lambda.
 */
const GUARDS = [
  ATTACKS,
  'test/{deploy/{image,manifests},worker/lambda}.test.ts',
  'test/bad-input/bad-input.test.ts',
  'test/canary/canary.test.ts',
  'test/cli/replay/{files,live}.test.ts',
  'test/deploy/emitted.test.ts',
  'test/deployment/rolling-deploy.test.ts',
  'test/dev/{stack-in-trouble,temporal-binaries}.test.ts',
  'test/doctor/remedies.test.ts',
  'test/replay/gate.test.ts',
  'test/replay/sources-of-nondeterminism.test.ts',
  'test/tracing/worker-death.test.ts',
  'test/worker/{probes,told-to-stop}.test.ts',
];
/** They wait for half a minute or longer, and run once, in the project `without a cache`. */
const SLOW_LIFECYCLE =
  'test/lifecycle/{held-answers,in-real-time,local-answers,queries-ahead,sends-that-nobody-received}.test.ts';
/** It builds the Temporal server first, which takes minutes the first time on a machine. */
const POSTGRES = 'test/dev/postgres-{server,security}.test.ts';
/** They install the packages that `npm run package` makes. The others need a package registry, and take long. */
const PACKAGE = 'test/packages/package.test.ts';
const PACKAGES = ['test/packages/matrix.test.ts', 'test/packages/testing-kit.test.ts'];
/** The other files of the lifecycle need a server that skips time. */
const ON_A_REAL_SERVER = readdirSync('test/lifecycle')
  .map((file) => `test/lifecycle/${file}`)
  .filter((file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes("Rig('local'"));
const FAULTS = ['test/faults/planted-bugs.test.ts', 'test/faults/thousand.test.ts'];
/** A code must be answered within the 3 s of a local activity, on a machine that does nothing else. */
const LOCAL_ATTEMPTS = 'test/faults/local-attempts.test.ts';

/** A flood through three worker processes takes minutes. */
const FLOOD = 'test/guard/real-workers.test.ts';

/** A file of these projects needs both cores for itself, or measures what a busy machine would change. */
const ALONE = { maxWorkers: 1, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    // `npm run test:unit` runs the first, `npm test` the first two, `npm run test:postgres`, `npm run test:end-to-end`,
    // `npm run test:packages`, `npm run test:guard` and `npm run test:local-attempts` the one of that name, `npm run test:long` the others.
    projects: [
      { extends: true, test: { name: 'unit', include: UNIT, retry: 0 } },
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...UNIT,
            ...GUARDS,
            ...LONG,
            SLOW_LIFECYCLE,
            WITHOUT_A_CACHE,
            POSTGRES,
            PACKAGE,
            ...PACKAGES,
            ...FAULTS,
            LOCAL_ATTEMPTS,
            FLOOD,
          ],
          env: { VERIFICATION_SCENARIOS: process.env['VERIFICATION_SCENARIOS'] ?? '100' },
        },
      },
      { extends: true, test: { name: 'guards', include: [...GUARDS, PACKAGE] } },
      // The attacks once more, on the product without the checks that stop them: there each must succeed.
      {
        extends: true,
        plugins: [{ name: 'planted weaknesses', enforce: 'pre', transform: (code, id) => weaken(id, code) }],
        test: {
          name: 'weaknesses',
          include: [ATTACKS],
          env: { VERIFICATION_PLANTED: '1' },
          globalSetup: 'test/attacks/weak-bundle.ts',
          setupFiles: 'test/attacks/only-attacks.ts',
        },
      },
      // Forced replay: the worker keeps nothing in memory, so each task of a workflow replays its history so far.
      {
        extends: true,
        test: {
          name: 'without a cache',
          include: ['test/lifecycle/**/*.test.ts', WITHOUT_A_CACHE],
          env: { VERIFICATION_TEST_CACHE: '0' },
        },
      },
      { extends: true, test: { name: 'long', include: [STORIES, ...LONG], ...ALONE } },
      {
        extends: true,
        test: {
          name: 'packages',
          include: [PACKAGE, ...PACKAGES],
          ...ALONE,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      { extends: true, test: { name: 'postgres', include: [POSTGRES], ...ALONE, hookTimeout: 3_600_000 } },
      // What a caller sees of a verification, once more on a Temporal server as deployments have it.
      {
        extends: true,
        test: {
          name: 'end to end',
          include: ON_A_REAL_SERVER,
          globalSetup: 'test/postgres-for-all.ts',
          // Builds the server unless it is in the cache.
          hookTimeout: 120_000,
          testTimeout: 120_000,
        },
      },
      { extends: true, test: { name: 'flood', include: [FLOOD], ...ALONE, retry: 0 } },
      { extends: true, test: { name: 'local attempts', include: [LOCAL_ATTEMPTS], ...ALONE, retry: 0 } },
      // A message too many is one too many, also if there is none the second time.
      { extends: true, test: { name: 'faults', include: FAULTS, ...ALONE, retry: 0 } },
    ],
    // By default vitest leaves a core free: of two cores it would use one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new SlowestFiles()],
    // Forks, because the worker's native core and Runtime.install are once-a-process things.
    pool: 'forks',
    // The AWS SDK would print in every fork that it will leave Node 20 one day.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // A second, the default, is little on a machine that is shared.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 60_000,
    // CI's machine is shared as well: what fails there has one more try, and the report says which needed it. What looks for
    // violations has none.
    retry: process.env['CI'] ? 1 : 0,
    hookTimeout: 120_000,
  },
});
