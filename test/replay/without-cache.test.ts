/**
 * Forced replay: with nothing kept in memory each workflow task replays the history so far, and the verification must behave
 * the same. The histories of the corpus were recorded with a cache; these tests play the scenarios again without one. (The
 * lifecycle tests run without a cache too: see vitest.config.ts.)
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORPUS_FOLDER, readCorpus } from './corpus.js';
import { type Reading, readHistory, type Step } from './reading.js';
import { CorpusRig, publicTestKeyRing } from './rig.js';
import { SCENARIOS } from './scenarios/all.js';

/** The actions of the lifecycle, in order: outside events may come a moment earlier or later. */
function commandsOf({ steps }: Reading): string[] {
  return steps.map(inWords).filter((words) => words !== undefined);
}

function inWords(step: Step): string | undefined {
  switch (step.kind) {
    case 'call':
      return `calls ${step.activity}: ${String(step.summary)}`;
    case 'timer':
      return `sets a timer: ${String(step.summary)}`;
    case 'state':
      return `is ${step.state}`;
    case 'updateAnswer':
      return `answers ${step.name}: ${step.failure?.type ?? stateIn(step.value)}`;
    case 'end':
      return `ends: ${step.how} ${step.failure?.type ?? ''}`;
    default:
      return undefined;
  }
}

function stateIn(value: unknown): string {
  const { result, state, status } = value as { result?: string; state?: string; status?: { state: string } };
  return `${result ?? ''} ${state ?? status?.state}`;
}

describe('played with a cache of 0, a scenario has the same commands as in its recorded history', () => {
  let rig: CorpusRig;
  const recorded = new Map<string, Reading>();

  beforeAll(async () => {
    rig = await CorpusRig.begin({ maxCachedWorkflows: 0 });
    for (const { name, history } of (await readCorpus(CORPUS_FOLDER)).histories) {
      recorded.set(name, await readHistory(history, publicTestKeyRing()));
    }
  });

  afterAll(() => rig?.close());

  const scenarios = SCENARIOS.filter(({ slow, raced }) => !slow && !raced);

  it.concurrent.each(scenarios)('$name', async ({ name, play }) => {
    const history = await rig.base.env.client.workflow.getHandle(await play(rig)).fetchHistory();
    const forced = commandsOf(await readHistory(history, publicTestKeyRing()));
    const reading = recorded.get(name);
    expect(reading && commandsOf(reading)).toEqual(forced);
  });
});
