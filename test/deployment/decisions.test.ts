/** What a deployment may do next. */
import { describe, expect, it } from 'vitest';
import { deploymentInWords } from '../../cli/deploy/report.js';
import { isServed, missingHalves, rollbackOf, unservedOf } from '../../deployment/decisions.js';
import type { DeployedVersion, Deployment, Workers } from '../../deployment/versions.js';

const NONE: Workers = { workflows: [], calls: [] };
const BOTH: Workers = { workflows: ['w#1'], calls: ['w#1'] };
const DECIDES: Workers = { workflows: ['w#1'], calls: [] };
const CALLS: Workers = { workflows: [], calls: ['w#1'] };

const version = (buildId: string, more: Partial<DeployedVersion> = {}): DeployedVersion => ({
  buildId,
  status: 'inactive',
  workers: BOTH,
  ...more,
});
const deployment = (more: Partial<Deployment> = {}): Deployment => ({
  deploymentName: 'd',
  versions: [],
  unversioned: NONE,
  isChanging: false,
  conflictToken: new Uint8Array(),
  ...more,
});
const open = (byBuild: Record<string, number> = {}, unversioned = 0) => ({
  byBuild: new Map(Object.entries(byBuild)),
  unversioned,
});

it.each([
  [undefined, ['workflows', 'calls']],
  [NONE, ['workflows', 'calls']],
  [DECIDES, ['calls']],
  [CALLS, ['workflows']],
  [BOTH, []],
])('%j lacks %j, and serves only if nothing lacks', (workers, missing) => {
  expect(missingHalves(workers)).toEqual(missing);
  expect(isServed(workers)).toBe(missing.length === 0);
});

describe('what is wrong', () => {
  const current = { current: 'A', versions: [version('A')] };
  it.each<[string, Deployment, ReturnType<typeof open>, RegExp[]]>([
    ['nothing, with a version that is served', deployment(current), open({ A: 3 }), []],
    ['nothing, with unversioned workers', deployment({ unversioned: BOTH }), open(), []],
    [
      'nothing, if a version without workers has none open',
      deployment({ ...current, versions: [version('A'), version('B', { workers: NONE })] }),
      open({ B: 0 }),
      [],
    ],
    [
      'no version is current, and nobody is unversioned',
      deployment({ versions: [version('A')] }),
      open(),
      [/^New .*no version of d is current.*Make a version current\.$/],
    ],
    [
      'only one half of the current one works',
      deployment({ current: 'A', versions: [version('A', { workers: DECIDES })] }),
      open(),
      [/^New .* go to A, and no worker of it makes calls/],
    ],
    [
      'nobody works for a ramp',
      deployment({
        ...current,
        versions: [version('A'), version('B', { workers: CALLS })],
        ramp: { buildId: 'B', percent: 5 },
      }),
      open(),
      [/^5 % .* go to B, and no worker of it decides/],
    ],
    [
      'nobody works for the rest of a ramp',
      deployment({ versions: [version('B')], ramp: { buildId: 'B', percent: 5 } }),
      open(),
      [/^New .*unversioned workers, .* and no unversioned worker polls/],
    ],
    [
      'open ones are on a version without workers',
      deployment({ ...current, versions: [version('A'), version('B', { workers: NONE })] }),
      open({ B: 1 }),
      [/^One open verification is pinned to B, and no worker of it polls.*program of that build.*goes on with it\.$/],
    ],
    [
      'open ones are on a version with one half',
      deployment({ ...current, versions: [version('A'), version('B', { workers: DECIDES })] }),
      open({ B: 7 }),
      [/^7 open verifications are pinned to B, and no worker of it makes calls.*goes on with them\.$/],
    ],
  ])('%s', (_, given, counts, expected) => {
    const found = unservedOf(given, counts);
    expect(found).toHaveLength(expected.length);
    for (const [index, words] of expected.entries())
      expect(`${found[index]?.found} ${found[index]?.remedy.text}`).toMatch(words);
  });
});

