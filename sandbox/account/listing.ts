import * as v from 'valibot';
import { AwsException } from '../exceptions.js';
import type { Input } from '../members.js';
import type { Operation } from '../operations/operation.js';
import { BadInput, checkInput, Text } from '../schema.js';
import type { Account } from './account.js';
import { pageOf } from './paging.js';

/** How End User Messaging lists entries of one kind. */
interface Listing<Entry> {
  /** The list in the answer. */
  readonly member: string;
  readonly entries: (settings: Account['smsVoice'], region: string) => readonly Entry[];
  /** The list in the request that names entries, what names an entry, and what an entry is called. */
  readonly ids?: readonly [member: string, nameOf: (entry: Entry) => string, resourceType: string];
  /** The names of filters, and the members of an entry that they look at. */
  readonly filters?: Readonly<Record<string, keyof Entry>>;
}

const Filters = v.object({
  Filters: v.optional(v.array(v.object({ Name: Text, Values: v.array(v.string()) })), []),
});
/** A sender id is named by country as well. */
const Names = v.optional(v.array(v.union([Text, v.record(v.string(), Text)])), []);

/** An operation that lists what the account has, by id, filter and page. */
export function listing<Entry extends object>({ member, entries, ids, filters = {} }: Listing<Entry>): Operation {
  return ({ account }, input, { region }) => {
    const all = input['Owner'] === 'SHARED' ? [] : entries(account.in(region).smsVoice, region);
    const named = ids === undefined ? all : entriesNamed(all, input, ids);
    const wanted = checkInput(Filters, input, 'request').Filters.map(({ Name, Values }) => {
      const key = Object.hasOwn(filters, Name) ? filters[Name] : undefined;
      if (key !== undefined) return { key, Values };
      throw new BadInput(
        `request.Filters: The sandbox has no filter ${Name} here; it has ${Object.keys(filters).join(', ')}`,
      );
    });
    const kept = named.filter((entry) =>
      wanted.every(({ key, Values }) => [entry[key]].flat().some((value) => Values.includes(String(value)))),
    );
    const page = pageOf(kept, input);
    return { [member]: page.entries, NextToken: page.NextToken };
  };
}

function entriesNamed<Entry>(
  all: readonly Entry[],
  input: Input,
  [member, nameOf, resourceType]: NonNullable<Listing<Entry>['ids']>,
): readonly Entry[] {
  const names = checkInput(Names, input[member], `request.${member}`).map((name) =>
    // An ARN names an entry too, by what comes last.
    typeof name === 'string' ? name.slice(name.lastIndexOf('/') + 1) : Object.values(name).join(':'),
  );
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((entry) => nameOf(entry) === name);
    if (found === undefined) throw resourceNotFound(resourceType, name);
    return found;
  });
}

/** The exception of End User Messaging for something that the account does not have. */
export function resourceNotFound(ResourceType: string, ResourceId: string): AwsException {
  const text = `The account has no ${ResourceType} ${ResourceId}.`;
  return new AwsException('ResourceNotFoundException', text, 400, { ResourceType, ResourceId });
}
