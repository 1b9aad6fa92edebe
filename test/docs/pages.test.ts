/** Commands, options, tables and links in the documentation agree with the code. */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import * as clientPackage from '@cognito-verification/client';
import {
  BOUNDS,
  CALL_FAILURE_TYPES,
  FAILURE_TYPES,
  HELD_REASONS,
  METADATA_BOUNDS,
  POLICY_FIELDS,
  PROOF_FAILURE_TYPES,
  REFUSED_REASONS,
  VERIFICATION_STATES,
} from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { CognitoRefusal } from '../../activities/cognito-answer.js';
import { LISTED_EXCEPTIONS, readFailure } from '../../activities/failures.js';
import { COMMANDS } from '../../cli/commands.js';
import { exitCodeOf } from '../../cli/exit-codes.js';
import { CHECKS } from '../../doctor/checks.js';
import { allowedValues, GUARD_SETTINGS, type GuardSetting } from '../../guard/guard-settings.js';
import { ALLOWED_ATTRIBUTES } from '../../tracing/allowed-spans.js';
import { WORKER_SETTINGS, type WorkerSetting } from '../../worker/worker-settings.js';
import { blocks, PAGES, page, ROOT, read, rows } from './pages.js';

const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');

/** The name under which GitHub links to a heading. */
const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

