/** The report for people, and the options that need no server. */
import { InvalidArgumentError } from 'commander';
import { expect, it } from 'vitest';
import { countryOption } from '../../cli/country-option.js';
import { leadingToChecks } from '../../cli/doctor-remedies.js';
import { reportInWords } from '../../cli/doctor-report.js';
import { AREAS } from '../../doctor/checks.js';
import type { Finding } from '../../doctor/finding.js';

const CHECKS = [
  { name: 'connection', area: 'temporal' },
  { name: 'namespace', area: 'temporal' },
  { name: 'workers', area: 'temporal' },
  { name: 'sms-sandbox', area: 'sms' },
  { name: 'sms-spend', area: 'sms' },
] as const;

const notAsked = (check: string): Finding => ({
  check,
  subject: `title of ${check}`,
  verdict: 'couldNotAsk',
  found: 'Not asked.',
  remedy: { text: 'Ask again.' },
  source: `https://docs/${check}`,
});

it('tells what is well in a line, and of the rest all that is known, by area', () => {
  const findings: Finding[] = [
    {
      check: 'sms-sandbox',
      subject: 'eu-west-1',
      verdict: 'failure',
      found: 'It is on.',
      means: 'No SMS.',
      remedy: { text: 'Leave it.', console: 'SNS > Leave', command: 'aws sns leave' },
      permission: 'sns:Get',
      source: 'https://docs',
    },
    { check: 'connection', subject: 'localhost:7233', verdict: 'ok', found: 'Answers.' },
    notAsked('namespace'),
    notAsked('workers'),
    { check: 'sms-spend', subject: 'eu-west-1', verdict: 'warning', found: 'Line\nand line.', means: 'Soon.' },
  ];
  expect(reportInWords(findings, CHECKS, AREAS, 1_234)).toBe(`Temporal and workers
  ok  connection  localhost:7233: Answers.
  NOT KNOWN  namespace, workers
    found    Not asked.
    do       Ask again.

SMS
  FAILURE  sms-sandbox  eu-west-1
    found    It is on.
    means    No SMS.
    needs    sns:Get
    do       Leave it.
    console  SNS > Leave
    run      aws sns leave
    see      https://docs
  warning  sms-spend  eu-west-1
    found    Line
             and line.
    means    Soon.

1 failure, 2 not known, 1 warning, 1 ok, in 1.2 s`);
});

it('names the document of checks that are told together where it is the same', () => {
  const findings = ['namespace', 'workers'].map((check) => ({ ...notAsked(check), source: 'https://docs' }));
  expect(reportInWords(findings, CHECKS, AREAS, 0)).toMatch(
    /NOT KNOWN {2}namespace, workers\n.*\n.*\n {4}see {6}https:\/\/docs\n/,
  );
});

it.each([
  'Correct the setting as user-pool-settings says, and run doctor again.',
  'Do what the check user-pool-settings says, and run doctor again.',
])('leads to a check that the report does not have: %s', (text) => {
  const finding: Finding = { ...notAsked('sms-sandbox'), remedy: { text } };
  const known = ['sms-sandbox', 'user-pool-settings'];
  expect(leadingToChecks([finding], known, known)).toEqual([finding]);
  const command = 'cognito-verification doctor --only user-pool-settings';
  expect(leadingToChecks([finding], ['sms-sandbox'], known)).toEqual([{ ...finding, remedy: { text, command } }]);
  expect(leadingToChecks([finding], ['sms-sandbox'], known, ['eu-west-1_a'])[0]?.remedy?.command).toBe(
    `${command} --user-pool eu-west-1_a`,
  );
});

it('takes no other word for a check', () => {
  const finding: Finding = { ...notAsked('key-ring'), remedy: { text: 'Correct the setting as it says.' } };
  expect(leadingToChecks([finding], ['key-ring'], ['key-ring'])).toEqual([finding]);
});

it('takes countries by their current code, in small letters too', () => {
  expect(countryOption('us')).toEqual(['US']);
  expect(countryOption('XK', ['US', 'GB'])).toEqual(['US', 'GB', 'XK']);
});

it.each([
  ['UK', /The code of United Kingdom is GB\./],
  ['su', /The code of Russia is RU\./],
  ['xx', /ISO 3166-1/],
  ['EU', /ISO 3166-1/],
  ['ZZ', /ISO 3166-1/],
  ['Germany', /ISO 3166-1/],
  ['', /ISO 3166-1/],
])('takes no country %j', (code, words) => {
  expect(() => countryOption(code)).toThrow(InvalidArgumentError);
  expect(() => countryOption(code)).toThrow(words);
});
