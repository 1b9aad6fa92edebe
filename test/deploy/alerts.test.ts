/** Prometheus' own test of the alert rules: each fires where its cause is, alone, and none in healthy hours. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { METRICS, type Metric, prometheusName } from '../../metrics/table.js';
import { alertRules, DEPLOY } from './expressions.js';
import { promtool } from './promtool.js';
import { selectorsIn } from './scrape.js';

const run = promisify(execFile);
const cwd = `${DEPLOY}prometheus`;

interface RuleTests {
  tests: {
    name: string;
    input_series: { series: string }[];
    promql_expr_test: { exp_samples: { labels: string; value: number }[] }[];
  }[];
}
const { tests }: RuleTests = parse(await readFile(`${cwd}/alerts.test.yml`, 'utf8'));

it('promtool finds the rules right, and the tests of the rules pass', async () => {
  const program = await promtool();
  expect((await run(program, ['check', 'rules', 'alerts.rules.yml'], { cwd })).stdout).toContain('SUCCESS');
  const { stdout } = await run(program, ['test', 'rules', 'alerts.test.yml'], { cwd }).catch((error: unknown) => {
    const { stdout: out = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`promtool: ${out}${stderr}`, { cause: error });
  });
  expect(stdout).toContain('SUCCESS');
}, 300_000);

it('each alert fires in a test, alone, and first does not', async () => {
  const firing = tests.map(({ promql_expr_test: steps }) =>
    steps.map(({ exp_samples: alerts }) => alerts.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1])),
  );
  const causes = firing.filter((steps) => steps.some((alerts) => alerts.length > 0));
  for (const steps of causes) {
    expect(steps[0]).toEqual([]);
    for (const alerts of steps) expect(alerts.length).toBeLessThanOrEqual(1);
  }
  const fired = new Set(causes.flat(2));
  expect(fired).toEqual(new Set((await alertRules()).map(({ alert }) => alert)));
});

it('the series of the tests have the names and labels of ours', () => {
  const ours = new Map(Object.values<Metric>(METRICS).map((metric) => [prometheusName(metric), metric]));
  for (const { name, input_series: series } of tests)
    for (const { series: text } of series) {
      if (!text.startsWith('verification_')) continue;
      const [selector] = selectorsIn(text);
      const metric = ours.get(selector?.name ?? '');
      expect(metric, `${text} in ${name}`).toBeDefined();
      for (const { label, value } of selector?.matchers ?? []) {
        if (label === 'namespace') continue;
        const values = metric?.labels[label];
        const fits = values instanceof RegExp ? values.test(value) : values?.includes(value);
        expect(fits === true || value === 'none', `${label}="${value}" in ${text}`).toBe(true);
      }
    }
});
