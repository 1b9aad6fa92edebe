/** What doctor makes of answers, as tables: the verdict, and words that it must say. */

import { unreachable } from '@cognito-verification/client/connection';
import { KeyServiceError, SettingError } from '@cognito-verification/codec';
import { describe, expect, it } from 'vitest';
import { judgeAwsClock, judgeClock } from '../../doctor/clock-checks.js';
import { judgeCodecServer, judgeNoCodecServer, judgeUnsafe } from '../../doctor/codec-answers-check.js';
import { judgeOrigins } from '../../doctor/codec-origins-check.js';
import { reasonNotToAsk, shown } from '../../doctor/codec-server.js';
import { CouldNotAskError } from '../../doctor/could-not-ask.js';
import { judgeDeployment, judgeNoDeployment } from '../../doctor/deployment-check.js';
import { type Finding, worstOf } from '../../doctor/finding.js';
import { judgeKeys, judgeWorkerKeys } from '../../doctor/key-checks.js';
import type { Written } from '../../doctor/last-written.js';
import {
  judgeNamespace,
  judgeNoNamespace,
  judgeRetention,
  judgeSearchAttributes,
  judgeUnusableSearchAttributes,
} from '../../doctor/namespace-checks.js';
import { judgeFairness, judgeQueueLimits } from '../../doctor/queue-checks.js';
import { judgeUnreachable, judgeVersion } from '../../doctor/temporal-checks.js';
import { judgeBuilds, judgeStuck, judgeWorkers } from '../../doctor/worker-checks.js';
import { SearchAttributesError } from '../../temporal/search-attributes.js';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const HOUR = 3_600;

/** `verdict: found → remedy`, as one text to search. */
const inWords = ({ verdict, found, remedy }: Finding) => `${verdict}: ${found} → ${remedy?.text ?? ''}`;

describe('the connection', () => {
  const cannot = (how: string, why: string) =>
    unreachable({ address: 't:7233', security: how === 'with TLS' ? { tls: true } : {} }, new Error(why));
  it.each([
    ['with TLS', 'self-signed certificate', /TEMPORAL_TLS_SERVER_CA_CERT_PATH/],
    ['with TLS', "Hostname/IP does not match certificate's altnames", /a host that the certificate names/],
    ['with TLS', 'SSL routines:ssl3_get_record:wrong version number', /speaks plain text there/],
    ['without TLS', 'read ECONNRESET', /TEMPORAL_TLS=true/],
    ['without TLS', 'Failed to connect (2026-11-28T12:00:00.000Z)', /TEMPORAL_TLS=true/],
    ['without TLS', 'getaddrinfo ENOTFOUND t', /no name server knows it/],
    ['with TLS', 'Request unauthorized', /TEMPORAL_API_KEY/],
    ['without TLS', 'connect ECONNREFUSED 127.0.0.1:7233', /Start the service there/],
    ['without TLS', 'no answer within 2 seconds', /Start the service there/],
  ])('%s: %s', (how, why, remedy) => {
    const finding = judgeUnreachable(cannot(how, why));
    expect(finding).toMatchObject({ verdict: 'failure', found: expect.stringMatching(/[^?]$/) });
    expect(finding.found).not.toContain(finding.remedy?.text);
    expect(finding.remedy?.text).toMatch(remedy);
  });

  it('a wrong setting is told as it is', () => {
    const problem = { name: 'TEMPORAL_TLS', found: '"yes"', allowed: 'true, false, 1, 0' };
    expect(judgeUnreachable(new SettingError([problem])).found).toBe(
      'TEMPORAL_TLS: found "yes"; allowed: true, false, 1, 0',
    );
  });
});

