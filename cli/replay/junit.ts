/** The report in the format that CI servers read: `<testsuites>`, a suite for each version, a case for each history. */
import { isUnknown } from '../../replay/problem.js';
import type { ErrorDocument } from '../report.js';
import type { FailedCase, ReplayedCase, ReplayReport } from './report.js';

type Result = 'replays' | 'failure' | 'error' | 'skipped';

const UNREADABLE = 'not readable';

export function junitReport(report: ReplayReport): string {
  const suites = new Map<string, Map<ReplayedCase, Result>>();
  const add = (one: ReplayedCase, result: Result) => {
    const by = one.build ?? one.sdkVersion ?? 'no worker';
    const name = one.workflowType === undefined ? UNREADABLE : `${one.workflowType}, recorded with ${by}`;
    suites.set(name, (suites.get(name) ?? new Map<ReplayedCase, Result>()).set(one, result));
  };
  for (const one of report.failures) add(one, isUnknown(one) ? 'error' : 'failure');
  for (const one of report.good) add(one, 'replays');
  for (const one of report.notBegun) add(one, 'skipped');
  const { durationMs, incomplete } = report.document();
  const results = [...suites.values()].flatMap((cases) => [...cases.values()]);
  if (incomplete) results.push('error');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="replay" ${counts(results)} time="${(durationMs / 1000).toFixed(3)}">`,
    ...[...suites].flatMap(([name, cases]) => [
      `  <testsuite name="${escaped(name)}" ${counts([...cases.values()])}>`,
      ...[...cases].map(([one, result]) => testCase(one, result)),
      '  </testsuite>',
    ]),
    ...incompleteSuite(incomplete),
    '</testsuites>',
    '',
  ].join('\n');
}

function counts(results: readonly Result[]): string {
  const of = (result: Result) => results.filter((one) => one === result).length;
  return `tests="${results.length}" failures="${of('failure')}" errors="${of('error')}" skipped="${of('skipped')}"`;
}

function testCase(one: ReplayedCase | FailedCase, result: Result): string {
  const { workflowId, runId, file, workflowType, state } = one;
  const name = workflowId === undefined ? `${file}` : runId === undefined ? workflowId : `${workflowId} run ${runId}`;
  const attributes = `classname="${escaped(workflowType === undefined ? UNREADABLE : `${workflowType}.${state}`)}" name="${escaped(name)}"`;
  if (result === 'replays') return `    <testcase ${attributes}/>`;
  return [
    `    <testcase ${attributes}>`,
    'kind' in one
      ? `      <${result} type="${escaped(one.kind)}" message="${escaped(one.message)}">${escaped(`${one.message}\n${one.hint}`)}</${result}>`
      : `      <skipped message="no worker has started it yet"/>`,
    '    </testcase>',
  ].join('\n');
}

/** Shows that the report is a part of the whole. */
function incompleteSuite(error: ErrorDocument | undefined): string[] {
  if (!error) return [];
  const { code, message } = error;
  return [
    `  <testsuite name="replay" ${counts(['error'])}>`,
    '    <testcase classname="replay" name="done to the end">',
    `      <error type="${escaped(code)}" message="${escaped(message)}"/>`,
    '    </testcase>',
    '  </testsuite>',
  ];
}

/**
 * For content and for attributes. XML 1.0 cannot express most control characters and lone surrogates. The others that a
 * terminal obeys are replaced too: the report is a page that people read.
 */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]|[\u007F-\u009F\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}
