/** The licences of what a bundle holds of others: all of them want to go along with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const IN_NODE_MODULES = /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * One section for each package.
 * @param modules the paths of the bundled files
 * @throws for a package that comes without the text of a licence
 */
export function licencesOf(modules: readonly string[]): string {
  const folders = new Set(modules.flatMap((module) => IN_NODE_MODULES.exec(module)?.groups?.['folder'] ?? []));
  const sections = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} says under which licence it is (${license}), and has no text of it`);
    return `## ${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return `# Licences of the packages that this one holds\n\n${sections.join('\n')}`;
}
