/** The last part of `npm run build`: bundles the program with what it loads, one file to read where there were hundreds to find. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { readDescriptors, selectDescriptors } from './descriptors.js';
import { licencesOf } from './licences.js';

const compiled = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const installed = (file: string) => fileURLToPath(import.meta.resolve(file));
const FOLDER = compiled('bundled');
const CODEC = '@cognito-verification/codec';

const ALL = readDescriptors(installed('@temporalio/proto/protos/json-module.js'));

/** Of the messages of Temporal what the SDK's client and worker name. Left out is the API of Temporal Cloud, above all. */
const OF_THE_PROGRAM = [
  'coresdk',
  'temporal.api.workflowservice.v1',
  'temporal.api.operatorservice.v1',
  'temporal.api.testservice.v1',
  'temporal.api.errordetails.v1',
  'temporal.api.history.v1',
  'temporal.api.sdk.v1',
  'grpc.health.v1',
  'google.rpc.Status',
];

/** The thread of the workflows speaks with the main thread only. */
const OF_THE_THREAD = ['coresdk.workflow_activation', 'coresdk.workflow_completion', 'temporal.api.sdk.v1'];

/** Where the SDK looks for a file beside its own, and where it is for the bundle. */
const BESIDE: Record<string, readonly [text: string, instead: string]> = {
  '@temporalio/core-bridge/common.js': [
    '__dirname',
    "require('node:path').dirname(require.resolve('@temporalio/core-bridge/package.json'))",
  ],
  '@temporalio/worker/lib/workflow/threaded-vm.js': [
    "require.resolve('./workflow-worker-thread')",
    "require('node:path').join(__dirname, '../program/workflow-thread.cjs')",
  ],
  'source-map/lib/read-wasm.js': [
    'path.join(__dirname, "mappings.wasm")',
    "require.resolve('source-map/lib/mappings.wasm')",
  ],
};

/** Webpack, which makes a workflow bundle. A worker has one. */
const WITHOUT_WEBPACK = `
exports.defaultWorkflowInterceptorModules = [];
exports.WorkflowCodeBundler = class { constructor() { throw new Error('This program has no webpack'); } };
`;

const moved: Plugin = {
  name: 'files found beside others',
  transform(code, id) {
    const file = id.slice(id.lastIndexOf('/node_modules/') + '/node_modules/'.length);
    if (file === '@temporalio/worker/lib/workflow/bundler.js') return { code: WITHOUT_WEBPACK, map: null };
    const [text, instead] = BESIDE[file] ?? [];
    if (text === undefined || instead === undefined) return undefined;
    if (code.split(text).length !== 2) throw new Error(`${file} does not hold once: ${text}`);
    return { code: code.replace(text, () => instead), map: null };
  },
};

function messages(names: readonly string[]): Plugin {
  return {
    name: 'messages of Temporal',
    load(id) {
      if (!id.endsWith('/@temporalio/proto/protos/json-module.js')) return undefined;
      const { nested } = selectDescriptors(ALL, names);
      // Reading JSON takes half the time that an object literal of this size takes.
      const json = JSON.stringify(JSON.stringify(nested));
      return `const { Root, roots } = require('protobufjs/light');
module.exports = roots.__temporal ??= new Root().addJSON(JSON.parse(${json}));`;
    },
  };
}

/** @returns the paths of the modules that it holds */
async function bundle(
  input: Record<string, string>,
  names: readonly string[],
  output: OutputOptions = {},
): Promise<string[]> {
  const made = await rolldown({ input, platform: 'node', plugins: [moved, messages(names)] });
  const written = await made.write({
    dir: FOLDER,
    format: 'cjs',
    // Node.js 20 has no `import()` in what it runs from a cache of V8 (`load.cts`).
    dynamicImportInCjs: false,
    sourcemap: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    ...output,
  });
  return written.output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
}

/** Those of the workflow bundle, which names them by their paths. */
function modulesOfWorkflows(): string[] {
  const code = readFileSync(compiled('workflow-bundle.js'), 'utf8');
  const paths = code.matchAll(/"\.\/(node_modules\/[^"]+)"/g);
  const found = [...paths].map(([, path = '']) => compiled(`../${path}`));
  if (found.length === 0) throw new Error('workflow-bundle.js names no module of node_modules');
  return found;
}

rmSync(FOLDER, { recursive: true, force: true });
const ofProgram = await bundle(
  {
    cli: compiled('cli/main.js'),
    lambda: compiled('worker/lambda.js'),
    // The SDK loads them by path.
    'payload-converter': fileURLToPath(new URL('payload-converter.js', import.meta.resolve(CODEC))),
    'failure-converter': fileURLToPath(new URL('failure-converter.js', import.meta.resolve(CODEC))),
  },
  OF_THE_PROGRAM,
);
const ofThread = await bundle(
  { 'workflow-thread': installed('@temporalio/worker/lib/workflow/workflow-worker-thread.js') },
  OF_THE_THREAD,
);
const besides = [...modulesOfWorkflows(), installed('@temporalio/core-bridge')];
writeFileSync(join(FOLDER, 'THIRD-PARTY-LICENSES.md'), licencesOf([...ofProgram, ...ofThread, ...besides], 'name'));
execFileSync(process.execPath, [compiled('program/record.cjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
