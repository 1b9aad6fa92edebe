/** The pages of the documentation, and their contents. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const read = async (path: string): Promise<string> => await readFile(join(ROOT, path), 'utf8');

/** The text of each page, by its path. */
export const PAGES = new Map<string, string>();
for (const name of await readdir(join(ROOT, 'docs'))) {
  if (name.endsWith('.md')) PAGES.set(`docs/${name}`, await read(`docs/${name}`));
}
for (const path of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'test/README.md']) {
  PAGES.set(path, await read(path));
}
export const page = (path: string): string => PAGES.get(path) ?? '';

/** The fenced blocks in a language. */
export function blocks(path: string, language: string): string[] {
  return [...page(path).matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, name, body]) =>
    name === language ? [body ?? ''] : [],
  );
}

/** The cells of every table row under a heading. */
export function rows(path: string, heading: string): string[][] {
  const section = page(path).split(`## ${heading}\n`)[1]?.split(/^## /m)[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