describe('the server and its namespace', () => {
  it.each([
    ['1.32.0', true, /^ok: The server has version 1\.32\.0/],
    ['1.29.0-157.4', true, /^ok/],
    ['2.0.0', undefined, /^ok/],
    ['', true, /^ok: The server does not tell/],
    ['1.28.2', true, /^warning: .*keeps no limits.*1\.29 or newer/],
    ['1.24.0', false, /^failure: .*takes no updates/],
    ['1.32.0', false, /^ok/],
  ])('version %j, updates %j', (version, takesUpdates, words) => {
    expect(inWords(judgeVersion(version, takesUpdates))).toMatch(words);
  });

  it.each([
    ['NAMESPACE_STATE_REGISTERED', /^ok/],
    [1, /^ok/],
    ['NAMESPACE_STATE_DEPRECATED', /^failure: .*deprecated/],
    ['NAMESPACE_STATE_DELETED', /^failure/],
  ])('state %s', (state, words) => {
    const described = { namespaceInfo: { state } } as unknown as Parameters<typeof judgeNamespace>[1];
    expect(inWords(judgeNamespace('n', described))).toMatch(words);
  });

  it.each([
    [0, /^couldNotAsk: .*does not tell.*names none/],
    [HOUR, /^failure: .*60 minutes/],
    [HOUR + 1, /^warning: .*1 hours/],
    [24 * HOUR - 1, /^warning/],
    [24 * HOUR, /^ok: .*a day/],
    [7 * 24 * HOUR, /^ok: .*7 days/],
  ])('a retention of %d seconds', (seconds, words) => {
    expect(inWords(judgeRetention('n', seconds))).toMatch(words);
  });

  const ofServer = (code: number, details: string) =>
    Object.assign(new Error(details), { name: 'ServiceError', code, details, metadata: {} });

  it('a service that lets nobody ask is not taken for one without the namespace', () => {
    expect(inWords(judgeNoNamespace('n', ofServer(5, 'Namespace n is not found.')))).toMatch(
      /^failure: .*no namespace "n"/,
    );
    const refused = () => judgeNoNamespace('n', ofServer(7, 'Request unauthorized.'));
    expect(refused).toThrow(CouldNotAskError);
    expect(refused).toThrow(/refuses this client/);
  });

  it('search attributes of another type, or that the server refuses to search for, are a failure', () => {
    const wrong = new SearchAttributesError('not of type Keyword: VerificationState');
    expect(inWords(judgeUnusableSearchAttributes('n', wrong))).toMatch(/^failure: not of type Keyword.*Remove those/);
    const refused = ofServer(3, 'invalid query: VerificationState is not a valid search attribute');
    expect(inWords(judgeUnusableSearchAttributes('n', refused))).toMatch(/^failure: Not registered: /);
    const away = ofServer(14, 'away');
    expect(() => judgeUnusableSearchAttributes('n', away)).toThrow(away);
  });

  it('search attributes that are missing are named', () => {
    expect(inWords(judgeSearchAttributes('n', []))).toMatch(/^ok/);
    expect(inWords(judgeSearchAttributes('n', ['A', 'B']))).toMatch(/^failure: Not registered: A, B\./);
  });
});

