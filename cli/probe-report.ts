/** What a probe has seen, as a table for people. */
import type { Assumption } from '../probe/judgement.js';
import type { ProbeDocument } from '../probe/probe.js';
import { emphasized } from './print.js';

/** The table, and below it what differs and what is not known, with the reasons. */
export function tableOf({ assumptions }: ProbeDocument): string {
  const nameWidth = Math.max(...assumptions.map(({ name }) => name.length)) + 2;
  const assumedWidth = Math.max(...assumptions.map(({ assumed }) => assumed.length)) + 2;
  const line = (name: string, assumed: string, seen: string) =>
    `${name.padEnd(nameWidth)}${assumed.padEnd(assumedWidth)}${seen}`;
  return [
    line('', 'assumed', 'seen'),
    ...assumptions.map((assumption) => line(assumption.name, assumption.assumed, seenInWords(assumption))),
    ...section('Differs from what the sandbox assumes', 'differs', assumptions),
    ...section('Asked, and not seen', 'notSeen', assumptions),
    ...section('Not asked', 'notAsked', assumptions),
  ].join('\n');
}

function seenInWords({ verdict, seen }: Assumption): string {
  if (verdict === 'asAssumed') return 'as assumed';
  if (verdict === 'differs') return emphasized('yellow', seen ?? '');
  return emphasized('dim', verdict === 'notAsked' ? 'not asked' : 'not seen');
}

function section(title: string, verdict: Assumption['verdict'], all: readonly Assumption[]): string[] {
  const own = all.filter((assumption) => assumption.verdict === verdict);
  if (own.length === 0) return [];
  return ['', `${title}:`, ...own.map(({ name, evidence }) => `  ${name}: ${evidence}`)];
}
