/**
 * The model says what may happen. It cannot know some things: which of two messages came first, or whether a timer that is due
 * about now has fired. For these it asks, and runs again for every other answer. The results are all the worlds that the rules
 * allow, and the observed one must be among them.
 */

/** Answers the questions of one run: first as given, then with the first possibility. */
export class Choices {
  /** The answers of this run, each with the number of possibilities. */
  readonly made: { chosen: number; of: number }[] = [];

  constructor(private readonly script: readonly number[] = []) {}

  oneOf<T>(options: readonly [T, ...T[]]): T {
    const chosen = this.script[this.made.length] ?? 0;
    this.made.push({ chosen, of: options.length });
    return options[chosen] as T;
  }
}

/** Far more than any step has; a model with more questions is broken. */
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
