/** Histories from files, in every form in which people have them. No server is there to ask. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HistoryDocument, historyDocument, isRecord } from '../../worker/recorded-history.js';
import { startRig } from '../harness.js';
import { killRunning, runJson } from './run-cli.js';

let folder: string;
let env: Record<string, string>;
/** One whose history says its workflow id, as newer servers write it. */
let recorded: HistoryDocument;
/** The same from an older server. */
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

describe('a history is found to be whose it is', () => {
  it('by what stands beside it', async () => {
    expect(await runJson(['replay', await file('ours.json', plain)], { env })).toMatchObject(GOOD);
  });

  it('by its own first event', async () => {
    const { workflowId: _, runId: __, ...foreign } = recorded;
    startOf(recorded)['workflowId'] = recorded.workflowId;
    expect(await runJson(['replay', await file('shown.json', foreign.history)], { env })).toMatchObject(GOOD);
  });

  it('by a manifest in its folder', async () => {
    await mkdir(join(folder, 'kept'));
    await file('kept/one.json', plain.history);
    const { workflowId, runId } = plain;
    await file('kept/manifest.json', { histories: [{ file: 'one.json', workflowId, runId }] });
    expect(await runJson(['replay', join(folder, 'kept')], { env })).toMatchObject(GOOD);
  });

  it('by --workflow-id; without, it is refused with how to say it', async () => {
    const path = await file('bare.json', plain.history);
    expect(await runJson(['replay', path, '--workflow-id', plain.workflowId], { env })).toMatchObject(GOOD);
    expect(await runJson(['replay', path], { env })).toMatchObject({
      code: 1,
      document: {
        failures: [{ file: path, kind: 'unreadable', message: expect.stringContaining('--workflow-id') }],
      },
    });
  });

  it('and under another id nothing in it opens, which is no nondeterminism', async () => {
    const path = await file('moved.json', { ...plain, workflowId: 'verify/us-east-1_x/y/email' });
    expect(await runJson(['replay', path], { env })).toMatchObject({
      code: 1,
      document: { failures: [{ kind: 'sealed', hint: expect.stringContaining('another workflow id') }] },
    });
  });
});

describe('a file that holds none is a failure, and keeps no other from being replayed', () => {
  it.each([
    ['cut.json', () => JSON.stringify(recorded).slice(0, 900), /no JSON/],
    ['other.json', () => ({ some: 'document' }), /no history/],
    ['gap.json', () => without(4), /not whole: event 4 is missing/],
    ['tail.json', () => without(1), /does not begin with the start/],
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

  it('and one that no worker has taken yet is none', async () => {
    const waiting = { ...recorded, history: { events: eventsOf(recorded).slice(0, 1) } };
    expect(await runJson(['replay', await file('waiting.json', waiting)], { env })).toMatchObject({
      code: 0,
      document: { replayed: 1, notBegun: 1 },
    });
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
    [['--redact'], /--redact needs --save/],
    [['--save', 'x', '--seal-key-file', 'y'], /--seal-key-file needs --redact/],
    [['--save', 'package.json/x'], /--save: the folder/],
  ])('%j is exit code 2', async (args, message) => {
    expect(await runJson(['replay', ...args], { env })).toMatchObject({
      code: 2,
      document: { error: { message: expect.stringMatching(message) } },
    });
  });

  it('without keys is exit code 2, and in an empty folder there is nothing to show', async () => {
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

function without(eventId: number): HistoryDocument {
  const events = eventsOf(recorded).filter((event) => event['eventId'] !== String(eventId));
  return { ...recorded, history: { events } };
}
