/** Histories from files, in every form in which tools export them, without a server. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyRingOf, parseKeys } from '@cognito-verification/codec';
import { isRecord } from '@cognito-verification/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSave } from '../../../cli/replay/save.js';
import { readBundle } from '../../../replay/bundle.js';
import { historyFacts } from '../../../replay/history-facts.js';
import { listHistoryFiles } from '../../../replay/history-files.js';
import { type HistoryDocument, historyDocument, recordedHistory } from '../../../replay/recorded-history.js';
import { startRig } from '../../rig.js';
import { killRunning, runCli, runJson, someKeys, startCli } from '../run-cli.js';

const KMS_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

let folder: string;
let env: Record<string, string>;
/** A history that contains its workflow id, as newer servers write it. */
let recorded: HistoryDocument;
/** The same history from an older server. */
let plain: HistoryDocument;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-files-'));
  const rig = await startRig('timeSkipping');
  try {
    const { workflowId } = await rig.start(await rig.user());
    const handle = rig.env.client.workflow.getHandle(workflowId);
    const { runId } = await handle.describe();
    recorded = historyDocument({ workflowId, runId, history: await handle.fetchHistory() });
    plain = structuredClone(recorded);
    delete startOf(plain)['workflowId'];
    env = { VERIFICATION_ENCRYPTION_KEYS: rig.keys };
  } finally {
    await rig.close();
  }
});
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true });
});

function eventsOf({ history }: HistoryDocument): Record<string, unknown>[] {
  return isRecord(history) && Array.isArray(history['events']) ? history['events'].filter(isRecord) : [];
}

