/** Checks that look at one thing after another: pools, app clients, regions that send. */
import type { Area, Check } from '../check.js';
import { CouldNotAskError } from '../could-not-ask.js';
import type { Finding } from '../finding.js';
import type { Surroundings } from '../surroundings.js';

/** What a check has seen of one thing. */
export type Judgement = Omit<Finding, 'check' | 'subject'>;

/** What every check has. */
export interface About {
  readonly name: string;
  readonly area: Area;
  readonly title: string;
  /** Of every finding that names no other. */
  readonly source: string;
}

/** Things to look at, each with its name in the report. Where there are none, why. */
export interface Subjects<Subject> {
  readonly subjects: readonly { readonly name: string; readonly look: () => Promise<Subject> }[];
  readonly noneBecause: string;
}

/**
 * A check that judges each of several things by itself: what keeps one of them from an answer says nothing of the others. Where
 * the same keeps several of them, it is said once.
 */
export function checkEach<Subject>(
  { name, area, title, source }: About,
  find: (surroundings: Surroundings) => Subjects<Subject> | Promise<Subjects<Subject>>,
  judge: (
    subject: Subject,
    surroundings: Surroundings,
  ) => Judgement | readonly Judgement[] | Promise<Judgement | readonly Judgement[]>,
): Check<Surroundings> {
  return {
    name,
    area,
    title,
    async run(surroundings) {
      const { subjects, noneBecause } = await find(surroundings);
      if (subjects.length === 0) return [{ check: name, subject: title, verdict: 'ok', found: noneBecause, source }];
      const findings = await Promise.all(
        subjects.map(async (subject): Promise<Finding[]> => {
          const about = { check: name, subject: subject.name, source };
          try {
            const judgements = await judge(await subject.look(), surroundings);
            return [judgements].flat().map((judgement) => ({ ...about, ...judgement }));
          } catch (error) {
            if (!(error instanceof CouldNotAskError)) throw error;
            return [{ ...about, verdict: 'couldNotAsk', found: error.message, remedy: error.remedy, ...error.more }];
          }
        }),
      );
      return withoutRepetition(findings.flat());
    },
  };
}

function withoutRepetition(findings: readonly Finding[]): Finding[] {
  const said = new Map<string, Finding>();
  for (const finding of findings) {
    const key = finding.verdict === 'couldNotAsk' ? finding.found : `${finding.subject} ${finding.found}`;
    const before = said.get(key);
    const subject = before && before.subject !== finding.subject ? `${before.subject}, ${finding.subject}` : undefined;
    said.set(key, before ? { ...before, ...(subject && { subject }) } : finding);
  }
  return [...said.values()];
}
