import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isSameProcessAlive } from '../../dev/process-identity.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';

let cli: string;
let folder: string;

beforeAll(async () => {
  cli = await temporalCli();
  folder = await mkdtemp(join(tmpdir(), 'temporal-server-'));
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function untilGone(pid: number, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (await isSameProcessAlive({ pid })) {
    if (Date.now() > deadline) throw new Error(`process ${pid} is still there after ${limitMs} ms`);
    await sleep(50);
  }
}

test('serves workflows and the Web UI, and keeps them in its file across a restart', async () => {
  const options = {
    cli,
    dbFilename: join(folder, 'kept', 'temporal.db'),
    logFile: join(folder, 'kept', 'server.log'),
    namespace: 'verification',
    searchAttributes: { VerificationColour: 'Keyword' },
  } as const;
  for (const round of [1, 2]) {
    const server = await startTemporalServer(options);
    const connection = await Connection.connect({ address: server.address });
    try {
      const client = new Client({ connection, namespace: 'verification' });
      if (round === 1) {
        const search = { searchAttributes: { VerificationColour: ['red'] } };
        await client.workflow.start('nobody', { taskQueue: 'nobody', workflowId: 'kept', ...search });
      }
      const described = await client.workflow.getHandle('kept').describe();
      expect(described.status.name).toBe('RUNNING');
      expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
    } finally {
      await connection.close();
      await server.close();
    }
    await untilGone(server.pid, 1_000);
    await server.close(); // a second call is harmless
  }
});

test('keeps its file where it is told, whatever the folder is called', async () => {
  const name = "a #b?mode=memory&100% %41 it's ü";
  const place = join(folder, name, 'state');
  const options = { cli, headless: true, dbFilename: join(place, 'temporal.db') };
  for (const round of [1, 2]) {
    const server = await startTemporalServer(options);
    const connection = await Connection.connect({ address: server.address });
    try {
      const client = new Client({ connection });
      if (round === 1) await client.workflow.start('nobody', { taskQueue: 'nobody', workflowId: 'kept' });
      expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    } finally {
      await connection.close();
      await server.close();
    }
  }
  expect((await readdir(place)).filter((file) => !file.startsWith('temporal.db'))).toEqual([]);
  expect(await readdir(join(folder, name))).toEqual(['state']);
});

test.each(['a#b.db', 'a?b', '100%', '-x'])('a file called %s is refused', async (name) => {
  const dbFilename = join(folder, name);
  await expect(startTemporalServer({ cli, headless: true, dbFilename })).rejects.toThrow(
    /Choose a name without # \? %/,
  );
});

test('uses other ports if the requested ones are taken, and returns them', async () => {
  const occupants = [createServer(), createServer()];
  for (const occupant of occupants) await once(occupant.listen(0, '127.0.0.1'), 'listening');
  const [port = 0, uiPort = 0] = occupants.map((occupant) =>
    Number(JSON.parse(JSON.stringify(occupant.address())).port),
  );
  try {
    const server = await startTemporalServer({ cli, port, uiPort });
    try {
      expect(server.address).not.toBe(`127.0.0.1:${port}`);
      expect(server.uiUrl).not.toBe(`http://127.0.0.1:${uiPort}`);
      expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
    } finally {
      await server.close();
    }
    expect(occupants.every((occupant) => occupant.listening)).toBe(true);
  } finally {
    for (const occupant of occupants) occupant.close();
  }
});

test('a server that cannot start is reported in its own words', async () => {
  await expect(startTemporalServer({ cli, headless: true, dbFilename: folder })).rejects.toThrow(/database/);
  const absent = join(folder, 'absent');
  await expect(startTemporalServer({ cli: absent, headless: true })).rejects.toThrow(/cannot be executed/);
});

test.each(['SIGKILL', 'SIGTERM'] as const)('does not outlive its owner when %s ends that', async (signal) => {
  // The owner must be a process of its own, and plain Node only reads compiled code.
  const compiled = resolve(import.meta.dirname, '../../dist/dev/temporal-server.js');
  const owner = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `const { startTemporalServer } = await import(${JSON.stringify(compiled)});
       const server = await startTemporalServer({ cli: ${JSON.stringify(cli)}, headless: true });
       console.log(server.pid);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(owner.stdout, 'data');
  const pid = Number(String(line));
  expect(await isSameProcessAlive({ pid })).toBe(true);
  owner.kill(signal);
  await once(owner, 'exit');
  await untilGone(pid, 15_000);
});

test('the log file receives the warnings of the server', async () => {
  const logFile = join(folder, 'log', 'server.log');
  const server = await startTemporalServer({ cli, headless: true, logFile });
  await server.close();
  expect(await readFile(logFile, 'utf8')).toMatch(/level=/);
});
