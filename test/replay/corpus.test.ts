/** The gate: every recorded history is unchanged and replays on the current code, and together they cover every edge. */
import { readFile } from 'node:fs/promises';
import { CALL_FAILURE_TYPES } from '@cognito-verification/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { LISTED_EXCEPTIONS } from '../../activities/failures.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { ATTEMPT_ANSWERS, type CognitoAnswer, SEND_ANSWERS, UNRESOLVED } from './answers.js';
import { CORPUS_FOLDER, readCorpus, readManifest } from './corpus.js';
import { ALL_EDGES } from './edges.js';
import { judge, table, type Verdict } from './gate.js';
import { PUBLIC_TEST_KEYS, publicTestKeyRing } from './rig.js';
import { SCENARIOS } from './scenarios/all.js';
import { tracesOfMachine } from './traces-of-machine.js';

let verdict: Verdict;

beforeAll(async () => {
  verdict = await judge({ code: await readFile(WORKFLOW_BUNDLE_PATH, 'utf8') });
  console.log(table(verdict));
});

it('all histories replay, none was changed, and every edge is covered', { retry: 0 }, () => {
  expect(verdict.problems).toEqual([]);
  expect([...verdict.covered.keys()].sort()).toEqual([...ALL_EDGES].sort());
});

it('the replay has reached every history', { retry: 0 }, async () => {
  const { histories } = await readManifest(CORPUS_FOLDER);
  expect(verdict.replayed).toBe(histories.length);
  expect(histories.length).toBeGreaterThanOrEqual(SCENARIOS.length);
});

it('every scenario has its history, and every edge is listed once', async () => {
  const { histories } = await readManifest(CORPUS_FOLDER);
  const files = histories.map(({ file }) => file);
  for (const { name } of SCENARIOS) expect(files).toContain(`${name}.json`);
  expect(new Set(ALL_EDGES).size).toBe(ALL_EDGES.length);
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
});

describe('the list of edges follows the documents', () => {
  const rowsOf = (document: string, heading: string): string[] => {
    const [, section = ''] = document.split(`\n## ${heading}\n`);
    const [, table_ = ''] = /\n\| answer[^\n]*\n\| -[^\n]*\n([\s\S]*?)\n\n/.exec(section) ?? [];
    return table_.split('\n').map((line) => line.split('|')[1]?.trim() ?? '');
  };

  it.each<[string, readonly CognitoAnswer[]]>([
    ['Answers to a send', SEND_ANSWERS],
    ['Answers to an attempt', ATTEMPT_ANSWERS],
  ])('each row of "%s" in docs/failures.md has a history, and each history has a row', async (heading, answers) => {
    const rows = rowsOf(await readFile('docs/failures.md', 'utf8'), heading);
    expect(rows.length).toBeGreaterThan(20);
    expect([...new Set(answers.map(({ row }) => row))].sort()).toEqual(rows.sort());
  });

  it('each exception in the table of the activities has a history', () => {
    const rows = [...SEND_ANSWERS, ...ATTEMPT_ANSWERS].map(({ row }) => row).join();
    for (const exception of LISTED_EXCEPTIONS) expect(rows).toContain(exception);
  });

  it('each reason why a reference yields no token has a history', async () => {
    const document = await readFile('docs/failures.md', 'utf8');
    const [, section = ''] = document.split('\n## When a reference leads to no token\n');
    const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, reason = '']) => reason);
    // No reference is asked for then, so it is an unreachable Cognito to the verification, which has histories of its own.
    expect(rows.filter((row) => row !== CALL_FAILURE_TYPES.userPoolNotServed).sort()).toEqual([...UNRESOLVED].sort());
  });
});

describe('a committed history', () => {
  it('is sealed, and names its public key', async () => {
    expect(await readManifest(CORPUS_FOLDER)).toMatchObject({
      keys: PUBLIC_TEST_KEYS,
      about: expect.stringContaining('public'),
    });
  });

  it('reveals nothing about the machine that recorded it, in plain text or sealed', async () => {
    const { histories } = await readCorpus(CORPUS_FOLDER);
    for (const { name, history } of histories) {
      expect(await tracesOfMachine(history, publicTestKeyRing()), name).toEqual([]);
    }
  });
});
