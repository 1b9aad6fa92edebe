/** The types of a package: those that `tsc` has made of what is in it, as far as an entry point reaches them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const IMPORTED = /(?<before>(?:from|import\() ?)['"](?<id>(?:\.|@cognito-verification\/)[^'"]+)['"]/g;

/**
 * Copies what the entry points reach.
 * @param root the folder of the project
 * @param entries modules, as `folder/name`
 * @param folder where `client/`, `codec/`, `contract/` and so on are put
 * @param isInstalled whether a package is beside this one, and not in it
 */
export function copyTypes(
  root: string,
  entries: readonly string[],
  folder: string,
  isInstalled: (id: string) => boolean,
): void {
  const reached = new Set(entries);
  for (const module of reached) {
    const room = dirname(module);
    const types = readFileSync(compiled(root, module), 'utf8');
    const copy = types.replaceAll(IMPORTED, (whole: string, before: string, id: string) => {
      if (isInstalled(id)) return whole;
      const target = targetOf(id, room);
      reached.add(target);
      const path = relative(room, target);
      return `${before}'${path.startsWith('.') ? path : `./${path}`}.js'`;
    });
    const file = join(folder, `${module}.d.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, copy);
  }
}

/** The module that an import names, as `folder/name`. */
function targetOf(id: string, room: string): string {
  const [, folder, file = 'index'] = /^@cognito-verification\/(\w+)(?:\/(.+))?$/.exec(id) ?? [];
  return folder === undefined ? join(room, id.replace(/\.js$/, '')) : `${folder}/${file}`;
}

/** What `tsc` has made of a module: a workspace has a `dist/` of its own. */
function compiled(root: string, module: string): string {
  const [folder = '', ...path] = `${module}.d.ts`.split('/');
  const own = join(root, folder, 'dist', ...path);
  return existsSync(own) ? own : join(root, 'dist', folder, ...path);
}
