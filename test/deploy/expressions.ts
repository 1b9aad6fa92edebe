/** The expressions of PromQL in the alert rules and in the dashboard. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The folder of the rules, their tests and the dashboard. */
export const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

/** A rule of the file of alert rules. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A rule that names what alerts have in common. */
interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** Every rule: of an alert, or of what alerts have in common. */
async function rulesOf(): Promise<(AlertRule | Recording)[]> {
  const file: { groups: { rules: (AlertRule | Recording)[] }[] } = parse(
    await readFile(`${DEPLOY}prometheus/alerts.rules.yml`, 'utf8'),
  );
  return file.groups.flatMap(({ rules }) => rules);
}

/** Every alert rule. */
export async function alertRules(): Promise<AlertRule[]> {
  return (await rulesOf()).filter((rule) => 'alert' in rule);
}

/** What the alert rules ask, with what they have in common written out. */
export async function alertExpressions(): Promise<string[]> {
  const rules = await rulesOf();
  const records = rules.filter((rule) => 'record' in rule);
  const written = (text: string) =>
    records.reduce((all, { record, expr }) => all.replaceAll(record, `(${expr})`), text);
  return rules.map(({ expr }) => written(expr));
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** What the panels of the dashboard ask. */
export async function dashboardExpressions(): Promise<string[]> {
  const board: { panels: Panel[] } = JSON.parse(await readFile(`${DEPLOY}grafana/cognito-verification.json`, 'utf8'));
  return board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
