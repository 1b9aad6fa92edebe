/** What the command `capacity` refuses, and what it gives to programs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { capacityCommand } from '../../cli/capacity.js';

let file: string;
beforeAll(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'capacity-')), 'input.json');
});
afterAll(() => rm(join(file, '..'), { recursive: true }));

async function run(args: readonly string[], input?: string): Promise<string> {
  let written = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  onTestFinished(() => write.mockRestore());
  if (input !== undefined) await writeFile(file, input);
  const command = await capacityCommand();
  await command.parseAsync([...args, ...(input === undefined ? [] : ['--input', file])], { from: 'user' });
  return written;
}

describe('capacity', () => {
  it.each(['1e5', '1.5', '100,000', '-1', ''])('takes no --per-day %j', async (perDay) => {
    await expect(run([`--per-day=${perDay}`])).rejects.toThrow('--per-day must be a whole number, digits only');
  });

  it.each(['', '{"perDay": 5', "{'perDay': 5}", '{"perDay": 5} x'])('refuses %j, which is no JSON', async (input) => {
    await expect(run([], input)).rejects.toThrow(/^--input is not JSON: .* JSON .*; --example NAME prints an input/);
  });

  it('lets --per-day replace what the input says, and its help says so', async () => {
    const hours = JSON.stringify({ startsByHour: Array(24).fill(5), retentionDays: 2 });
    const { input } = JSON.parse(await run(['--json', '--per-day', '48'], hours)) as { input: Record<string, unknown> };
    expect((input['startsByHour'] as number[]).reduce((sum, count) => sum + count)).toBeCloseTo(48);
    expect(input['retentionDays']).toBe(2);
    const help = (await capacityCommand()).helpInformation().replaceAll(/\s+/g, ' ');
    expect(help).toContain('in place of perDay and startsByHour of --input');
  });

  it('gives programs the verdict, and what the advised limit would do', async () => {
    expect(JSON.parse(await run(['--json', '--per-day', '400']))).toMatchObject({
      binding: 'attempts',
      verdict: 'plenty',
      queueLimitAdvised: 12,
      withQueueLimitAdvised: { verdict: 'plenty', sendDelay: { p95Seconds: 0 }, codeDelay: { p95Seconds: 0 } },
    });
    const limited = await run(['--json'], JSON.stringify({ perDay: 400, queueCallsPerSecond: 12 }));
    expect(JSON.parse(limited)).toMatchObject({ withQueueLimitAdvised: null });
  });
});
