/** The tests of a table of judgements. */
import { describe, expect, it } from 'vitest';
import type { Judgement } from '../../doctor/aws/each.js';
import type { Verdict } from '../../doctor/finding.js';

/** What was judged, the worst verdict, and a phrase of the judgements as JSON. */
export type Row = readonly [what: string, judged: Judgement | readonly Judgement[], verdict: Verdict, phrase: string];

const WORST: readonly Verdict[] = ['ok', 'warning', 'couldNotAsk', 'failure'];

export function testJudgements(rows: readonly Row[]): void {
  describe('a judgement', () => {
    it.each(rows)('of %s', (_what, judged, verdict, phrase) => {
      const judgements = [judged].flat();
      const worst = WORST[Math.max(...judgements.map((one) => WORST.indexOf(one.verdict)))];
      expect(worst).toBe(verdict);
      expect(JSON.stringify(judgements).replaceAll('\\"', '"')).toContain(phrase);
    });

    it('says what it means and what to do about it, and names no address or number', () => {
      for (const judgement of rows.flatMap(([, judged]) => judged)) {
        expect(judgement.found).toMatch(/\.$/);
        expect(JSON.stringify(judgement)).not.toMatch(/@bakery|\+1800/);
        if (judgement.verdict === 'ok') expect(judgement).not.toHaveProperty('remedy');
        else expect([judgement.means, judgement.remedy?.text].join(' ')).toMatch(/^.+\. .+\.$/);
      }
    });
  });
}
