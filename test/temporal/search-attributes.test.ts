/** How `setup` and the worker handle services that differ from the development server. No server needed. */
import { describe, expect, it } from 'vitest';
import {
  missingSearchAttributes,
  registerSearchAttributes,
  SEARCH_ATTRIBUTE_NAMES,
} from '../../temporal/search-attributes.js';
import { untyped } from '../client/fixtures.js';

const KEYWORD = 2;
const TEXT = 1;
const refusal = (code: number) => Object.assign(new Error('refused'), { code });

/** A fake service that lists and adds as configured, and records what was added. */
function service(answers: { list?: () => Record<string, number>; add?: () => void }) {
  const added: string[] = [];
  return untyped({
    added,
    operatorService: {
      listSearchAttributes: () => Promise.resolve().then(() => ({ customAttributes: answers.list?.() ?? {} })),
      addSearchAttributes: ({ searchAttributes }: { searchAttributes: Record<string, number> }) =>
        Promise.resolve().then(() => {
          answers.add?.();
          added.push(...Object.keys(searchAttributes));
        }),
    },
  });
}

const throwing = (code: number) => () => {
  throw refusal(code);
};
const all = Object.fromEntries(SEARCH_ATTRIBUTE_NAMES.map((name) => [name, KEYWORD]));

describe('a service that does not list (12 unimplemented, 7 permission denied)', () => {
  it.each([12, 7])('does not stop a worker: %d', async (code) => {
    expect(await missingSearchAttributes(service({ list: throwing(code) }), 'default')).toEqual([]);
  });

  it('receives all of them', async () => {
    expect(await registerSearchAttributes(service({ list: throwing(12) }), 'default')).toEqual(SEARCH_ATTRIBUTE_NAMES);
  });
});

it('a service that refuses the registration leads to an error that says what to register by hand', async () => {
  const error = registerSearchAttributes(service({ add: throwing(7) }), 'onboarding');
  await expect(error).rejects.toMatchObject({ code: 'NotSetUp', message: expect.stringContaining('"onboarding"') });
  for (const name of SEARCH_ATTRIBUTE_NAMES) await expect(error).rejects.toThrow(name);
});

it('another process that registers at the same time does no harm', async () => {
  let listed = 0;
  const list = () => (listed++ === 0 ? {} : all);
  await registerSearchAttributes(service({ list, add: throwing(6) }), 'default');
  expect(listed).toBe(2);
});

it('an attribute of another type is named', async () => {
  const list = () => ({ ...all, VerificationState: TEXT });
  await expect(missingSearchAttributes(service({ list }), 'default')).rejects.toThrow(/Keyword: VerificationState\./);
  await expect(registerSearchAttributes(service({ list }), 'default')).rejects.toThrow(/VerificationState/);
});

it('any other error of the service is passed on', async () => {
  await expect(missingSearchAttributes(service({ list: throwing(14) }), 'default')).rejects.toMatchObject({ code: 14 });
});
