/**
 * The model says what may happen, and a few things it cannot know: which of two messages came first, whether a timer
 * that rings about now has rung. It asks then, and is run again for every other answer. What comes out are all the worlds
 * that the rules allow; what is seen must be one of them.
 */

/** Answers one run's questions: first as it was told to, then with the first of what is possible. */
export class Choices {
  /** The answers of this run, and how many there were to choose from. */
  readonly made: { chosen: number; of: number }[] = [];

  constructor(private readonly script: readonly number[] = []) {}

  oneOf<T>(options: readonly [T, ...T[]]): T {
    const chosen = this.script[this.made.length] ?? 0;
    this.made.push({ chosen, of: options.length });
    return options[chosen] as T;
  }
}

/** Far more than any step has; a model that asks so much has lost its way. */
const MOST_WORLDS = 4_000;

/** Runs `step` once for every sequence of answers to its questions. */
export function everyWay<T>(step: (choices: Choices) => T): T[] {
  const results: T[] = [];
  let script: number[] | undefined = [];
  while (script) {
    const choices = new Choices(script);
    results.push(step(choices));
    if (results.length > MOST_WORLDS) throw new Error(`more than ${MOST_WORLDS} worlds`);
    script = nextScript(choices);
  }
  return results;
}

function nextScript({ made }: Choices): number[] | undefined {
  const turned = made.findLastIndex(({ chosen, of }) => chosen + 1 < of);
  if (turned < 0) return undefined;
  return made.slice(0, turned + 1).map(({ chosen }, index) => (index === turned ? chosen + 1 : chosen));
}
