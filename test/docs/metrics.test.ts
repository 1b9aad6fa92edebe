/** The pages on metrics and alerts say what the table, the rules and the command line say. */
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands.js';
import { METRICS, type Metric, prometheusName } from '../../metrics/table.js';
import { alertExpressions, alertRules, dashboardExpressions } from '../deploy/expressions.js';
import { selectorsIn } from '../deploy/scrape.js';
import { page, rows } from './pages.js';

const all = Object.values<Metric>(METRICS);

describe('docs/metrics.md', () => {
  const table = rows('docs/metrics.md', 'Ours');

  it('has a row for each metric, as the table in the code has it', () => {
    const documented = table.filter(([name]) => name?.startsWith('`verification_'));
    expect(documented).toEqual(
      all.map((metric) => [
        `\`${prometheusName(metric)}\``,
        metric.kind,
        Object.keys(metric.labels)
          .map((label) => `\`${label}\``)
          .join(', '),
        metric.help,
      ]),
    );
  });

  it('explains each label', () => {
    const explained = table.filter((cells) => cells.length === 2).map(([label]) => label);
    const labels = new Set(all.flatMap((metric) => Object.keys(metric.labels)));
    expect(new Set(explained.slice(1))).toEqual(new Set([...labels].map((label) => `\`${label}\``)));
  });
});

describe('docs/runbook.md', () => {
  const entries = page('docs/runbook.md').split(/^## /m).slice(1);

  it('has an entry for each alert, in their order, to which the alert leads', async () => {
    const rules = await alertRules();
    expect(entries.map((entry) => entry.split('\n')[0])).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations, labels } of rules) {
      expect(annotations['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
      expect(['critical', 'warning']).toContain(labels['severity']);
    }
  });

  it('says in each what it means for users, what to look at and what to do', () => {
    for (const entry of entries)
      for (const part of ['**Users**', '**Look at**', '**Do**']) expect(entry).toContain(part);
  });

  it('names only options that the command has', async () => {
    const named = [...page('docs/runbook.md').matchAll(/cognito-verification ([a-z-]+)((?: [^\n`#]*)?)/g)];
    expect(named.length).toBeGreaterThan(10);
    for (const [text, name, rest = ''] of named) {
      const command = await COMMANDS.find((one) => one.name === name)?.load();
      const options = command?.options.map(({ long }) => long) ?? [];
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(options, text).toContain(option);
    }
  });
});

it('alert rules and dashboard name only metrics of the table and of Temporal, with labels that they have', async () => {
  const names = new Map(all.flatMap((metric) => namesOf(metric).map((name) => [name, metric] as const)));
  for (const expression of [...(await alertExpressions()), ...(await dashboardExpressions())])
    for (const { name, matchers, text } of selectorsIn(expression)) {
      if (name.startsWith('temporal_')) continue;
      const metric = names.get(name);
      expect(metric, text).toBeDefined();
      for (const { label } of matchers)
        expect(['namespace', ...Object.keys(metric?.labels ?? {})], text).toContain(label);
    }
});

function namesOf(metric: Metric): string[] {
  const name = prometheusName(metric);
  return metric.kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
}
