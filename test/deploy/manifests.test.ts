/**
 * The files of `deploy/` are valid by the schemas of those who read them, and set only what a worker or the codec server reads. No cluster,
 * no Docker and no AWS has run them here.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { WORKER_SETTINGS } from '../../worker/worker-settings.js';
import { readDockerfile } from './dockerfile.js';
import { getSchemas, type Schemas } from './schemas.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEPLOY = join(ROOT, 'deploy');
const MINUTES = 60_000;

let schemas: Schemas | undefined;
let copies: string;
beforeAll(async () => {
  copies = await mkdtemp(join(tmpdir(), 'deploy-'));
  schemas = await getSchemas();
}, 10 * MINUTES);
afterAll(async () => await rm(copies, { recursive: true, force: true }));

/** A mistake in a file: what is right, what is wrong, and what is to be said of it. */
const MISTAKES = [
  ['compose.yaml', 'read_only: true', 'readonly: true', /'readonly' was unexpected/],
  ['compose.yaml', 'replicas: 2', 'replicas: [2]', /worker/],
  ['ecs/task-definition.json', '"stopTimeout": 60', '"stopTimeout": "60"', /stopTimeout/],
  ['kubernetes/worker/worker.yaml', 'readinessProbe:', 'readynessProbe:', /readynessProbe/],
  ['kubernetes/worker/worker.yaml', 'port: health }', 'port: [8080] }', /livenessProbe/],
  ['kubernetes/worker/disruption-budget.yaml', 'policy/v1', 'policy/v1beta1', /Kubernetes knows no policy/],
  ['kubernetes/worker/scaled-object.yaml', 'minReplicaCount: 2', 'minReplicas: 2', /minReplicas/],
  ['kubernetes/worker-controller/connection.yaml', 'hostPort:', 'address:', /hostPort/],
  ['kubernetes/worker-controller/worker-deployment.yaml', 'rampPercentage: 5,', 'rampPercentage: 0,', /steps/],
  ['kubernetes/worker-controller/worker-deployment.yaml', 'runAsNonRoot:', 'runAsNotRoot:', /runAsNotRoot/],
] as const;

it('everything is valid by its schema, and a mistake would be found', { timeout: 2 * MINUTES }, async (context) => {
  const { python, ...files } = schemas ?? context.skip('no python3 or no go on this machine');
  const folders = await Promise.all(
    MISTAKES.map(async ([file, right, wrong]) => {
      const folder = await mkdtemp(join(copies, 'copy-'));
      await cp(DEPLOY, folder, { recursive: true });
      const text = await readFile(join(folder, file), 'utf8');
      expect(text).toContain(right);
      await writeFile(join(folder, file), text.replace(right, wrong));
      return folder;
    }),
  );
  const script = fileURLToPath(new URL('validate.py', import.meta.url));
  const { stdout } = await run(python, [script, JSON.stringify(files), DEPLOY, ...folders]);
  const [found, ...ofMistakes]: string[][] = JSON.parse(stdout);
  expect(found).toEqual([]);
  const told = MISTAKES.map(([file, , wrong, problem], index) => {
    const lines = ofMistakes[index] ?? [];
    const isTold = lines.some((line) => problem.test(line)) && lines.every((line) => line.startsWith(`${file}: `));
    return isTold ? 'told' : [`${file}, ${wrong}:`, ...lines];
  });
  expect(told).toEqual(MISTAKES.map(() => 'told'));
});

/** Everything under `deploy/` that sets something, by path. */
async function texts(): Promise<Map<string, string>> {
  const found = await readdir(DEPLOY, { recursive: true });
  const files = found.filter(
    (name) => /\.(yaml|json)$|Dockerfile$/.test(name) && !/^(grafana|prometheus)\//.test(name),
  );
  return new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(DEPLOY, name), 'utf8')] as const)),
  );
}

/** The folders whose programs run in the image, and what reads Temporal's own settings for them. */
const READERS = ['activities', 'cli', 'codec', 'codec-server', 'guard', 'log', 'temporal', 'tracing', 'worker'];
const ENVCONFIG = 'node_modules/@temporalio/envconfig/lib';

it('sets only what a worker or the codec server reads', async () => {
  const variable = /\b(?:TEMPORAL|VERIFICATION|COGNITO|AWS|OTEL)_[A-Z0-9_]+\b/g;
  const sources = await Promise.all(
    [...READERS, ENVCONFIG].map(async (folder) => {
      const files = (await readdir(join(ROOT, folder), { recursive: true })).filter(
        (name) => /\.(ts|js)$/.test(name) && !/(^|\/)(dist|node_modules)\//.test(name),
      );
      return await Promise.all(files.map(async (name) => await readFile(join(ROOT, folder, name), 'utf8')));
    }),
  );
  // In quotes, or as a property of an object: a name in a comment is read by nobody.
  const read = new Set(
    sources
      .flat()
      .flatMap((text) => [...text.matchAll(/(?:['"`]|env\.)([A-Z0-9]+_[A-Z0-9_]+)\b/g)].map(([, name]) => name)),
  );
  const set = [...(await texts())].flatMap(([file, text]) =>
    (text.match(variable) ?? []).map((name) => ({ file, name })),
  );
  expect(set.map(({ name }) => name)).toEqual(expect.arrayContaining(['TEMPORAL_ADDRESS', 'VERIFICATION_USER_POOLS']));
  expect(set.filter(({ name }) => !read.has(name))).toEqual([]);
});

it('gives each worker longer to end than it needs', async () => {
  const needed = msToNumber(WORKER_SETTINGS.shutdownGraceTime.default) / 1000 + 10;
  const found = [...(await texts())].flatMap(([file, text]) =>
    [...text.matchAll(/(?:terminationGracePeriodSeconds|stop_grace_period|"?stopTimeout"?): (\d+)/g)].map(
      ([, seconds]) => [file, Number(seconds)] as const,
    ),
  );
  const workers = found.filter(([file]) => !file.includes('codec-server'));
  expect(workers.map(([file]) => file).toSorted()).toEqual([
    'compose.yaml',
    'ecs/task-definition.json',
    'kubernetes/worker-controller/worker-deployment.yaml',
    'kubernetes/worker/worker.yaml',
  ]);
  expect(workers.filter(([, seconds]) => seconds < needed)).toEqual([]);
});

it('runs as the user of the image, everywhere', async () => {
  const { user } = await readDockerfile();
  const [id] = user.split(':');
  const all = [...(await texts()).values()].join('\n');
  const users = [...all.matchAll(/(?:runAsUser|runAsGroup|fsGroup|"user"): "?([\d:]+)/g)].map(([, found]) => found);
  expect(new Set(users)).toEqual(new Set([id, user]));
});

it.each(['kubernetes', 'kubernetes/worker'])('%s names every file beside it', async (folder) => {
  const { resources } = parse(await readFile(join(DEPLOY, folder, 'kustomization.yaml'), 'utf8'));
  const beside = (await readdir(join(DEPLOY, folder))).filter(
    (name) => name.endsWith('.yaml') && !/kustomization|name-references/.test(name),
  );
  expect(resources.toSorted()).toEqual(beside.toSorted());
});
