/** The report in the format that CI servers read: `<testsuites>`, a suite for each version, a case for each history. */
import type { FailedCase, ReplayedCase, ReplayReport } from './replay-report.js';

export function junitReport(report: ReplayReport): string {
  const suites = new Map<string, (ReplayedCase | FailedCase)[]>();
  for (const one of report.cases) {
    const name = `${one.workflowType}, recorded with ${one.build ?? one.sdkVersion ?? 'no worker'}`;
    suites.set(name, [...(suites.get(name) ?? []), one]);
  }
  const { durationMs } = report.document();
  const counts = `tests="${report.replayed}" failures="${report.failures.length}" errors="0" time="${(durationMs / 1000).toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="replay" ${counts}>`,
    ...[...suites].flatMap(([name, cases]) => [
      `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${cases.filter(isFailed).length}" errors="0">`,
      ...cases.map((one) => testCase(one)),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(one: ReplayedCase | FailedCase): string {
  const { workflowId, runId, file, workflowType, state } = one;
  const name = workflowId === undefined ? `${file}` : runId === undefined ? workflowId : `${workflowId} run ${runId}`;
  const attributes = `classname="${escaped(`${workflowType}.${state}`)}" name="${escaped(name)}"`;
  if (!isFailed(one)) return `    <testcase ${attributes}/>`;
  return [
    `    <testcase ${attributes}>`,
    `      <failure type="${escaped(one.kind)}" message="${escaped(one.message)}">${escaped(`${one.message}\n${one.hint}`)}</failure>`,
    '    </testcase>',
  ].join('\n');
}

function isFailed(one: ReplayedCase | FailedCase): one is FailedCase {
  return 'kind' in one;
}

/** For content and for attributes. XML 1.0 has no way at all to write most control characters and halves of pairs. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}
