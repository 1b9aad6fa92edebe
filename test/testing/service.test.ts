/** The example service's own tests, with node:test, as a team runs them; `service/` has them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('service', import.meta.url));

/** Runs a test file, and says how much of a processor it took, in seconds. */
async function run(file: string): Promise<{ output: string; seconds: number }> {
  const told = "process.on('exit', () => console.log(`cpu ${process.cpuUsage().user / 1e6}`))";
  const preload = `data:text/javascript,${encodeURIComponent(told)}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', preload, file], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  return { output: stdout, seconds: Number(/cpu ([\d.]+)/.exec(stdout)?.[1]) };
}

// On an idle machine about a second, with the sandbox two. Another process on the same core doubles it.
it.each([
  ['with-fake.test.mjs', 5, 3],
  ['with-sandbox.test.mjs', 1, 6],
  ['common-js.test.cjs', 1, 6],
])('%s', async (file, tests, most) => {
  const { output, seconds } = await run(file);
  expect(output).toContain(`# pass ${tests}`);
  expect(output).toContain('# fail 0');
  expect(seconds).toBeLessThan(most);
});