function startOf(document: HistoryDocument): Record<string, unknown> {
  const started = eventsOf(document)[0]?.['workflowExecutionStartedEventAttributes'];
  if (!isRecord(started)) throw new Error('no start');
  return started;
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const GOOD = { code: 0, document: { replayed: 1, failed: 0, source: { files: 1 } } };

describe('the workflow id of a history is found', () => {
  it('in the fields next to the history', async () => {
    expect(await runJson(['replay', await file('ours.json', plain)], { env })).toMatchObject(GOOD);
  });

  it('in its first event', async () => {
    const { workflowId: _, runId: __, ...foreign } = recorded;
    startOf(recorded)['workflowId'] = recorded.workflowId;
    expect(await runJson(['replay', await file('shown.json', foreign.history)], { env })).toMatchObject(GOOD);
  });

  it('in a manifest in its folder', async () => {
    await mkdir(join(folder, 'kept'));
    await file('kept/one.json', plain.history);
    const { workflowId, runId } = plain;
    await file('kept/manifest.json', { histories: [{ file: 'one.json', workflowId, runId }] });
    expect(await runJson(['replay', join(folder, 'kept')], { env })).toMatchObject(GOOD);
  });

  it('in --workflow-id; without it, the refusal says how to give it', async () => {
    const path = await file('bare.json', plain.history);
    expect(await runJson(['replay', path, '--workflow-id', plain.workflowId], { env })).toMatchObject(GOOD);
    expect(await runJson(['replay', path], { env })).toMatchObject({
      code: 1,
      document: {
        failures: [{ file: path, kind: 'unreadable', message: expect.stringContaining('--workflow-id') }],
      },
    });
  });

  it('and under another id nothing opens, which is not nondeterminism', async () => {
    const path = await file('moved.json', { ...plain, workflowId: 'verify/us-east-1_x/y/email' });
    expect(await runJson(['replay', path], { env })).toMatchObject({
      code: 1,
      document: { failures: [{ kind: 'sealed', hint: expect.stringContaining('another workflow id') }] },
    });
  });
});

describe('a file without a history is a failure, and the other files are still replayed', () => {
  it.each([
    ['cut.json', () => JSON.stringify(recorded).slice(0, 900), /no JSON/],
    ['other.json', () => ({ some: 'document' }), /no history/],
    ['gap.json', () => without(4), /not whole: event 4 is missing/],
    ['tail.json', () => without(1), /does not begin with the start/],
    ['typeless.json', () => changed((start) => delete start['workflowType']), /which workflow was started/],
    ['queueless.json', () => changed((start) => delete start['taskQueue']), /which task queue/],
    ['task-cut.json', taskCut, /the workflow task of event 3 has no end/],
    ['two-ids.json', () => ({ ...recorded, workflowId: 'verify/a/b/email' }), /two workflow ids/],
  ])('%s', async (name, content, message) => {
    const path = await file(name, content());
    const good = await file('good.json', recorded);
    expect(await runJson(['replay', path, good], { env })).toMatchObject({
      code: 1,
      document: {
        replayed: 2,
        failed: 1,
        failures: [{ file: path, kind: 'unreadable', message: expect.stringMatching(message) }],
      },
    });
  });

  it('a history that no worker has started yet is not replayed, and does not count as a success', async () => {
    const path = await file('waiting.json', { ...recorded, history: { events: eventsOf(recorded).slice(0, 1) } });
    expect(await runJson(['replay', path], { env })).toMatchObject({
      code: 1,
      document: { error: { code: 'NothingToReplay', message: expect.stringContaining('No worker') } },
    });
    expect(await runJson(['replay', path, '--allow-empty'], { env })).toMatchObject({
      code: 0,
      document: { replayed: 0, notBegun: 1 },
    });
    const good = await file('begun.json', recorded);
    expect(await runJson(['replay', path, good], { env })).toMatchObject({
      code: 0,
      document: { replayed: 1, notBegun: 1 },
    });
  });
});

describe('a folder', () => {
  it('fails if a history in its manifest is missing', async () => {
    await mkdir(join(folder, 'partial'));
    await file('partial/one.json', recorded);
    await file('partial/manifest.json', { histories: [{ file: 'one.json' }, { file: 'two.json' }] });
    expect(await runJson(['replay', join(folder, 'partial')], { env })).toMatchObject({
      code: 1,
      document: {
        replayed: 2,
        failed: 1,
        failures: [{ file: join(folder, 'partial', 'two.json'), message: expect.stringContaining('manifest.json') }],
      },
    });
  });

  it('is read once, including its links, however often it is named', async () => {
    const mount = join(folder, 'mount');
    await mkdir(join(mount, '..data'), { recursive: true });
    const path = await file('mount/..data/one.json', recorded);
    await symlink(join('..data', 'one.json'), join(mount, 'one.json'));
    await symlink(await file('elsewhere.json', recorded), join(mount, 'other.json'));
    expect(await listHistoryFiles([mount, path, mount])).toEqual([path, join(mount, 'other.json')]);
  });

  it('that cannot be read is not reported as missing', async () => {
    const loop = join(folder, 'loop.json');
    await symlink(loop, loop);
    await expect(listHistoryFiles([loop])).rejects.toThrow(`${loop} cannot be read (ELOOP).`);
  });
});

it('there are never more replay workers than histories', async () => {
  const verbose = { ...env, VERIFICATION_LOG_LEVEL: 'info' };
  const args = ['replay', await file('single.json', recorded), '--concurrency', '9'];
  const { code, stderr } = await runCli(args, { env: verbose });
  expect({ code, workers: stderr.match(/"state":"RUNNING"/g)?.length }).toEqual({ code: 0, workers: 1 });
});

it('Ctrl-C is answered in words while the native worker is still loading', async () => {
  const early = await file(
    'early.cjs',
    "const load = process.dlopen; process.dlopen = (...args) => { process.kill(process.pid, 'SIGINT'); return load.apply(process, args); };",
  );
  const args = ['replay', await file('unseen.json', recorded)];
  expect(await runCli(args, { env: { ...env, NODE_OPTIONS: `--require=${early}` } })).toEqual({
    code: 130,
    stdout: '',
    stderr: 'Interrupted: not every history was replayed, and none was saved.\n',
  });
});

describe('findings are reported, whatever happens in between', () => {
  const failing = async () => await file('lost.json', { some: 'document' });

  it('a report that cannot be written is exit code 2 before the work, and an old report is not mistaken for a new one', async () => {
    const args = ['replay', await failing(), '--junit'];
    expect(await runJson([...args, join(folder, 'none', 'x.xml')], { env })).toMatchObject({
      code: 2,
      document: { error: { code: 'Usage', message: expect.stringContaining('--junit') } },
    });
    const junit = await file('old.xml', '<testsuites/>');
    expect((await runJson(['replay', join(folder, 'nowhere'), '--junit', junit], { env })).code).toBe(2);
    expect(await readFile(junit, 'utf8')).toMatch(/tests="1" failures="0" errors="1"[^]*<error type="Usage"/);
  });

  it('a key service that does not answer is exit code 3, unless a failure was found before', async () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const wrapped = JSON.stringify(recorded).replaceAll(
      /"encryption-key-id":"[^"]*"/g,
      `"encryption-key-id":"${base64(KMS_KEY)}","encryption-wrapped-key":"${base64('wrapped')}"`,
    );
    const path = await file('kms.json', wrapped);
    const away = {
      VERIFICATION_ENCRYPTION_KMS_KEYS: KMS_KEY,
      AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    expect(await runJson(['replay', path], { env: away })).toMatchObject({
      code: 3,
      document: { error: { code: 'KeyService' } },
    });
    expect(await runJson(['replay', await failing(), path, '--concurrency', '1'], { env: away })).toMatchObject({
      code: 1,
      document: { failed: 1, incomplete: { code: 'KeyService' } },
    });
  });

  it('histories that cannot be saved', async () => {
    const saved = join(folder, 'gone');
    const { child, ended } = startCli(
      ['replay', await failing(), await file('lost-too.json', recorded), '--save', saved, '--json'],
      { env },
    );
    await expect.poll(() => existsSync(saved), { interval: 5 }).toBe(true);
    await rm(saved, { recursive: true });
    const { code, stdout } = await ended;
    expect({ code, document: JSON.parse(stdout) }).toMatchObject({
      code: 1,
      document: {
        replayed: 2,
        failed: 1,
        failures: [{ kind: 'unreadable' }],
        incomplete: { code: expect.any(String) },
      },
    });
    expect(child.killed).toBe(false);
  });
});

