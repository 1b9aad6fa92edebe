/**
 * Records the histories of the corpus from real runs: every scenario without a history, or those named with `--only`. It never
 * overwrites a history: the contents of open verifications cannot be changed either.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { historyToJSON } from '../../temporal/proto-json.js';
import { CORPUS_FOLDER, MANIFEST, type Manifest, type ManifestEntry, readManifest, sha256 } from './corpus.js';
import { edgesOf } from './edges-of.js';
import { readHistory } from './reading.js';
import { CorpusRig, PUBLIC_TEST_KEYS, publicTestKeyRing } from './rig.js';
import type { Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/all.js';
import { tracesOfMachine } from './traces-of-machine.js';

/** Slow scenarios mostly wait, so they all run at once; this limits the others. */
const AT_ONCE = 6;

const ABOUT =
  'Histories of verifications, recorded from real runs on the real development server against the Cognito sandbox: see docs/replay.md. They are sealed with the keys below, which are public: no token or code in here has ever been of use to anybody.';

const run = promisify(execFile);

async function main(): Promise<void> {
  const folder = optionOf('--to') ?? CORPUS_FOLDER;
  const manifest = await readManifest(folder).catch(
    (): Manifest => ({ about: ABOUT, keys: PUBLIC_TEST_KEYS, histories: [] }),
  );
  // Every recorded history must still open.
  const missingKeys = manifest.keys.split(',').filter((key) => !PUBLIC_TEST_KEYS.split(',').includes(key));
  if (missingKeys.length > 0) throw new Error(`PUBLIC_TEST_KEYS lacks keys of the manifest: ${missingKeys.join(', ')}`);
  Object.assign(manifest, { about: ABOUT, keys: PUBLIC_TEST_KEYS });
  const scenarios = chosen(manifest);
  if (scenarios.length === 0) {
    console.log('Every scenario has its history; none is recorded over.');
    return;
  }
  const revisions = await versions();
  const rig = await CorpusRig.begin();
  const failed: string[] = [];
  const provenance = { ...revisions, server: await serverOf(rig) };
  const record = async (scenario: Scenario) => {
    try {
      const entry = await recordOne(rig, scenario, folder, provenance);
      manifest.histories.push(entry);
      // After each recording: a file without a manifest entry could not be recorded again after an early end.
      writeManifest(folder, manifest);
      console.log(`recorded ${entry.file}: ${entry.events} events, ${entry.edges.length} edges`);
    } catch (error) {
      failed.push(scenario.name);
      console.error(`could not record ${scenario.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const quick = scenarios.filter(({ slow }) => !slow);
  const takeQuick = async () => {
    for (let scenario = quick.shift(); scenario; scenario = quick.shift()) await record(scenario);
  };
  try {
    await Promise.all([
      ...scenarios.filter(({ slow }) => slow).map(record),
      ...Array.from({ length: AT_ONCE }, takeQuick),
    ]);
  } finally {
    await rig.close();
  }
  if (failed.length > 0)
    throw new Error(`${failed.length} of ${scenarios.length} scenarios have no history: ${failed.join(', ')}`);
}

function chosen(manifest: Manifest): Scenario[] {
  const recorded = new Set(manifest.histories.map(({ file }) => file));
  const only = optionOf('--only')?.split(',');
  const unknown = only?.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no scenario named ${unknown.join(', ')}.`);
  const again = only?.filter((name) => recorded.has(`${name}.json`)) ?? [];
  if (again.length > 0) {
    throw new Error(
      `${again.join(', ')}: recorded already, and never recorded over. Give the scenario another name, such as ${again[0]}-2.`,
    );
  }
  return SCENARIOS.filter(({ name }) => (only ? only.includes(name) : !recorded.has(`${name}.json`)));
}

async function recordOne(
  rig: CorpusRig,
  scenario: Scenario,
  folder: string,
  provenance: Pick<ManifestEntry, 'revision' | 'sdk' | 'server'>,
): Promise<ManifestEntry> {
  const workflowId = await scenario.play(rig);
  const history = await rig.base.env.client.workflow.getHandle(workflowId).fetchHistory();
  const reading = await readHistory(history, publicTestKeyRing());
  const edges = edgesOf(reading);
  const lacking = scenario.edges.filter((edge) => !edges.includes(edge));
  if (lacking.length > 0) throw new Error(`it does not show ${lacking.join(', ')}; it shows ${edges.join(', ')}`);
  const traces = await tracesOfMachine(history, publicTestKeyRing());
  if (traces.length > 0) throw new Error(`it holds what is of this machine: ${traces.join(', ')}`);
  const file = `${scenario.name}.json`;
  const text = asText(workflowId, historyToJSON(history));
  await writeFile(join(folder, file), text, { flag: 'wx' });
  const recordedAt = new Date().toISOString();
  const events = history.events?.length ?? 0;
  return { file, workflowId, sha256: sha256(text), events, recordedAt, ...provenance, edges: edges.sort() };
}

/** One event on each line, so that people can read it. */
function asText(workflowId: string, json: string): string {
  const { events } = JSON.parse(json) as { events: unknown[] };
  const lines = events.map((event) => JSON.stringify(event)).join(',\n');
  return `{"workflowId":${JSON.stringify(workflowId)},"history":{"events":[\n${lines}\n]}}\n`;
}

/** Synchronous, because several recordings run at a time. */
function writeManifest(folder: string, manifest: Manifest): void {
  manifest.histories.sort((one, other) => one.file.localeCompare(other.file, 'en'));
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

async function versions(): Promise<Pick<ManifestEntry, 'revision' | 'sdk'>> {
  const code = ['--', 'workflows', 'activities', 'codec', 'contract'];
  const { stdout: revision } = await run('git', ['log', '-1', '--format=%H', ...code]);
  const { stdout: changed } = await run('git', ['status', '--porcelain', ...code]);
  const worker = await readFile(new URL(import.meta.resolve('@temporalio/worker/package.json')), 'utf8');
  const { version } = JSON.parse(worker) as { version: string };
  return { revision: `${revision.trim()}${changed ? ', and changes' : ''}`, sdk: `@temporalio/worker ${version}` };
}

async function serverOf(rig: CorpusRig): Promise<string> {
  const { serverVersion } = await rig.base.env.client.workflowService.getSystemInfo({});
  return `Temporal development server ${serverVersion}`;
}

function optionOf(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

await main();
