import * as v from 'valibot';
import { BadInput, checkInput } from '../schema.js';

/** A number: the Query protocol has it as text. */
const Count = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number))]),
  v.integer(),
  v.minValue(1),
  v.maxValue(100),
);
const Page = v.object({ MaxResults: v.optional(Count), NextToken: v.optional(v.string()) });

/** One page of a list. */
interface PageOf<Entry> {
  readonly entries: Entry[];
  readonly NextToken: string | undefined;
}

/**
 * The page that `MaxResults` and `NextToken` of a request ask for.
 * @param most entries of a page, and as many without `MaxResults`
 * @throws BadInput for a number or a token that is none
 */
export function pageOf<Entry>(entries: readonly Entry[], input: unknown, most = 100): PageOf<Entry> {
  const { MaxResults = most, NextToken } = checkInput(Page, input, 'request');
  const start = NextToken === undefined ? 0 : startOf(NextToken);
  const end = start + Math.min(MaxResults, most);
  return { entries: entries.slice(start, end), NextToken: end < entries.length ? tokenOf(end) : undefined };
}

function tokenOf(start: number): string {
  return Buffer.from(`page:${start}`).toString('base64url');
}

function startOf(token: string): number {
  const [, start] = /^page:(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (start === undefined) throw new BadInput('request.NextToken: Invalid token');
  return Number(start);
}
