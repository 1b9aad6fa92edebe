/**
 * `npm run package`: makes the package that a service installs, `@cognito-verification/client`, in `dist/package/`. It holds the
 * client, the codec and the contract, so that an installation asks no registry for another name of ours.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import { licencesOf } from './licences.js';
import { copyTypes } from './package-types.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'dist/package');

/** The fields of `client/package.json` that are read here; the package gets the others as they are. */
interface Manifest {
  name: string;
  private?: boolean;
  exports: Record<string, { default: string }>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}
const { private: _, ...manifest }: Manifest = JSON.parse(readFileSync(join(ROOT, 'client/package.json'), 'utf8'));

/** The names of the entry points by their subpaths: `./texts` has the name `texts`, `.` has `index`. */
const ENTRIES = new Map(
  Object.entries(manifest.exports).map(([subpath, { default: file }]) => [
    subpath,
    file.slice('./dist/'.length, -'.js'.length),
  ]),
);
/** Ours are in the bundle. */
const dependencies = Object.fromEntries(
  Object.entries(manifest.dependencies).flatMap(([name, version]) =>
    name.startsWith('@cognito-verification/') ? [] : [[name, `^${version}`] as const],
  ),
);
/** Without it `@temporalio/common` compiles with `skipLibCheck` only, and its durations are `any`. */
const TYPES = { '@types/ms': '^2.1.0' };
const INSTALLED = [...Object.keys(dependencies), ...Object.keys(manifest.peerDependencies)];

/** From TypeScript, so that source maps lead to it. */
const sources: Plugin = {
  name: 'sources of ours',
  resolveId(id) {
    const [, folder, file = 'index'] = /^@cognito-verification\/(\w+)(?:\/(.+))?$/.exec(id) ?? [];
    return folder === undefined ? undefined : join(ROOT, folder, `${file}.ts`);
  },
};

const isInstalled = (id: string) =>
  id.startsWith('node:') ||
  builtinModules.includes(id) ||
  INSTALLED.some((name) => id === name || id.startsWith(`${name}/`));

async function bundle(): Promise<OutputChunk[]> {
  const made = await rolldown({
    input: Object.fromEntries([...ENTRIES.values()].map((name) => [name, join(ROOT, 'client', `${name}.ts`)])),
    platform: 'node',
    plugins: [sources],
    external: isInstalled,
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  });
  const { output } = await made.write({
    dir: FOLDER,
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
function writeModule(name: string, names: readonly string[]): void {
  writeFileSync(
    join(FOLDER, `${name}.mjs`),
    `export {\n${names.map((one) => `  ${one},\n`).join('')}} from './${name}.js';\n`,
  );
  writeFileSync(join(FOLDER, `${name}.d.ts`), `export * from './types/client/${name}.js';\n`);
  writeFileSync(join(FOLDER, `${name}.d.mts`), `export * from './${name}.js';\n`);
}

function writeManifest(): void {
  const exports = Object.fromEntries(
    [...ENTRIES].map(([subpath, name]) => [
      subpath,
      {
        import: { types: `./${name}.d.mts`, default: `./${name}.mjs` },
        require: { types: `./${name}.d.ts`, default: `./${name}.js` },
      },
    ]),
  );
  const whole = {
    ...manifest,
    type: 'commonjs',
    main: './index.js',
    types: './index.d.ts',
    sideEffects: false,
    exports: { ...exports, './package.json': './package.json' },
    dependencies: { ...dependencies, ...TYPES },
  };
  writeFileSync(join(FOLDER, 'package.json'), `${JSON.stringify(whole, null, 2)}\n`);
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const chunks = await bundle();
for (const { isEntry, name, exports } of chunks) if (isEntry) writeModule(name, exports);
copyTypes(ROOT, [...ENTRIES.values()], join(FOLDER, 'types'));
writeManifest();
for (const file of ['LICENSE', 'CHANGELOG.md', 'client/README.md']) {
  cpSync(join(ROOT, file), join(FOLDER, file.slice(file.lastIndexOf('/') + 1)));
}
writeFileSync(join(FOLDER, 'THIRD-PARTY-LICENSES.md'), licencesOf(chunks.flatMap(({ moduleIds }) => moduleIds)));
