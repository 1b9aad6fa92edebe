import { Command, InvalidArgumentError, Option } from 'commander';
import type { Area, Check } from '../doctor/check.js';
import type { Finding, Verdict } from '../doctor/finding.js';
import type { Surroundings } from '../doctor/surroundings.js';
import { countryOption } from './country-option.js';
import { EXIT } from './exit-codes.js';
import { watchInterruption } from './interruption.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { startProgress } from './progress.js';
import { UsageError } from './usage-error.js';

interface DoctorOptions extends OutputOptions {
  userPool?: string[];
  country?: string[];
  webUi?: string[];
  only?: string[];
  without?: string[];
  strict?: true;
  iamPolicy?: true;
}

/** `doctor`: asks everything that a verification needs, and changes nothing. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Asks Temporal, the keys, the codec server and AWS for whatever would keep a user from being verified, and says what to do. It changes nothing, and reads the settings of a worker.',
    )
    .addOption(repeatable('--user-pool <id>', 'asks about this pool; may be repeated. Default: all that are served'))
    .addOption(
      new Option(
        '--country <code>',
        'a country whose numbers get messages, such as US or DE; may be repeated. Default: US, as a warning only',
      ).argParser(countryOption),
    )
    .addOption(
      new Option(
        '--web-ui <origin>',
        'an origin of the Web UI, such as https://temporal.example.com, for the codec server; may be repeated',
      ).argParser(originOption),
    )
    .addOption(repeatable('--only <name>', 'makes this check, or those of this area, and no others; may be repeated'))
    .addOption(repeatable('--without <name>', 'leaves out this check, or those of this area; may be repeated'))
    .option('--strict', 'a warning is exit code 1 too')
    .addOption(
      new Option(
        '--iam-policy',
        'prints the permissions that all checks need in AWS, as a policy, and asks nothing',
      ).conflicts(['userPool', 'country', 'webUi', 'only', 'without', 'strict']),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The codec server is that of TEMPORAL_CODEC_ENDPOINT, with the token of TEMPORAL_CODEC_AUTH, as for the temporal command.

Exit codes:
  0    nothing is wrong; there may be warnings
  1    something fails, or with --strict there is a warning
  2    an option is wrong: nothing was asked
  3    nothing fails of what could be asked, and something could not

Examples:
  cognito-verification doctor --country US --country DE
  cognito-verification doctor --only temporal --only keys --json
  cognito-verification doctor --iam-policy > policy.json`,
    )
    .action(async (options: DoctorOptions) => {
      const interruption = watchInterruption('Interrupted. Nothing was changed.');
      try {
        await Promise.race([options.iamPolicy ? printPolicy(options) : run(options), interruption.promise]);
      } finally {
        interruption.dispose();
      }
    });
}

async function run(options: DoctorOptions): Promise<void> {
  const startedMs = performance.now();
  const [{ isUserPoolId }, { AREAS, CHECKS }, { examine }, { worstOf }, { surroundingsFromSettings }] =
    await Promise.all([
      import('@cognito-verification/codec'),
      import('../doctor/checks.js'),
      import('../doctor/examination.js'),
      import('../doctor/finding.js'),
      import('../doctor/surroundings.js'),
    ]);
  const checks = chosen(CHECKS, AREAS, options);
  const noPool = options.userPool?.find((id) => !isUserPoolId(id));
  if (noPool !== undefined) {
    throw new UsageError(
      `--user-pool: ${JSON.stringify(noPool.slice(0, 60))} is no id of a user pool, such as eu-west-1_AbC123xyz.`,
    );
  }
  const surroundings = surroundingsFromSettings({
    userPoolIds: [...new Set(options.userPool)],
    countries: [...new Set(options.country)],
    webUiOrigins: options.webUi,
  });
  const progress = startProgress(process.stderr, 'checked');
  let done = 0;
  let failed = 0;
  const onDone = (_check: string, findings: readonly Finding[]) => {
    done++;
    if (findings.some(({ verdict }) => verdict === 'failure')) failed++;
    progress.step(done, checks.length, failed);
  };
  let findings: Finding[];
  try {
    findings = await examine(checks, surroundings, { onDone });
  } finally {
    progress.end();
    await surroundings.close();
  }
  const [{ reportInWords }, { leadingToChecks, typable }] = await Promise.all([
    import('./doctor-report.js'),
    import('./doctor-remedies.js'),
  ]);
  const names = (some: readonly Check<Surroundings>[]) => some.map(({ name }) => name);
  findings = leadingToChecks(findings, names(checks), names(CHECKS), options.userPool);
  const tookMs = Math.round(performance.now() - startedMs);
  const verdict = worstOf(findings);
  print(options, { verdict, findings: typable(findings), tookMs }, reportInWords(findings, checks, AREAS, tookMs));
  process.exitCode = exitCodeOf(verdict, options.strict === true && findings.some((one) => one.verdict === 'warning'));
}

async function printPolicy(options: OutputOptions): Promise<void> {
  const { iamPolicy } = await import('../doctor/iam-policy.js');
  const policy = iamPolicy();
  print(options, policy, JSON.stringify(policy, undefined, 2));
}

/** @param isWarned there is a warning, which counts */
function exitCodeOf(verdict: Verdict, isWarned: boolean): number {
  if (verdict === 'failure' || isWarned) return EXIT.unsuccessful;
  return verdict === 'couldNotAsk' ? EXIT.unreachable : EXIT.done;
}

/** @throws UsageError for a name that neither a check nor an area has, and where no check is left */
function chosen(
  checks: readonly Check<Surroundings>[],
  areas: Readonly<Record<Area, string>>,
  { only, without = [] }: DoctorOptions,
): readonly Check<Surroundings>[] {
  const known = [...Object.keys(areas), ...checks.map(({ name }) => name)];
  for (const [option, names] of Object.entries({ '--only': only ?? [], '--without': without })) {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) continue;
    const ofEach = Object.keys(areas).map((area) => {
      const here = checks.filter((check) => check.area === area).map(({ name }) => name);
      return `  ${area.padEnd(13)} ${here.join(', ')}`;
    });
    throw new UsageError(
      `${option}: there is no such check or area as ${JSON.stringify(unknown.slice(0, 60))}. The areas, with their checks:\n${ofEach.join('\n')}`,
    );
  }
  const isNamed = ({ name, area }: Check<Surroundings>, names: readonly string[]) =>
    names.includes(name) || names.includes(area);
  const left = checks.filter((check) => (only === undefined || isNamed(check, only)) && !isNamed(check, without));
  if (left.length === 0) throw new UsageError('--without leaves out every check that --only names.');
  return left;
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect);
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** @throws InvalidArgumentError */
function originOption(value: string, before: string[] = []): string[] {
  if (!URL.canParse(value) || new URL(value).origin !== value)
    throw new InvalidArgumentError(
      'An origin has no path and no slash at its end, such as https://temporal.example.com.',
    );
  return collect(value, before);
}