describe('links', () => {
  it.each([...PAGES.keys()])('in %s lead to existing targets', (path) => {
    const broken = [...page(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const to = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
        if (!existsSync(join(ROOT, to))) return true;
        const headings = [...page(to).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading ?? ''));
        return anchor !== undefined && !headings.includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('each page in docs is reachable from the README', () => {
    const missing = [...PAGES.keys()].filter((path) => path !== 'README.md' && !page('README.md').includes(`(${path}`));
    expect(missing).toEqual([]);
  });
});

describe('README', () => {
  it('its table lists every command, and it names no other', () => {
    const names = COMMANDS.map(({ name }) => name);
    const table = rows('README.md', 'The command line').filter(([first]) => first?.startsWith('`'));
    expect(new Set(table.map(([first]) => quoted(first ?? '')[0]?.split(' ')[0]))).toEqual(new Set(names));
    const named = [...PAGES.values()].flatMap((text) =>
      [...text.matchAll(/(?:cognito-verification|program\/main\.cjs) ([a-z][a-z-]*)/g)].map(([, name]) => name),
    );
    expect(named.filter((name) => !names.includes(name ?? ''))).toEqual([]);
  });

  it('names only existing options', async () => {
    const commands = await Promise.all(COMMANDS.map(async ({ load }) => await load()));
    const options = commands.flatMap((command) => command.options.map(({ long }) => long));
    const named = [...page('README.md').matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option);
    expect(named.filter((option) => option !== '--help' && !options.includes(option))).toEqual([]);
  });

  it('names only existing npm scripts', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    const named = [...page('README.md').matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script ?? '');
    expect([...named, 'start', 'test'].filter((script) => !(script in scripts))).toEqual([]);
  });

  it('its picture shows every state', () => {
    const picture = blocks('README.md', '').find((block) => block.includes('awaitingToken')) ?? '';
    expect(VERIFICATION_STATES.filter((state) => !picture.includes(state))).toEqual([]);
  });

  it('says what a new reader must know first', () => {
    expect(page('README.md').slice(0, 1500)).toContain('not met a real user pool yet');
  });
});

describe('docs/lifecycle.md', () => {
  it('its tables list every state and every policy field, with the actual defaults and limits', () => {
    const states = rows('docs/lifecycle.md', 'States').slice(1);
    expect(states.map(([state]) => quoted(state ?? '')[0])).toEqual([...VERIFICATION_STATES]);
    const policy = new Map(
      rows('docs/lifecycle.md', 'Policy')
        .slice(1)
        .map(([field = '', ...rest]) => [quoted(field)[0], rest]),
    );
    expect(new Set(policy.keys())).toEqual(new Set(Object.keys(POLICY_FIELDS)));
    for (const [name, field] of Object.entries(POLICY_FIELDS)) {
      const [text = '', from = '', to = ''] = policy.get(name) ?? [];
      if ('least' in field) {
        expect([name, ...quoted(from), ...quoted(to)]).toEqual([name, String(field.least), String(field.most)]);
      }
      if (!('default' in field)) continue;
      const defaults = typeof field.default === 'object' ? Object.values(field.default) : [String(field.default)];
      expect([name, ...quoted(text)]).toEqual([name, ...defaults]);
    }
  });
});

it('docs/lifecycle.md says every bound of a message', () => {
  const said = rows('docs/lifecycle.md', 'Bounds')
    .slice(1)
    .flatMap(([what = '', bound = '']) => [...bound.replaceAll(',', '').matchAll(/\d+/g)].map(([n]) => `${what} ${n}`));
  const found = Object.values({ ...BOUNDS, ...METADATA_BOUNDS }).filter(
    (bound) => !said.some((words) => words.endsWith(` ${bound}`)),
  );
  expect(found).toEqual([]);
  for (const field of Object.keys(BOUNDS)) {
    const name = field.replace(/^failure(T|M)/, (_, letter: string) => `failure.${letter.toLowerCase()}`);
    expect(
      said.some((words) => words.includes(`\`${name}\``) || (name === 'id' && words.includes('Id`'))),
      name,
    ).toBe(true);
  }
});

it('docs/tracing.md lists every attribute that a span may have', () => {
  const documented = rows('docs/tracing.md', 'What a span holds').flatMap(([names = '']) => quoted(names));
  expect(new Set(documented)).toEqual(new Set(ALLOWED_ATTRIBUTES));
});

describe('docs/worker-settings.md', () => {
  it('its table lists every setting of a worker, with the actual default and range', () => {
    const documented = rows('docs/worker-settings.md', 'Settings')
      .slice(1)
      .map((cells) => cells.map((cell) => quoted(cell)));
    const expected = Object.entries<WorkerSetting>(WORKER_SETTINGS).map(([option, setting]) => [
      [setting.variable],
      [option],
      'default' in setting ? [String(setting.default)] : [],
      rangeOf(setting),
    ]);
    expect(documented).toEqual(expected);
  });

  it('has a paragraph on each', () => {
    const paragraphs =
      page('docs/worker-settings.md').split('## Settings\n')[1]?.split(/^## /m).slice(1).join('') ?? '';
    const missing = Object.values(WORKER_SETTINGS).filter(({ variable }) => !paragraphs.includes(`\`${variable}\``));
    expect(missing).toEqual([]);
  });
});

it('docs/guard.md lists every setting of the guard, with the actual default and what is allowed', () => {
  const expected = Object.entries<GuardSetting>(GUARD_SETTINGS).map(([option, setting]) => [
    `\`${setting.variable}\``,
    `\`${option}\``,
    'default' in setting ? `\`${setting.default}\`` : (setting.without ?? ''),
    allowedValues(setting),
  ]);
  expect(rows('docs/guard.md', 'Settings').slice(1)).toEqual(expected);
});

function rangeOf(setting: WorkerSetting): string[] {
  switch (setting.kind) {
    case 'word':
      return [...setting.words];
    case 'flag':
      return ['true', 'false'];
    case 'name':
      return [String(setting.most)];
    case 'form':
      return quoted(setting.inWords);
    default:
      return [String(setting.least), String(setting.most)];
  }
}

type ErrorClass = new (...input: unknown[]) => clientPackage.VerificationError;

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof clientPackage.VerificationError;
}

describe('docs/failures.md', () => {
  const listed = (cell: string) => quoted(cell).filter((name) => name.endsWith('Exception'));

  it.each([
    ['send', 'Answers to a send'],
    ['attempt', 'Answers to an attempt'],
  ] as const)('says of each answer to a %s what the table in the code says', (call, heading) => {
    const documented = rows('docs/failures.md', heading).filter(([answer = '']) => listed(answer).length > 0);
    expect(new Set(documented.flatMap(([answer = '']) => listed(answer)))).toEqual(new Set(LISTED_EXCEPTIONS));
    for (const [answer = '', meaning] of documented) {
      const message = /"([^"]+)"/.exec(answer)?.[1] ?? '';
      for (const name of listed(answer)) {
        expect([answer, readFailure(new CognitoRefusal(name, message, 400))[call]]).toEqual([answer, meaning]);
      }
    }
  });

  it('lists every failure type of ours', () => {
    const documented = rows('docs/failures.md', 'Failure types of our own').map(([type]) => quoted(type ?? '')[0]);
    expect(documented.filter((type) => type !== undefined)).toEqual([
      ...Object.values(FAILURE_TYPES),
      ...Object.values(CALL_FAILURE_TYPES),
      ...Object.values(PROOF_FAILURE_TYPES),
    ]);
  });

  it('lists everything that the guard keeps back', () => {
    const documented = rows('docs/failures.md', 'What the guard keeps back').map(([reason]) => quoted(reason ?? '')[0]);
    const reasons = documented.filter((reason) => reason !== 'held' && reason !== 'failure.type');
    expect(reasons).toEqual([...HELD_REASONS, ...REFUSED_REASONS]);
  });

  it('lists every error class of the client, with its code and its exit code', () => {
    const expected = Object.values<unknown>(clientPackage)
      .filter(isErrorClass)
      .map((errorClass) => {
        const { code } = new errorClass('text', { type: 'text', message: 'text' });
        return [errorClass.name, [code, String(exitCodeOf(code))]] as const;
      });
    const documented = rows('docs/failures.md', 'Errors of the client, and exit codes')
      .slice(1)
      .map(([name = '', code = '', exitCode = '']) => [quoted(name)[0], [...quoted(code), exitCode]] as const);
    expect(new Map(documented)).toEqual(new Map(expected));
  });

  it('the page for a service lists the HTTP status of each error, and when another try is worth it', () => {
    const errors = Object.values<unknown>(clientPackage)
      .filter(isErrorClass)
      .map((errorClass) => new errorClass('text', { type: 'text', message: 'text' }));
    const expected = errors.map(({ code, retryAfterSeconds }) => {
      const http = clientPackage.HTTP_STATUS[code];
      const until = {
        ResendNotAllowed: 'until `allowedAt`; without one the HTTP is 409',
        TooManyMessages: 'until `retryAt`, where there is one',
      };
      return [code, http, code in until ? until[code as keyof typeof until] : String(retryAfterSeconds ?? '')] as const;
    });
    const documented = rows('docs/onboarding-service.md', 'HTTP')
      .slice(1)
      .map(([code = '', http = '', retry = '']) => [quoted(code)[0], Number(http), retry]);
    expect(new Set(documented.map(String))).toEqual(new Set(expected.map(String)));
  });
});

