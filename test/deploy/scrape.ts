/** What a metrics endpoint serves, and which of it an expression of PromQL asks for. */

/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Everything that is served at an address. */
export async function scrape(address: string): Promise<{ text: string; samples: Sample[] }> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const samples = text.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: labelsIn(labels), value: Number(value) }];
  });
  return { text, samples };
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
}

/** The sum of the samples with this name and these labels. */
export function sum(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    .reduce((total, { value }) => total + value, 0);
}

/** A metric in an expression, with what it asks of its labels. */
export interface Selector {
  readonly text: string;
  readonly name: string;
  readonly matchers: readonly { label: string; is: string; value: string }[];
}

/** The metrics that an expression names, ours and Temporal's. */
export function selectorsIn(expression: string): Selector[] {
  return [...expression.matchAll(/\b((?:verification|temporal)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([text, name = '', inside = '']) => ({
      text,
      name,
      matchers: [...inside.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
        ([, label = '', is = '', value = '']) => ({
          label,
          is,
          value,
        }),
      ),
    }),
  );
}

/** The labels by which an expression groups. */
export function groupingsIn(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  );
}

/** Whether the selector finds the sample. A variable of Grafana finds everything. */
export function finds({ name, matchers }: Selector, sample: Sample): boolean {
  return (
    sample.name === name &&
    matchers.every(({ label, is, value }) => {
      const found = sample.labels[label];
      if (value.includes('$')) return found !== undefined;
      if (is === '=') return found === value;
      if (is === '!=') return found !== value;
      return new RegExp(`^(?:${value})$`).test(found ?? '') === (is === '=~');
    })
  );
}
