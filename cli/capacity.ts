import { readFile, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { CapacityInput } from '../capacity/input.js';
import { jsonLine, jsonOption, type OutputOptions, print } from './print.js';
import { UsageError } from './usage-error.js';

interface CapacityOptions extends OutputOptions {
  input?: string;
  perDay?: string;
  example?: string;
  svg?: string;
}

/** `capacity`: asks nobody, and needs no settings. */
export async function capacityCommand(): Promise<Command> {
  const { EXAMPLES } = await import('../capacity/examples.js');
  const { FIELDS } = await import('../capacity/input.js');
  const fields = Object.entries(FIELDS).map(
    ([name, { meaning, default: value }]) => `  ${name.padEnd(22)}${meaning} (default: ${value ?? 'none'})`,
  );
  return new Command('capacity')
    .description('Says what a number of verifications in a day needs and costs, and which limit binds.')
    .option(
      '--per-day <n>',
      'verifications in a day, which follow the usual curve; in place of perDay and startsByHour of --input',
    )
    .option('--input <file>', 'a JSON file with the fields below; - is standard input')
    .addOption(
      new Option('--example <name>', 'print an input to begin with, and do nothing else').choices(
        Object.keys(EXAMPLES),
      ),
    )
    .option('--svg <file>', 'write the chart to this file, as SVG')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Fields of the input: startsByHour (24 numbers) or perDay, and
${fields.join('\n')}

Example:
  cognito-verification capacity --example national-bank > bank.json
  cognito-verification capacity --input bank.json --svg bank.svg`,
    )
    .action(async (options: CapacityOptions) => {
      if (options.example !== undefined) {
        const example: unknown = EXAMPLES[options.example as keyof typeof EXAMPLES];
        process.stdout.write(options.json ? jsonLine(example) : `${JSON.stringify(example, undefined, 2)}\n`);
        return;
      }
      const { InputError, resolveInput } = await import('../capacity/input.js');
      const { estimate } = await import('../capacity/estimate.js');
      const { verdictOf, withAdvisedLimit } = await import('../capacity/verdict.js');
      const { report } = await import('./capacity-report.js');
      const { svgChart, terminalChart } = await import('../capacity/chart.js');
      const given = await givenInput(options);
      let input: CapacityInput;
      try {
        input = resolveInput(given);
      } catch (error) {
        throw error instanceof InputError ? new UsageError(error.message) : error;
      }
      const estimated = estimate(input);
      if (options.svg !== undefined) await writeSvg(options.svg, svgChart(estimated));
      const limited = withAdvisedLimit(input, estimated);
      const { sendDelay, codeDelay } = limited ?? {};
      const document = {
        input,
        ...estimated,
        verdict: verdictOf(estimated),
        withQueueLimitAdvised: limited ? { verdict: verdictOf(limited), sendDelay, codeDelay } : null,
      };
      print(options, document, `${terminalChart(estimated)}\n\n${report(input, estimated, limited)}`);
    });
}

/** @throws UsageError */
async function givenInput({ input, perDay }: CapacityOptions): Promise<unknown> {
  if (input === undefined && perDay === undefined)
    throw new UsageError('say how many verifications: --per-day N, or --input FILE (--example NAME prints one)');
  if (perDay !== undefined && !/^\d{1,11}$/.test(perDay))
    throw new UsageError('--per-day must be a whole number, digits only: 200000, say');
  const day = perDay === undefined ? {} : { perDay: Number(perDay) };
  if (input === undefined) return day;
  const text = await readFile(input === '-' ? '/dev/stdin' : input, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--input cannot be read (${error.code} ${input}); give the path of a JSON file`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `--input is not JSON: ${(error as Error).message}; --example NAME prints an input to begin with`,
    );
  }
  if (perDay === undefined || typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return parsed;
  const { startsByHour: _replaced, ...others } = parsed as Record<string, unknown>;
  return { ...others, ...day };
}

async function writeSvg(path: string, svg: string): Promise<void> {
  await writeFile(path, svg).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--svg cannot be written (${error.code}); give the path of a file in a folder that exists`);
  });
}