describe('--save', () => {
  it('keeps histories with equal file names apart, lists them, and mixes them with nothing', async () => {
    const moved = (workflowId: string) => {
      const { runId: _, ...one } = structuredClone({ ...plain, workflowId });
      delete startOf(one)['originalExecutionRunId'];
      return one;
    };
    const paths = await Promise.all([file('a.json', moved('verify/a/b')), file('b.json', moved('verify/a_b'))]);
    const saved = join(folder, 'kept-apart');
    await runJson(['replay', ...paths, '--save', saved], { env });
    expect((await readdir(saved)).toSorted()).toEqual([
      'manifest.json',
      'verify_a_b.run.2.json',
      'verify_a_b.run.json',
    ]);
    expect(await runJson(['replay', ...paths, '--save', saved], { env })).toMatchObject({
      code: 2,
      document: { error: { message: expect.stringContaining('is not empty') } },
    });
  });

  it('leaves nothing unchecked behind: each redacted history is checked before it is kept', async () => {
    const { bundle, workers } = { bundle: await readBundle('dist/workflow-bundle.js'), workers: 1 };
    const keys = keyRingOf(...parseKeys(env['VERIFICATION_ENCRYPTION_KEYS'] ?? '', 'keys'));
    const saved = join(folder, 'checked');
    const save = await openSave({ save: saved, redact: true }, keys);
    const history = recordedHistory(recorded);
    await save?.take({ recorded: history, facts: historyFacts(history.history), unopened: 0 });
    expect(await readdir(saved)).toEqual([expect.stringMatching(/\.json\.unfinished$/)]);
    const closing = save?.close({ bundle, workers });
    await save?.dispose();
    await expect(closing).rejects.toThrow();
    expect(await readdir(saved)).toEqual([]);
  });
});

