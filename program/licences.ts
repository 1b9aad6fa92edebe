/** The licences of what a bundle holds of others: all of them want to go along with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a package keeps the text of its licence, if not in its own folder. */
const TEXTS: Readonly<Record<string, string>> = { '@temporalio/core-bridge': 'sdk-core/LICENSE.txt' };

const IN_NODE_MODULES = /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * One section for each package.
 * @param modules the paths of the bundled files
 * @param withoutText what to do about a package that comes without the text of its licence: to refuse it, or to name the licence.
 *   Default: to refuse it
 * @throws for such a package, if it is refused
 */
export function licencesOf(modules: readonly string[], withoutText: 'refuse' | 'name' = 'refuse'): string {
  const folders = new Set(modules.flatMap((module) => IN_NODE_MODULES.exec(module)?.groups?.['folder'] ?? []));
  const sections = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = TEXTS[name] ?? readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const title = `## ${name} ${version} (${license})`;
    if (file) return `${title}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    if (withoutText === 'name') return `${title}\n\nThe package names its licence, and comes without its text.\n`;
    throw new Error(`${name} says under which licence it is (${license}), and has no text of it`);
  });
  return `# Licences of the packages that this one holds\n\n${sections.join('\n')}`;
}
