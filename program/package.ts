/**
 * `npm run package`: makes the two packages that a service installs, in `dist/packages/`. `@cognito-verification/client` holds the
 * client, the codec and the contract, `@cognito-verification/testing` the fake and the sandbox, so that an installation asks no
 * registry for another name of ours.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import { licencesOf } from './licences.js';
import { copyTypes } from './package-types.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The fields of a workspace's `package.json` that are read here; the package gets the others as they are. */
interface Manifest {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

/** What is to be packed. */
interface Contents {
  readonly workspace: 'client' | 'testing';
  /** The module of an entry point, as `folder/name`. @param name of the entry: of `./texts` it is `texts`, of `.` `index` */
  readonly moduleOf: (name: string) => string;
  /** Dependencies that go into the bundle because they have no CommonJS, which is all that Jest loads without a flag. */
  readonly held: readonly string[];
  /** Dependencies that only types need. */
  readonly types: Record<string, string>;
}

const PACKAGES: readonly Contents[] = [
  {
    workspace: 'client',
    moduleOf: (name) => `client/${name}`,
    held: [],
    // Without it `@temporalio/common` compiles with `skipLibCheck` only, and its durations are `any`.
    types: { '@types/ms': '^2.1.0' },
  },
  {
    workspace: 'testing',
    moduleOf: (name) => (name === 'index' ? 'testing/index' : `${name}/index`),
    held: ['jose'],
    types: {},
  },
];

/** From TypeScript, so that source maps lead to it. What `testing/bundle.mjs` has made is as it is. */
const sources: Plugin = {
  name: 'sources of ours',
  resolveId(id) {
    if (id === './bundled/lifecycle.js') return join(ROOT, 'testing/dist/bundled/lifecycle.js');
    if (id === '../workflow-runtime.js') return join(ROOT, 'testing/workflow-runtime.ts');
    const [, folder, file = 'index'] = /^@cognito-verification\/(\w+)(?:\/(.+))?$/.exec(id) ?? [];
    return folder === undefined ? undefined : join(ROOT, folder, `${file}.ts`);
  },
};

async function make({ workspace, moduleOf, held, types }: Contents): Promise<void> {
  const folder = join(ROOT, 'dist/packages', workspace);
  const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8'));
  const names = Object.keys(manifest.exports).map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2)));
  // Ours are in the bundle.
  const dependencies = Object.entries(manifest.dependencies)
    .filter(([name]) => !name.startsWith('@cognito-verification/') && !held.includes(name))
    .map(([name, version]) => [name, `^${version}`] as const);
  const installed = [...dependencies.map(([name]) => name), ...Object.keys(manifest.peerDependencies)];
  const isInstalled = (id: string) => installed.some((name) => id === name || id.startsWith(`${name}/`));

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const inputs = Object.fromEntries(names.map((name) => [name, join(ROOT, `${moduleOf(name)}.ts`)]));
  const chunks = await bundle(inputs, folder, isInstalled);
  for (const { isEntry, name, exports } of chunks) if (isEntry) writeModule(folder, name, moduleOf(name), exports);
  copyTypes(ROOT, names.map(moduleOf), join(folder, 'types'), isInstalled);
  const whole = manifestOf(manifest, names, { ...Object.fromEntries(dependencies), ...types });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(whole, null, 2)}\n`);
  for (const file of ['LICENSE', 'CHANGELOG.md', `${workspace}/README.md`]) {
    cpSync(join(ROOT, file), join(folder, file.slice(file.lastIndexOf('/') + 1)));
  }
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.md'), licencesOf(chunks.flatMap(({ moduleIds }) => moduleIds)));
}

async function bundle(
  input: Record<string, string>,
  folder: string,
  isInstalled: (id: string) => boolean,
): Promise<OutputChunk[]> {
  const made = await rolldown({
    input,
    platform: 'node',
    plugins: [sources],
    external: (id) => id.startsWith('node:') || builtinModules.includes(id) || isInstalled(id),
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  });
  const { output } = await made.write({
    dir: folder,
    format: 'cjs',
    exports: 'named',
    sourcemap: true,
    comments: { jsdoc: false },
    // Of a package, a path on the machine that built it says nothing.
    sourcemapPathTransform: (source, map) => `../${relative(ROOT, join(dirname(map), source))}`,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  return output.filter((file) => file.type === 'chunk');
}

/**
 * For `import`: a name for everything that the CommonJS file has, so that a process has each class once, also if one part of it
 * imports the package and another requires it.
 */
function writeModule(folder: string, name: string, module: string, names: readonly string[]): void {
  const list = names.map((one) => `  ${one},\n`).join('');
  writeFileSync(join(folder, `${name}.mjs`), `export {\n${list}} from './${name}.js';\n`);
  writeFileSync(join(folder, `${name}.d.ts`), `export * from './types/${module}.js';\n`);
  writeFileSync(join(folder, `${name}.d.mts`), `export * from './${name}.js';\n`);
}

/** Fields of a workspace's manifest that mean nothing to a service. */
const OF_THE_WORKSPACE = ['private', 'scripts', 'devDependencies'];

function manifestOf(manifest: Manifest, names: readonly string[], dependencies: Record<string, string>): object {
  const exports = Object.fromEntries(
    names.map((name) => [
      name === 'index' ? '.' : `./${name}`,
      {
        import: { types: `./${name}.d.mts`, default: `./${name}.mjs` },
        require: { types: `./${name}.d.ts`, default: `./${name}.js` },
      },
    ]),
  );
  return {
    ...Object.fromEntries(Object.entries(manifest).filter(([field]) => !OF_THE_WORKSPACE.includes(field))),
    type: 'commonjs',
    main: './index.js',
    types: './index.d.ts',
    sideEffects: false,
    exports: { ...exports, './package.json': './package.json' },
    dependencies,
  };
}

for (const contents of PACKAGES) await make(contents);