describe('docs/production.md', () => {
  it.each(['.gitignore', '.dockerignore'])('has nothing written into the clone that %s does not name', async (file) => {
    const ignored = (await read(file)).split('\n').map((line) => line.replace(/^\/|\/$/g, ''));
    const written = blocks('docs/production.md', 'sh').flatMap((block) =>
      [...block.matchAll(/> ([\w$./-]+)/g)].map(([, name = '']) => name.replace('$n', '*')),
    );
    // Everything else is written in a folder of its own.
    const inClone = written.filter((name) => name.includes('/'));
    expect(inClone).toEqual(['deploy/secrets/verification-keys', 'deploy/secrets/postgresql-password', 'deploy/.env']);
    expect(blocks('docs/production.md', 'sh')).toContainEqual(expect.stringContaining('cd ~/verification'));
    const isNamed = (name: string) => ignored.some((one) => one === name || (one !== '' && name.startsWith(`${one}/`)));
    expect(inClone.filter((name) => !isNamed(name))).toEqual([]);
  });
});

describe('docs/doctor.md', () => {
  it('has a row for each check, in the order of the report, with its area', () => {
    const documented = rows('docs/doctor.md', 'The checks').map(([check, area]) => [check, area]);
    expect(documented.slice(1)).toEqual(CHECKS.map(({ name, area }) => [`\`${name}\``, `\`${area}\``]));
  });
});
