/** The remedies of doctor's findings, as their reader can follow them. */
import type { Finding } from '../doctor/finding.js';
import { asCalled } from './print.js';

/** How a remedy refers to another check. */
const OTHER_CHECK = /\b(?:the check|as) ([a-z]+(?:-[a-z]+)*) says\b/;

/**
 * The findings; a remedy that leads to a check that their report does not have gets the line that makes that check.
 * @param made the names of the checks that were made
 * @param known those of all checks
 * @param userPoolIds those of `--user-pool`
 */
export function leadingToChecks(
  findings: readonly Finding[],
  made: readonly string[],
  known: readonly string[],
  userPoolIds: readonly string[] = [],
): Finding[] {
  const pools = userPoolIds.map((id) => ` --user-pool ${id}`).join('');
  return findings.map((finding) => {
    const other = OTHER_CHECK.exec(finding.remedy?.text ?? '')?.[1];
    if (!finding.remedy || other === undefined || made.includes(other) || !known.includes(other)) return finding;
    return {
      ...finding,
      remedy: { ...finding.remedy, command: `cognito-verification doctor --only ${other}${pools}` },
    };
  });
}

/** The findings for a JSON document: with command lines in the form in which a reader can type them, as `print` writes for people. */
export function typable(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => {
    if (!finding.remedy) return finding;
    const { text, command } = finding.remedy;
    return { ...finding, remedy: { ...finding.remedy, text: asCalled(text), command: command && asCalled(command) } };
  });
}
