/** Nothing that differs between machines reaches the workflow: lint refuses it, and no running code uses it. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { judge } from './gate.js';
import { POISON } from './poison.js';

const run = promisify(execFile);

/** Code that runs in the sandbox: the workflow, and what is bundled with it. */
const PLACES = ['workflows/probe.ts', 'contract/probe.ts', 'codec/provenance.ts'];

/** Each has another value on another machine, or in a replay. */
const SOURCES: Readonly<Record<string, string>> = {
  Intl: 'new Intl.NumberFormat().format(1)',
  'Temporal, of newer versions of Node.js': "Temporal.Now.plainDateISO('Europe/Zurich')",
  performance: 'performance.now()',
  WeakRef: 'new WeakRef(date)',
  FinalizationRegistry: 'new FinalizationRegistry(() => undefined)',
  SharedArrayBuffer: 'new SharedArrayBuffer(8)',
  globalThis: "Reflect.get(globalThis, 'Intl')",
  process: 'process.env.TZ',
  crypto: 'crypto.randomUUID()',
  fetch: "fetch('https://example.com')",
  toLocaleString: 'date.toLocaleString()',
  toLocaleDateString: 'date.toLocaleDateString()',
  toLocaleTimeString: 'date.toLocaleTimeString()',
  toLocaleUpperCase: 'text.toLocaleUpperCase()',
  toLocaleLowerCase: 'text.toLocaleLowerCase()',
  localeCompare: "text.localeCompare('b')",
  normalize: 'text.normalize()',
  Atomics: 'Atomics.load(date, 0)',
  Buffer: 'Buffer.alloc(1)',
  'the time zone': 'date.getTimezoneOffset()',
  'the year of the place': 'date.getFullYear()',
  'the year of the place, as it once was': 'date.getYear()',
  'the month of the place': 'date.getMonth()',
  'the day of the place': 'date.getDate()',
  'the weekday of the place': 'date.getDay()',
  'the hour of the place': 'date.getHours()',
  'the minute of the place': 'date.getMinutes()',
  'setting the year of the place': 'date.setFullYear(2026)',
  'setting the year of the place, as it once was': 'date.setYear(2026)',
  'setting the month of the place': 'date.setMonth(1)',
  'setting the day of the place': 'date.setDate(1)',
  'setting the hour of the place': 'date.setHours(9)',
  'setting the minute of the place': 'date.setMinutes(9)',
  'a date in words': 'date.toDateString()',
  'a time in words': 'date.toTimeString()',
};

describe('lint', () => {
  let folder: string;
  let found: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lint-'));
    await cp('.oxlintrc.json', join(folder, '.oxlintrc.json'));
    for (const place of PLACES) {
      await mkdir(join(folder, place, '..'), { recursive: true });
      const probes = Object.values(SOURCES).map((code, at) => `export const probe${at} = () => ${code};`);
      const allowed = 'export const now = () => Date.now() + date.getUTCHours();';
      const source = [`const date = new Date(0);`, `const text = 'a';`, ...probes, allowed].join('\n');
      await writeFile(join(folder, place), source);
    }
    found = await lint(folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(PLACES)('refuses each of them in %s, and nothing else', (place) => {
    const lines = Object.keys(SOURCES).map((_name, at) => at + 3);
    expect(linesFoundIn(found, place)).toEqual(lines);
  });

  it('has no rule that is untested here', async () => {
    const config = await readFile('.oxlintrc.json', 'utf8');
    const [, rules = ''] = config.split('"no-restricted-globals"');
    const [ruled = ''] = rules.split('"files"');
    const names = [...ruled.matchAll(/"(?:name|property)": "(\w+)"/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(25);
    const tried = Object.values(SOURCES).join('\n');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tried))).toEqual([]);
  });
});

/** The findings about forbidden code, a line each. */
async function lint(folder: string): Promise<string> {
  const config = join(folder, '.oxlintrc.json');
  const options = ['--no-install', 'oxlint', '-c', config, '--format', 'unix', folder];
  // Lint ends with 1, because it finds something.
  const { stdout } = await run('npx', options).catch((error: unknown) => error as { stdout: string });
  return stdout;
}

function linesFoundIn(found: string, place: string): number[] {
  const lines = found.split('\n').filter((line) => line.includes(place) && line.includes('no-restricted'));
  return [...new Set(lines.map((line) => Number(/:(\d+):\d+:/.exec(line)?.[1])))].sort((a, b) => a - b);
}

describe('the running workflow', { timeout: 300_000, retry: 0 }, () => {
  it('uses none of them in any history: the corpus replays with each of them throwing', async () => {
    const code = await readFile(WORKFLOW_BUNDLE_PATH, 'utf8');
    expect((await judge({ code: `${POISON}\n${code}` })).problems).toEqual([]);
  });

  it('would be caught if it did', async () => {
    const code = await readFile(WORKFLOW_BUNDLE_PATH, 'utf8');
    const text = 'new Date(atMs).toISOString()';
    expect(code.split(text)).toHaveLength(2);
    for (const local of [
      'new Date(atMs).toString()',
      'new Intl.DateTimeFormat().format(atMs)',
      'new Date(2026, 0, 1).toISOString()',
      "new Date(Date.parse('2026-01-01T00:00')).toISOString()",
    ]) {
      const { problems } = await judge({ code: `${POISON}\n${code.replace(text, local)}` });
      expect(problems.filter((problem) => problem.includes('does not replay')).length).toBeGreaterThan(50);
    }
  });
});

/** A check of the source text; isolation.test.ts shows that verifications share no module. */
describe('modules keep nothing', () => {
  /** Keyed by inputs, each of which belongs to one workflow. */
  const ALLOWED = ['codec/provenance.ts: const provenances = new WeakMap<object, Provenance>();'];

  it('no module in the sandbox has a top-level variable or a mutable collection', async () => {
    const files = [
      ...(await sourcesIn('workflows')),
      ...(await sourcesIn('contract')),
      'codec/payload-converter.ts',
      'codec/failure-converter.ts',
      'codec/provenance.ts',
    ];
    expect(files.length).toBeGreaterThan(25);
    const found: string[] = [];
    for (const file of files) {
      for (const line of (await readFile(file, 'utf8')).split('\n')) {
        if (/^(export )?(let|var) |^ +static (?!readonly )/.test(line) || isOpenCollection(line))
          found.push(`${file}: ${line}`);
      }
    }
    expect(found).toEqual(ALLOWED);
  });
});

function isOpenCollection(line: string): boolean {
  return /^(export )?const \w+(: (?!Readonly|readonly)[^=]+)? = (new (Map|Set|WeakMap|WeakSet|Array)\b|\[\]|\{\})/.test(
    line,
  );
}

async function sourcesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith('.ts')).map((file) => `${folder}/${file}`);
}