describe('workers', () => {
  const QUEUES = { workflows: 'q', calls: 'q-cognito' };
  const poller = (secondsAgo: number, identity = 'w', build = 'b') => ({
    identity,
    build,
    polledAtMs: NOW - secondsAgo * 1_000,
  });
  const verdicts = (workflows: ReturnType<typeof poller>[], calls: ReturnType<typeof poller>[]) =>
    judgeWorkers(QUEUES, { workflows, calls }, NOW).map(({ verdict, subject }) => `${verdict} ${subject}`);
  it.each([
    [[poller(1)], [poller(60)], ['ok q', 'ok q-cognito']],
    [[poller(-100)], [poller(1)], ['ok q', 'ok q-cognito']],
    [[], [], ['failure q, q-cognito']],
    [[poller(200)], [poller(300)], ['failure q, q-cognito']],
    [[poller(1)], [], ['ok q', 'failure q-cognito']],
    [[poller(1)], [poller(100)], ['ok q', 'failure q-cognito']],
    [[], [poller(1)], ['failure q', 'ok q-cognito']],
  ])('%j and %j', (workflows, calls, expected) => {
    expect(verdicts(workflows, calls)).toEqual(expected);
  });

  it('a half that is missing names the setting, and who polls the other', () => {
    const [, calls] = judgeWorkers(QUEUES, { workflows: [poller(1, '7@host')], calls: [] }, NOW);
    expect(calls?.found).toContain('7@host polls that of the verifications');
    expect(calls?.remedy?.text).toContain('VERIFICATION_WORKER_ONLY=calls');
  });

  it('one that was there lately is told', () => {
    const [gone] = judgeWorkers(QUEUES, { workflows: [poller(200)], calls: [] }, NOW);
    expect(gone?.found).toContain('the last one did 200 seconds ago');
  });

  it('two builds at once are a warning; of nobody nothing is known', () => {
    const build = (hash: string) => `@temporalio/worker@1.24.0+${hash.repeat(64)}`;
    expect(inWords(judgeBuilds('q', [poller(1, 'a', build('a')), poller(1, 'b', build('a'))], NOW))).toMatch(
      /^ok: .*aaaaaaaaaaaa\./,
    );
    expect(inWords(judgeBuilds('q', [poller(1, 'a', build('a')), poller(1, 'b', build('b'))], NOW))).toMatch(
      /^warning: .*2 builds/,
    );
    const version = (buildId: string, deploymentName = 'd') => ({ ...poller(1), version: { deploymentName, buildId } });
    expect(inWords(judgeBuilds('q', [version('A'), version('B')], NOW))).toMatch(/^ok: .*2 versions .*A of d; build B/);
    expect(inWords(judgeBuilds('q', [version('A'), version('A')], NOW))).toMatch(/^ok: All workers run build A of d\./);
    expect(inWords(judgeBuilds('q', [version('A'), poller(1)], NOW))).toMatch(/^warning: .*2 builds/);
    expect(inWords(judgeBuilds('q', [version('A'), version('A', 'e')], NOW))).toMatch(/^warning: .*2 builds/);
    expect(() => judgeBuilds('q', [poller(100)], NOW)).toThrow(CouldNotAskError);
  });

  it('versions: all well, who manages, what nobody serves, and a name that nobody has', () => {
    const workers = { workflows: ['w'], calls: ['w'] };
    const none = { workflows: [], calls: [] };
    const deployment = {
      deploymentName: 'd',
      current: 'A',
      versions: [{ buildId: 'A', status: 'current' as const, workers }],
      unversioned: none,
      isChanging: false,
      conflictToken: new Uint8Array(),
    };
    const open = { byBuild: new Map([['A', 2]]), unversioned: 0 };
    const inAll = (more: Partial<Parameters<typeof judgeDeployment>[0]>) =>
      judgeDeployment({ ...deployment, ...more }, open).map(inWords);
    const ramp = { buildId: undefined, percent: 5 };
    expect(inAll({})).toEqual(['ok: New verifications go to A. → ']);
    expect(inAll({ ramp, unversioned: workers, manager: 'controller' })).toEqual([
      'ok: New verifications go to A, and 5 % of them to unversioned workers. controller manages it. → ',
    ]);
    expect(inAll({ versions: [{ buildId: 'A', status: 'current', workers: none }] })).toEqual([
      expect.stringMatching(/^failure: New verifications go to A, and no worker of it polls/),
      expect.stringMatching(/^failure: 2 open verifications are pinned to A/),
    ]);
    expect(inWords(judgeNoDeployment('d'))).toMatch(/^warning: No worker of this deployment has polled yet/);
  });

  it.each([
    [0, /^ok/],
    [1, /^failure: One open verification fails/],
    [7, /^failure: 7 open verifications fail/],
  ])('%d verifications that stand still', (count, words) => {
    expect(inWords(judgeStuck('n', count))).toMatch(words);
  });

  it.each([
    [[poller(-1)], /^ok: It is not behind the server's, and at most 0 seconds ahead/],
    [[poller(100), poller(30)], /^ok: .*at most 30 seconds/],
    [[poller(-11)], /^warning: .*11 seconds behind/],
    [[poller(-121)], /^failure: .*121 seconds behind/],
  ])('the clock by the polls %j', (pollers, words) => {
    expect(inWords(judgeClock(pollers, NOW))).toMatch(words);
  });

  it.each([[[]], [[poller(76)]]])('the polls %j tell no time', (pollers) => {
    expect(() => judgeClock(pollers, NOW)).toThrow(CouldNotAskError);
  });

  it.each([
    [0, /^ok/],
    [-9_000, /^ok: It is 9 seconds behind/],
    [11_000, /^warning: .*11 seconds ahead/],
    [-301_000, /^failure: .*301 seconds behind/],
  ])('%d ms ahead of AWS', (aheadMs, words) => {
    expect(inWords(judgeAwsClock(aheadMs))).toMatch(words);
  });
});

describe('the queue of calls', () => {
  const rate = (perSecond?: number) => ({ perSecond });
  const judge = (queue?: number, pool?: number, allowance = 20, pools = 1) =>
    inWords(judgeQueueLimits('q', { queueRate: rate(queue), poolRate: rate(pool) }, { allowance, pools }));
  it.each([
    // The rows of docs/limits.md.
    [12, undefined, 20, 1, /^ok: At most 24 attempts and 36 sends/],
    [18, undefined, 6, 1, /^ok: At most 24 attempts and 30 sends/],
    [24, undefined, 0, 1, /^ok: At most 24 attempts and 24 sends/],
    [undefined, undefined, 20, 1, /^warning: The queue has no rate/],
    [20, undefined, 20, 1, /^warning: At most 40 attempts and 60 sends/],
    [undefined, 4, 20, 3, /^ok: At most 16 attempts/],
    [undefined, 4, 20, 6, /^warning: At most 28 attempts/],
    [12, 4, 20, 6, /^ok: At most 16 attempts/],
    [0, undefined, 20, 1, /^failure: The queue is paused: the rate is 0/],
    [12, 0, 20, 1, /^failure: .*rate of each pool is 0/],
  ])('rate %s, of each pool %s, allowance %d, %d pools', (queue, pool, allowance, pools, words) => {
    expect(judge(queue, pool, allowance, pools)).toMatch(words);
  });

  it('nobody says whether fairness is on, and it matters with one pool too', () => {
    const finding = judgeFairness('n');
    expect(inWords(finding)).toMatch(/^warning: .*matching\.enableFairness.*--without fairness/);
    expect(finding.means).toMatch(/waits behind all sends, with one user pool too/);
  });
});

describe('keys', () => {
  const ARN = 'arn:aws:kms:eu-west-1:123456789012:key/1';
  const OF_KEY = `--region eu-west-1 --key-id ${ARN}`;
  const ofKms = (name: string, what = 'make a data key') =>
    new KeyServiceError(`AWS KMS did not ${what} with ${ARN} (${name}).`, {
      cause: Object.assign(new Error('x'), { name }),
    });
  it.each([
    [undefined, 'ok', undefined],
    [new Error('it does not open'), 'failure', undefined],
    [ofKms('DisabledException'), 'failure', undefined],
    [ofKms('NotFoundException'), 'failure', undefined],
    [ofKms('AccessDeniedException'), 'couldNotAsk', 'kms:GenerateDataKey'],
    [ofKms('AccessDeniedException', 'unwrap a data key'), 'couldNotAsk', 'kms:Decrypt'],
    [ofKms('CredentialsProviderError'), 'couldNotAsk', undefined],
    [ofKms('TimeoutError'), 'couldNotAsk', undefined],
  ])('%s', (error, verdict, permission) => {
    expect(judgeKeys([{ id: ARN, error }])).toMatchObject([{ verdict, ...(permission && { permission }) }]);
  });

  it.each([
    ['DisabledException', `aws kms enable-key ${OF_KEY}`, /^Enable/],
    [
      'KMSInvalidStateException',
      `aws kms cancel-key-deletion ${OF_KEY} && aws kms enable-key ${OF_KEY}`,
      /to be deleted/,
    ],
    [
      'InvalidKeyUsageException',
      'aws kms create-key --region eu-west-1 --query KeyMetadata.Arn --output text',
      /symmetric/,
    ],
    ['NotFoundException', 'aws kms list-keys --region eu-west-1', /^Correct region, account and id/],
    ['KeyUnavailableException', `aws kms describe-key ${OF_KEY}`, /again/],
  ])('%s of a key of KMS has a remedy of its own', (name, command, text) => {
    const [finding] = judgeKeys([{ id: ARN, error: ofKms(name) }]);
    expect(finding).toMatchObject({ verdict: 'failure', remedy: { command, text: expect.stringMatching(text) } });
  });

  it('a local key that does not open is not one to enable in KMS', () => {
    const [finding] = judgeKeys([{ id: 'key-1', error: new Error('it does not open') }]);
    expect(finding?.remedy).toEqual({ text: expect.stringContaining('VERIFICATION_ENCRYPTION_KEYS_FILE') });
    expect(finding).not.toHaveProperty('source', expect.anything());
  });

  const written = (caller: boolean | undefined, worker: boolean): Written => ({
    workflowId: 'verify/…',
    startedAt: '2026-11-28T12:00:00.000Z',
    caller: caller === undefined ? undefined : { keyId: 'c', opens: caller },
    worker: { keyId: 'w', opens: worker },
  });
  it.each([
    [undefined, /^couldNotAsk: No worker has written/],
    [written(true, true), /^ok/],
    [written(undefined, true), /^ok/],
    [written(true, false), /^failure: .*the worker has sealed with a key "w"/],
    [written(false, true), /^failure: .*the caller has sealed with a key "c"/],
    [written(false, false), /^failure: .*worker and caller have sealed with a key "c", "w"/],
  ])('written: %j', (what, words) => {
    expect(inWords(judgeWorkerKeys(what))).toMatch(words);
  });
});

describe('the codec server', () => {
  const HERE = 'http://127.0.0.1:8888';
  const THERE = 'https://codec.example.com';
  const answer = (status: number, opened = false, code?: string) => ({ status, opened, code });
  it.each([
    [HERE, answer(200, true), undefined, /^ok: Opens what the key here seals\./],
    [HERE, answer(200), undefined, /^failure: .*another key ring/],
    [THERE, answer(200, true), undefined, /^failure: .*for everybody/],
    [THERE, answer(200, true), answer(200, true), /^failure: .*for everybody/],
    [THERE, answer(401, false, 'Unauthorized'), undefined, /^couldNotAsk: .*as it should.*TEMPORAL_CODEC_AUTH/],
    [THERE, answer(401), answer(200, true), /^ok: .*nothing without a token/],
    [THERE, answer(401), answer(200), /^failure: .*another key ring/],
    [THERE, answer(401), answer(403, false, 'Forbidden'), /^failure: .*HTTP 403 \(Forbidden\)/],
    [HERE, answer(403, false, 'HostNotAllowed'), undefined, /^failure: .*localhost or 127\.0\.0\.1/],
    [HERE, answer(404), undefined, /^failure: It answers HTTP 404, and not as a codec server does/],
    [HERE, answer(503, false, 'KeyService'), undefined, /^failure: It answers HTTP 503 \(KeyService\)/],
  ])('%s answers %j, and with a token %j', (endpoint, without, withToken, words) => {
    expect(inWords(judgeCodecServer(endpoint, { without, with: withToken }))).toMatch(words);
  });

  it.each([
    ['https://someone:hunter2@codec.example.com/v1', 'a user name or a password', 'https://codec.example.com/v1'],
    ['someone:hunter2@codec.example.com', 'no URL of http or https', 'TEMPORAL_CODEC_ENDPOINT'],
    ['https://someone:hunter2@', 'no URL of http or https', 'TEMPORAL_CODEC_ENDPOINT'],
    ['https://codec.example.com/{namespace}?key=hunter2', undefined, 'https://codec.example.com/{namespace}'],
    [HERE, undefined, HERE],
  ])('%s is asked or not, and shown without what is secret', (endpoint, reason, expected) => {
    const why = reasonNotToAsk(endpoint);
    if (reason === undefined) expect(why).toBeUndefined();
    else expect(why).toContain(reason);
    expect(shown(endpoint)).toBe(expected);
  });

  it('says why it does not answer, and sends nothing in plain text to another machine', () => {
    const refused = new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) });
    expect(judgeNoCodecServer(HERE, refused).found).toContain('ECONNREFUSED');
    expect(inWords(judgeUnsafe('http://codec.example.com'))).toMatch(/^failure: .*no payload was sent there/);
  });

  const asked = (...allowed: boolean[]) => allowed.map((is, at) => ({ origin: `https://ui-${at}`, allowed: is }));
  it.each([
    [asked(true, false), false, false, /^ok: .*https:\/\/ui-0/],
    [asked(true), true, false, /^failure: Pages of any origin/],
    [asked(false), false, false, /^failure: .*may not use it/],
    [asked(false), false, true, /^couldNotAsk: .*may not use it/],
    [[], false, true, /^couldNotAsk: The origin of the Web UI is not known/],
  ])('origins %j, foreign %j, guessed %j', (origins, foreign, isGuess, words) => {
    expect(inWords(judgeOrigins(HERE, { asked: origins, foreign, isGuess }))).toMatch(words);
  });
});

it('what is not known is worse than a warning, and a failure is the worst', () => {
  const of = (...verdicts: Finding['verdict'][]) =>
    worstOf(verdicts.map((verdict) => ({ verdict, check: 'c', subject: 's', found: 'f' })));
  expect([of(), of('ok', 'warning'), of('couldNotAsk', 'warning'), of('failure', 'couldNotAsk')]).toEqual([
    'ok',
    'warning',
    'couldNotAsk',
    'failure',
  ]);
});
