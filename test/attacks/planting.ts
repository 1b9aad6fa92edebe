/**
 * Plants the weaknesses in the product's code, each behind a switch: `globalThis.weakness` names the one that is on. As long as
 * none is, the code does what it does without. It is used where a test loads the code (`vitest.config.ts`), where a command
 * does (`planting-hook.ts`), and for the workflow's bundle (`weak-bundle.ts`).
 */
import { type Plant, WEAKNESSES } from './weaknesses.js';

const ALL = Object.entries<readonly Plant[]>(WEAKNESSES).flatMap(([weakness, plants]) =>
  plants.map((plant) => ({ weakness, ...plant })),
);

/**
 * The code of a file with its weaknesses.
 * @param path of the source, or of what it was compiled to
 * @throws if a text is not in it once, so that no weakness silently has no effect
 */
export function weaken(path: string, code: string): string {
  const source = path.replace(/\?.*$/, '').replaceAll('\\', '/').replaceAll('/dist/', '/').replace(/\.js$/, '.ts');
  let weakened = code;
  for (const { weakness, file, text, instead } of ALL) {
    if (!source.endsWith(`/${file}`)) continue;
    if (weakened.split(text).length !== 2) throw new Error(`${file} does not hold once: ${text}`);
    const isOn = `(globalThis.weakness === ${JSON.stringify(weakness)})`;
    weakened = weakened.replace(text, () => instead.replaceAll('WEAK', isOn));
  }
  return weakened;
}

const switchOf = globalThis as { weakness?: string | undefined };

/** Turns the switch of this process to a weakness, or off. */
export function setWeakness(weakness: string | undefined): void {
  switchOf.weakness = weakness;
}

/** What Node.js needs to run a command with the weakness that is on here; nothing where none is. */
export function plantedArguments(): string[] {
  const { weakness } = switchOf;
  if (weakness === undefined) return [];
  const hook = new URL('../../dist/test/attacks/planting-hook.js', import.meta.url);
  hook.searchParams.set('weakness', weakness);
  return ['--import', hook.href];
}