describe('--seal-key-file', () => {
  const otherKey = () => `${env['VERIFICATION_ENCRYPTION_KEYS']?.split(':')[0]}:${someKeys().split(':')[1]}`;

  it.each([
    ['no key', () => 'secret', /^--seal-key-file: found key 1 of 1 without an id/],
    [
      'two keys',
      () => `a:${someKeys().split(':')[1]}\nb:${someKeys().split(':')[1]}`,
      /^--seal-key-file: found 2 keys/,
    ],
    [
      'another key under an id of the workers',
      otherKey,
      /^--seal-key-file: found the id of a key of the workers, ".*", with/,
    ],
  ])('with %s is refused before a folder is created', async (_, content, message) => {
    const saved = join(folder, 'not-sealed');
    const args = ['replay', await file('to-seal.json', recorded), '--save', saved, '--redact'];
    expect(await runJson([...args, '--seal-key-file', await file('seal-key', content())], { env })).toMatchObject({
      code: 2,
      document: { error: { code: 'Configuration', message: expect.stringMatching(message) } },
    });
    expect(existsSync(saved)).toBe(false);
  });
});

describe('wrong usage', () => {
  it.each([
    [['none.json'], /none\.json does not exist/],
    [['.', '--query', 'x'], /--query is for verifications of a namespace/],
    [['.', '--limit', '3'], /--limit is for verifications of a namespace/],
    [['--workflow-id', 'x'], /--workflow-id is for one file/],
    [['--query', 'x', '--since', '1h'], /--since belongs to the default query/],
    [['--limit', '0'], /from 1/],
    [['.', '--concurrency', '33'], /from 1 to 32/],
    [['--redact'], /--redact needs --save/],
    [['--save', 'x', '--seal-key-file', 'y'], /--seal-key-file needs --redact/],
    [['--save', 'package.json/x'], /--save: the folder/],
  ])('%j is exit code 2', async (args, message) => {
    expect(await runJson(['replay', ...args], { env })).toMatchObject({
      code: 2,
      document: { error: { message: expect.stringMatching(message) } },
    });
  });

  it('all wrong settings are reported at once, before a folder is created', async () => {
    const saved = join(folder, 'never');
    const wrong = { TEMPORAL_TLS: 'maybe', VERIFICATION_LOG_LEVEL: 'loud' };
    expect(await runJson(['replay', '--save', saved], { env: wrong })).toMatchObject({
      code: 2,
      document: {
        error: {
          problems: [{ name: 'TEMPORAL_TLS' }, { name: 'VERIFICATION_LOG_LEVEL' }, expect.anything()],
        },
      },
    });
    expect(existsSync(saved)).toBe(false);
  });

  it('a bundle of another SDK release is exit code 2', async () => {
    const { code } = await readBundle('dist/workflow-bundle.js');
    const otherBundle = code.replace(
      '"name":"@temporalio/workflow","version":"1.24.0"',
      '"name":"@temporalio/workflow","version":"1.23.0"',
    );
    const bundle = await file('older.js', otherBundle);
    expect(await runJson(['replay', await file('any.json', recorded), '--bundle', bundle], { env })).toMatchObject({
      code: 2,
      document: { error: { message: expect.stringContaining('built with SDK 1.23.0') } },
    });
  });

  it('missing keys are exit code 2, and in an empty folder there is nothing to show', async () => {
    expect(await runJson(['replay', 'package.json'])).toMatchObject({
      code: 2,
      document: { error: { code: 'Configuration', message: expect.stringContaining('VERIFICATION_ENCRYPTION_KEYS') } },
    });
    await mkdir(join(folder, 'empty'));
    expect(await runJson(['replay', join(folder, 'empty')], { env })).toMatchObject({
      code: 1,
      document: { error: { code: 'NothingToReplay' } },
    });
  });
});

function changed(change: (start: Record<string, unknown>) => void): HistoryDocument {
  const copy = structuredClone(recorded);
  change(startOf(copy));
  return copy;
}

/** A task that was started, without the event of its end. */
function taskCut(): HistoryDocument {
  const events = eventsOf(structuredClone(recorded));
  const [, ...after] = events.splice(3);
  const rest = after.map((event, index) => ({ ...event, eventId: String(index + 4) }));
  return { ...recorded, history: { events: [...events, ...rest] } };
}

function without(eventId: number): HistoryDocument {
  const events = eventsOf(recorded).filter((event) => event['eventId'] !== String(eventId));
  return { ...recorded, history: { events } };
}