describe('the way back', () => {
  const versions = [
    version('N'),
    version('C', { currentSinceMs: 3_000 }),
    version('A', { currentSinceMs: 1_000 }),
    version('B', { currentSinceMs: 2_000 }),
  ];
  it.each<[string, Partial<Deployment>, object]>([
    ['is the version that was current last', { current: 'C', versions }, { kind: 'previous', buildId: 'B', from: 'C' }],
    [
      'is gone once: the version that was left does not come back',
      { current: 'B', versions: [version('C', { currentSinceMs: 3_000, status: 'draining' }), version('B')] },
      { kind: 'nothing', why: expect.stringContaining('gone back from C to B') },
    ],
    [
      'is gone once: a ramp that has ended is not followed by an older version',
      {
        current: 'C',
        versions: [version('N', { status: 'drained' }), version('C'), version('B', { currentSinceMs: 2_000 })],
      },
      { kind: 'nothing', why: expect.stringContaining('gone back from N to C') },
    ],
    [
      'is the end of a ramp',
      { current: 'C', versions, ramp: { buildId: 'N', percent: 5 } },
      { kind: 'endRamp', from: 'N' },
    ],
    ['is none for the first version', { current: 'N', versions: [version('N')] }, { kind: 'nothing' }],
    ['is none for unversioned workers', { versions }, { kind: 'nothing' }],
  ])('%s', (_, given, expected) => {
    expect(rollbackOf(deployment(given))).toMatchObject(expected);
  });

  it('leads to a version that is named, but not from unversioned workers, whose verifications nobody has replayed', () => {
    const ramp = { buildId: 'N', percent: 5 };
    expect(rollbackOf(deployment({ current: 'C', versions, ramp }), 'A')).toMatchObject({ buildId: 'A', from: 'C' });
    expect(rollbackOf(deployment({ versions, ramp }), 'A')).toMatchObject({ kind: 'nothing' });
  });
});

describe('for people', () => {
  const versions = [version('B', { status: 'ramping' }), version('A', { status: 'current' })];
  const words = (more: Partial<Parameters<typeof deploymentInWords>[0]>) =>
    deploymentInWords({
      namespace: 'n',
      deployment: deployment({ current: 'A', versions }),
      open: open({ A: 12, B: 1 }),
      unserved: [],
      done: undefined,
      replayed: undefined,
      ...more,
    });

  it('a line for each version', () => {
    expect(words({ deployment: deployment({ current: 'A', versions, ramp: { buildId: 'B', percent: 30 } }) })).toBe(
      [
        'Worker Deployment d in namespace n',
        '',
        'build        new verifications  open  workers: verifications, calls',
        'B            30 %               1     1, 1',
        'A            70 %               12    1, 1',
        'unversioned  none               0     none',
      ].join('\n'),
    );
  });

  it('few of many that have drained, and whether their workers may end', () => {
    const drained = ['z', 'y', 'x', 'w', 'v'].map((buildId) =>
      version(buildId, { status: 'drained', workers: buildId === 'z' ? BOTH : NONE }),
    );
    const text = words({ deployment: deployment({ current: 'A', versions: [...versions, ...drained] }) });
    expect(text).toMatch(/^z .* drained: its workers may end/m);
    expect(text).toMatch(/^x .* drained {2}/m);
    expect(text).not.toMatch(/^w /m);
    expect(text).toMatch(/^and 2 more that have drained$/m);
  });

  it.each([
    [
      { action: 'promote', buildId: 'A', from: 'B' },
      /One open verification is on B, and stays there\. Keep its workers/,
    ],
    [{ action: 'promote', buildId: 'A', from: 'A' }, /It was so before\.$/],
    [{ action: 'promote', buildId: 'B', from: undefined }, /0 open verifications are on unversioned workers\.$/],
    [
      { action: 'ramp', buildId: 'B', percent: 5, from: 'A' },
      /5 % of the new verifications go to B, the others to A\.$/,
    ],
    [
      { action: 'ramp', buildId: 'A', percent: 0, from: 'B' },
      /The ramp has ended: .* go to A\. One open verification is on B/,
    ],
    [{ action: 'ramp', buildId: 'A', percent: 0, from: 'A' }, /There was no ramp\.$/],
    [
      { action: 'rollback', buildId: 'B', from: 'A' },
      /12 open verifications are on A, and stay there[^]*update-options .*'d:A'.*-build-id B$/,
    ],
    [{ action: 'rollback', buildId: 'A', from: 'A' }, /It was so before\.$/],
  ] as const)('after %j what follows', (done, expected) => {
    expect(words({ done })).toMatch(expected);
  });
});
