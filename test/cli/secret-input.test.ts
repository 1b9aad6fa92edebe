/** What a person types at the code prompt, and what an interrupt does there. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MAIN } from './run-cli.js';

const SUBMIT = [MAIN, 'submit', 'verify/eu-west-1_pool/2f0e/email'];

/** Runs a command on a terminal of its own, and types a key once it asks for the code. */
const ON_A_TERMINAL = `
import os, pty, sys
key, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0: os.execv(command[0], command)
shown = b''
typed = False
while True:
    try: chunk = os.read(terminal, 1024)
    except OSError: break
    if not chunk: break
    shown += chunk
    if not typed and b'Code: ' in shown:
        os.write(terminal, key.encode())
        typed = True
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

async function typed(key: string): Promise<{ code: number | string | null | undefined; shown: string }> {
  return await new Promise((resolve) => {
    execFile('python3', ['-c', ON_A_TERMINAL, key, process.execPath, ...SUBMIT], (error, shown) =>
      resolve({ code: error ? error.code : 0, shown }),
    );
  });
}

describe.concurrent('the code prompt', () => {
  it.each([
    ['Ctrl-D', '\u0004', 2, 'error: A code is needed'],
    ['Enter alone', '\r', 2, 'error: A code is needed'],
    ['Ctrl-C', '\u0003', 130, 'Nothing was submitted.'],
  ])('ends on %s', async (_name, key, code, words) => {
    expect(await typed(key)).toEqual({ code, shown: expect.stringContaining(words) });
  });
});

it('Ctrl-C while the code comes from a pipe ends with exit code 130 and a sentence', async () => {
  const child = spawn(process.execPath, SUBMIT, { env: { PATH: process.env['PATH'] }, stdio: 'pipe' });
  const said = text(child.stderr);
  // It prints nothing before it has read the code. By now it reads; an earlier interrupt may end it without an exit code.
  await sleep(3_000);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect({ code, said: await said }).toEqual({ code: 130, said: 'Interrupted. Nothing was sent.\n' });
});
