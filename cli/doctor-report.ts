/** The report of `doctor` for people. */
import type { Area, Check } from '../doctor/check.js';
import type { Finding, Verdict } from '../doctor/finding.js';
import { emphasized } from './print.js';

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: emphasized('green', 'ok'),
  warning: emphasized('yellow', 'warning'),
  failure: emphasized('red', 'FAILURE'),
  couldNotAsk: emphasized('yellow', 'NOT KNOWN'),
};

/** What the report needs of a check. */
type Named = Pick<Check<never>, 'name' | 'area'>;

/**
 * The findings by area, a line for each that is well, and all that is known of the others; at the end a summary.
 * @param areas the words above each area, in their order
 */
export function reportInWords(
  findings: readonly Finding[],
  checks: readonly Named[],
  areas: Readonly<Record<Area, string>>,
  tookMs: number,
): string {
  const areaOf = new Map(checks.map(({ name, area }) => [name, area]));
  const parts = Object.entries(areas).flatMap(([area, words]) => {
    const here = together(findings.filter(({ check }) => areaOf.get(check) === area));
    return here.length === 0 ? [] : [`${emphasized('bold', words)}\n${here.map(inWords).join('\n')}`];
  });
  return [...parts, summary(findings, tookMs)].join('\n\n');
}

/** Checks that could not be made for the same reason are told together, where the first of them stands. */
function together(findings: readonly Finding[]): Finding[] {
  const told: Finding[] = [];
  for (const finding of findings) {
    const at = told.findIndex(
      ({ verdict, found }) => verdict === 'couldNotAsk' && finding.verdict === 'couldNotAsk' && found === finding.found,
    );
    const same = told[at];
    if (!same) told.push(finding);
    else if (!same.check.split(', ').includes(finding.check)) {
      // Each has a subject of its own, which says no more than the name of the check, and mostly a document of its own.
      const source = same.source === finding.source ? same.source : undefined;
      told[at] = { ...same, check: `${same.check}, ${finding.check}`, subject: '', source };
    }
  }
  return told;
}

function inWords({ check, subject, verdict, found, means, remedy, permission, source }: Finding): string {
  const head = [MARKS[verdict], check, subject].filter((part) => part !== '').join('  ');
  if (verdict === 'ok') return `  ${head}: ${found}`;
  const lines: [label: string, text: string | undefined][] = [
    ['found', found],
    ['means', means],
    ['needs', permission],
    ['do', remedy?.text],
    ['console', remedy?.console],
    ['run', remedy?.command],
    ['see', source],
  ];
  const told = lines.flatMap(([label, text]) =>
    text === undefined ? [] : [`    ${label.padEnd(8)} ${text.replaceAll('\n', `\n${' '.repeat(13)}`)}`],
  );
  return [`  ${head}`, ...told].join('\n');
}

function summary(findings: readonly Finding[], tookMs: number): string {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  const said = [
    [count('failure'), 'failure', 'failures'],
    [count('couldNotAsk'), 'not known', 'not known'],
    [count('warning'), 'warning', 'warnings'],
    [count('ok'), 'ok', 'ok'],
  ] as const;
  const counts = said.flatMap(([n, one, many]) => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`]));
  return `${counts.join(', ')}, in ${(tookMs / 1_000).toFixed(1)} s`;
}
