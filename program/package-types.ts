/** The types of the package: those that `tsc` has made of client, codec and contract, as far as an entry point reaches them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const IMPORTED = /(?<before>(?:from|import\() ?)['"](?<id>(?:\.|@cognito-verification\/)[^'"]+)['"]/g;

/**
 * Copies what the entry points reach.
 * @param root the folder of the project
 * @param entries names of modules of the client
 * @param folder where `client/`, `codec/` and `contract/` are put
 */
export function copyTypes(root: string, entries: readonly string[], folder: string): void {
  const reached = new Set(entries.map((name) => `client/${name}`));
  for (const module of reached) {
    const [room = '', name = ''] = module.split('/');
    const types = readFileSync(join(root, room, 'dist', `${name}.d.ts`), 'utf8');
    const copy = types.replaceAll(IMPORTED, (_, before: string, id: string) => {
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
