/**
 * `npm run image-tree -- FOLDER`, after `npm run build`: puts into the empty folder what the command needs to run, and nothing else. The
 * `deploy/Dockerfile` copies it into the image, and a test runs it in a root file system. It is for the platform and the release of
 * Node.js that made it: a native part for one platform, and what V8 has kept of compiling.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const ofTheSdk = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker'));
const { getPrebuiltPath }: { getPrebuiltPath: () => string } = ofTheSdk('@temporalio/core-bridge/common');

/** What the bundle does not hold: the SDK's native part, and what `bundle.ts` makes others look for beside a package. */
const BESIDE_THE_BUNDLE = [
  getPrebuiltPath(),
  ...[
    '@temporalio/core-bridge/package.json',
    '@temporalio/worker/package.json',
    'source-map/package.json',
    'source-map/lib/mappings.wasm',
  ].map((file) => join(MODULES, file)),
];

/** The fields of `package.json` that mean something to a program that is installed. */
const OF_THE_PROGRAM = ['name', 'version', 'description', 'license', 'type', 'engines', 'bin', 'imports'];

/** Without source maps: Node.js reads them only where it is told to, and they are half of the bundle. */
function makeTree(folder: string): void {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  const program = ['load', 'main', 'workflow-thread'].map((name) => join(ROOT, `dist/program/${name}.cjs`));
  const bundled = readdirSync(join(ROOT, 'dist/bundled'))
    .filter((name) => /\.cjs(\.cache)?$|\.md$/.test(name))
    .map((name) => join(ROOT, 'dist/bundled', name));
  const ours = [join(ROOT, 'LICENSE'), join(ROOT, 'dist/workflow-bundle.js'), ...program, ...bundled];
  for (const file of [...ours, ...BESIDE_THE_BUNDLE]) cpSync(file, join(folder, relative(ROOT, file)));
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const kept = Object.fromEntries(OF_THE_PROGRAM.map((field) => [field, manifest[field]]));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(kept, null, 2)}\n`);
}

const [folder] = process.argv.slice(2);
try {
  if (folder === undefined) throw new Error('Name the folder: npm run image-tree -- FOLDER');
  makeTree(resolve(folder));
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
