import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Probe, ProbeDocument, ProbeOptions } from '../probe/probe.js';
import type { Addresses } from '../probe/setting.js';
import type { Messages } from '../probe/stage.js';
import type { StateFile } from '../probe/state.js';
import { EXIT } from './exit-codes.js';
import { durationOption } from './options.js';
import { counted, jsonOption, type OutputOptions, print, tell } from './print.js';
import type { ProbeTerminal } from './probe-terminal.js';
import { time } from './time.js';
import { UsageError } from './usage-error.js';

interface ProbeCommandOptions extends OutputOptions {
  userPool?: string;
  client?: string;
  email?: string;
  otherEmail?: string;
  phone?: string;
  patience?: number;
  state?: string;
  yes?: boolean;
  cleanUp?: boolean;
  iamPolicy?: boolean;
}

/** `probe`: what a real user pool does, beside what the sandbox assumes. */
export function probeCommand(): Command {
  return new Command('probe')
    .description(
      'Walks test users of its own through everything that the Cognito sandbox assumes, in a user pool of yours, and prints what is assumed beside what it has seen. It sends real messages to your addresses, asks for the codes in them, and deletes its users at the end.',
    )
    .option('--user-pool <id>', 'a test pool; no pool with real users')
    .option('--client <id>', 'an app client of the pool, without a secret, that allows ADMIN_USER_PASSWORD_AUTH')
    .option('--email <address>', 'an address whose messages you read, and that no user of the pool has')
    .option('--other-email <address>', 'another such address. Default: that of --email with +probe before the @')
    .option('--phone <number>', 'a number such as +15550100123. Default: nothing is asked that needs a text message')
    .option(
      '--patience <duration>',
      "how long it may wait for a limit, such as '70 minutes'. Default: it does not",
      durationOption,
    )
    .option('--state <file>', 'where it keeps what it has seen so far. Default: in your cache folder')
    .option('--yes', 'do not ask before it begins; it still asks before each text message')
    .option('--clean-up', 'delete the test users of a run that was stopped, and its state')
    .option('--iam-policy', 'print the IAM policy that it needs, and do nothing else')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The answers to its questions are lines of standard input. Ctrl-C stops it, and the same command goes on with it later. It
ends with 0 if it has seen all that it asked, also where that differs from what is assumed, and with 1 otherwise.

Examples:
  cognito-verification probe --iam-policy --user-pool eu-west-1_AbC123xyz
  cognito-verification probe --user-pool eu-west-1_AbC123xyz --client 1h57kf5cpq17m0eml12EXAMPLE --email zoe@example.com --json > pool.json
  cognito-verification sandbox --switches pool.json
  cognito-verification probe --clean-up --user-pool eu-west-1_AbC123xyz`,
    )
    .action(async (options: ProbeCommandOptions) => {
      if (options.iamPolicy) return await printPolicy(options);
      const userPoolId = required(options.userPool, '--user-pool');
      // The AWS SDK's warning would stand before the questions.
      process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
      const { tryLock } = await import('../dev/process-lock.js');
      const store = await storeOf(options, userPoolId);
      const lock = await tryLock(`${store.path}.lock`);
      if ('heldBy' in lock)
        throw new UsageError(`A probe with this state runs already, as process ${lock.heldBy.pid}.`);
      try {
        if (options.cleanUp) await cleanUp(options, userPoolId, store);
        else await runProbe(options, userPoolId, store);
      } finally {
        await lock.release();
      }
    });
}

async function printPolicy(options: ProbeCommandOptions): Promise<void> {
  const { iamPolicy } = await import('../probe/iam-policy.js');
  const policy = iamPolicy(options.userPool);
  print(options, policy, JSON.stringify(policy, undefined, 2));
}

async function cleanUp(options: ProbeCommandOptions, userPoolId: string, store: StateFile): Promise<void> {
  const [probe, { USER_PREFIX }] = await Promise.all([import('../probe/probe.js'), import('../probe/test-user.js')]);
  const deleted = await probe.cleanUp({ userPoolId, store });
  const people =
    deleted === undefined
      ? `No state of a run of this pool in ${store.path}. If test users are left all the same, this lists them:\n  aws cognito-idp list-users --user-pool-id ${userPoolId} --filter 'username ^= "${USER_PREFIX}"'`
      : `Deleted ${counted(deleted, 'test user')}, and the state.`;
  print(options, { deletedUsers: deleted ?? 0 }, people);
}

async function runProbe(options: ProbeCommandOptions, userPoolId: string, store: StateFile): Promise<void> {
  const clientId = required(options.client, '--client');
  const addresses = addressesOf(options);
  const { ProbeTerminal: Terminal } = await import('./probe-terminal.js');
  if (!options.yes && !process.stdin.isTTY) {
    throw new UsageError('It sends real messages. Give --yes if standard input is not a terminal.');
  }
  const state = options.state === undefined ? '' : ` --state ${JSON.stringify(options.state)}`;
  const cleanUpCommand = `cognito-verification probe --clean-up --user-pool ${userPoolId}${state}`;
  const terminal = new Terminal(
    `The same command goes on from here. To end it and delete its test users: ${cleanUpCommand}`,
  );
  try {
    const { Probe: Run } = await import('../probe/probe.js');
    const probe = await Run.open({
      userPoolId,
      clientId,
      addresses,
      store,
      cleanUpCommand,
      tester: terminal,
      patienceMs: options.patience,
      ...surroundings(terminal),
    });
    if (!(await mayBegin(probe, terminal, options))) return tell('Nothing was done.');
    const document = await probe.run();
    await report(options, document);
    await store.remove();
  } finally {
    terminal.close();
  }
}

function surroundings({
  interrupted,
}: ProbeTerminal): Pick<ProbeOptions, 'clock' | 'interrupted' | 'tell' | 'waiting'> {
  let nextAt = 0;
  return {
    interrupted,
    tell,
    clock: {
      now: Date.now,
      wait: async (ms) => await sleep(ms, undefined, { signal: interrupted }).catch(() => undefined),
    },
    waiting: (until, what) => {
      const now = Date.now();
      if (now < nextAt) return;
      nextAt = now + 600_000;
      tell(`Waiting for ${what}, until ${time(new Date(until).toISOString(), now)}.`);
    },
  };
}

async function mayBegin(probe: Probe, terminal: ProbeTerminal, { yes }: ProbeCommandOptions): Promise<boolean> {
  tell(
    `${probe.goesOn ? 'The probe goes on with the unfinished run. ' : ''}The probe makes test users in the pool, and deletes them at the end. It sends ${messagesInWords(probe.messages)}. A part that is stopped on its way begins anew, with its messages.`,
  );
  return yes === true || (await terminal.agrees('Begin? [y/N] '));
}

function messagesInWords({ email, otherEmail, phone }: Messages): string {
  const texts = phone === 0 ? [] : [`${counted(phone, 'text message')} to --phone, each after a question`];
  const mails = [[email, '--email'] as const, [otherEmail, '--other-email'] as const]
    .filter(([count]) => count > 0)
    .map(([count, option]) => `${counted(count, 'e-mail')} to ${option}`);
  const all = [...mails, ...texts];
  return all.length === 0
    ? 'no more messages'
    : `at most ${all.join(', ')}${phone === 0 ? ', and no text message' : ''}`;
}

async function report(options: ProbeCommandOptions, document: ProbeDocument): Promise<void> {
  const { tableOf } = await import('./probe-report.js');
  print(options, document, tableOf(document));
  const count = (verdict: string) => document.assumptions.filter((assumption) => assumption.verdict === verdict).length;
  tell(
    `${count('asAssumed')} as assumed, ${count('differs')} differ, ${count('notSeen')} not seen, ${count('notAsked')} not asked.`,
  );
  if (count('notSeen') > 0) process.exitCode = EXIT.unsuccessful;
}

function required(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`${option} is needed.`);
  return value;
}

function addressesOf(options: ProbeCommandOptions): Addresses {
  const email = required(options.email, '--email');
  const otherEmail = options.otherEmail ?? email.replace(/(\+[^@]*)?@/, (tag) => `${tag.slice(0, -1)}+probe@`);
  for (const address of [email, otherEmail]) {
    if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw new UsageError('--email and --other-email must be e-mail addresses.');
  }
  if (email === otherEmail) throw new UsageError('--other-email must be another address than --email.');
  const { phone } = options;
  if (phone !== undefined && !/^\+[1-9]\d{6,14}$/.test(phone)) {
    throw new UsageError('--phone must be a number with its country, such as +15550100123.');
  }
  return { email, otherEmail, phone };
}

async function storeOf(options: ProbeCommandOptions, userPoolId: string): Promise<StateFile> {
  const { StateFile } = await import('../probe/state.js');
  if (options.state !== undefined) return new StateFile(options.state);
  if (!/^[\w-]{1,55}$/.test(userPoolId))
    throw new UsageError('--user-pool must be the id of a pool, such as eu-west-1_AbC123xyz.');
  const [{ cacheFolder }, { makeFolder }] = await Promise.all([
    import('../dev/binary-cache.js'),
    import('../dev/files.js'),
  ]);
  const folder = join(cacheFolder(), 'probe');
  await makeFolder(folder, 0o700);
  return new StateFile(join(folder, `${userPoolId}.json`));
}
