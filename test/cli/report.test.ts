/** How the command line prints unexpected errors. */
import { afterEach, expect, it, vi } from 'vitest';
import { reportError } from '../../cli/report.js';
import { UsageError } from '../../cli/usage-error.js';
import { TOKEN } from '../sample-token.js';

afterEach(() => void vi.restoreAllMocks());

function printed(error: unknown, json: boolean): { text: string; exitCode: number } {
  let text = '';
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
  }
  const exitCode = reportError(error, json);
  vi.restoreAllMocks();
  return { text, exitCode };
}

const carrying = (error: Error) => Object.assign(error, { accessToken: TOKEN, response: { code: '135790' } });

it.each([true, false])('neither the message nor the fields show a secret (json: %s)', (json) => {
  for (const error of [
    carrying(new TypeError(`${TOKEN}, 135790 and zoe@example.com`)),
    Object.assign(carrying(new Error(`connect 127.0.0.1:7233 with ${TOKEN} and 135790`)), { code: 'ECONNRESET' }),
    `${TOKEN} and 135790`,
  ]) {
    const { text, exitCode } = printed(error, json);
    expect(text).toMatch(/\[token\].*\[digits\]/);
    expect(text).not.toMatch(/eyJ|135790|zoe/);
    expect(exitCode).toBe(1);
  }
  expect(printed(new TypeError('m'), false).text).toContain('report.test');
});

it('an expected error is printed unchanged', () => {
  const error = Object.assign(new UsageError('--port: 7233 is taken'), { field: 'port' });
  expect(printed(error, false)).toMatchObject({ text: expect.stringContaining('--port: 7233 is taken'), exitCode: 2 });
  expect(JSON.parse(printed(error, true).text)).toMatchObject({ error: { code: 'Usage', field: 'port' } });
});

it('a time in an error is for people what it is in a card, and for programs as it came', () => {
  const error = new UsageError('It is allowed from 2026-01-05T12:31:00.000Z; not 2026-99-99T00:00:00Z.');
  expect(printed(error, false).text).toMatch(/from [^T]*2026[^T]* .*\(.* (ago|h)\); not 2026-99-99T00:00:00Z\./);
  expect(JSON.parse(printed(error, true).text)).toMatchObject({ error: { message: error.message } });
});
