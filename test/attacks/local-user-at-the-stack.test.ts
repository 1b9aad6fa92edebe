/**
 * Attacker: another user of the machine on which somebody runs a local stack. The attacker makes the state folder beforehand,
 * or puts files into it; replaces a cached binary; and reads what programs are given in their environment.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, link, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_SETTINGS, keyRingFromSettings } from '@cognito-verification/codec';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cachedBinary } from '../../dev/binary-cache.js';
import { spawnServer } from '../../dev/server-process.js';
import { openStackFolder } from '../../dev/stack-folder.js';
import { provideKeys } from '../../dev/stack-keys.js';
import { attack } from './attack.js';

let place: string;
let stateDir: string;
beforeEach(async () => {
  for (const name of ['KEYS', 'KEYS_FILE', 'KMS_KEYS']) vi.stubEnv(`VERIFICATION_ENCRYPTION_${name}`, undefined);
  place = await mkdtemp(join(tmpdir(), 'attack-'));
  stateDir = join(place, 'state');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(place, { recursive: true, force: true });
});

const PLANTED = `local:${randomBytes(32).toString('base64')}\n`;
const OTHER_USER = 65_534;
/** Only root can give a file to somebody else. */
const isRoot = process.getuid?.() === 0;

/** What the stack does with its folder before it starts anything. */
async function open(): Promise<string> {
  const folder = await openStackFolder(stateDir);
  if ('pid' in folder) return `in use by ${folder.pid}`;
  try {
    const { ring } = await provideKeys(folder);
    const used = (await ring.current()).secret.export().toString('base64');
    return PLANTED.includes(used) ? 'uses the planted key' : 'uses a key of its own';
  } finally {
    await folder.release();
  }
}

/** Nothing outside of the state folder was made or changed. */
async function isUntouched(folder: string, files: string[]): Promise<void> {
  expect((await readdir(folder)).toSorted((a, b) => a.localeCompare(b))).toEqual(files);
}

describe('a state folder that was there before', () => {
  test('may be one of this user', async () => {
    await mkdir(stateDir, { mode: 0o755 });
    await chmod(stateDir, 0o755);
    expect(await open()).toBe('uses a key of its own');
    expect(await open()).toBe('uses a key of its own');
  });

  attack('must not be a link', 'a state folder may be a link', async () => {
    const elsewhere = join(place, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'encryption-keys'), PLANTED, { mode: 0o600 });
    await symlink(elsewhere, stateDir);
    await expect(open()).rejects.toThrow(/the folder .*state is a link.*--state-dir/s);
    await isUntouched(elsewhere, ['encryption-keys']);
  });

  attack.each([0o777, 0o775, 0o757, 0o1777])(
    'must not be open to others, as with mode %o',
    'a state folder may be open to others',
    async (mode) => {
      await mkdir(stateDir);
      await chmod(stateDir, mode);
      await writeFile(join(stateDir, 'encryption-keys'), PLANTED, { mode: 0o600 });
      await expect(open()).rejects.toThrow(
        new RegExp(`mode ${mode.toString(8).padStart(4, '0')}.*chmod 700 ${stateDir}`, 's'),
      );
      await isUntouched(stateDir, ['encryption-keys']);
      expect((await lstat(stateDir)).mode & 0o7777).toBe(mode);
    },
  );

  attack.runIf(isRoot)('must not be that of another user', "a state folder may be another user's", async () => {
    await mkdir(stateDir, { mode: 0o700 });
    await writeFile(join(stateDir, 'encryption-keys'), PLANTED, { mode: 0o600 });
    await chown(stateDir, OTHER_USER, OTHER_USER);
    await expect(open()).rejects.toThrow(/belongs to another user \(uid 65534\).*--state-dir/s);
    await isUntouched(stateDir, ['encryption-keys']);
  });
});

describe('what was put into the folder while others could', () => {
  beforeEach(async () => await mkdir(stateDir, { mode: 0o700 }));

  attack.each([
    'encryption-keys',
    'encryption-keys.unfinished',
    'lock',
    'running',
    '.gitignore',
    'temporal.db',
    'temporal-server.log',
    'worker.log',
    'codec-server.log',
    'sandbox-state',
    'demo-user',
    'access-token',
    'env',
    'temporal-server',
    'any',
  ])('%s must not be a link', 'a file of the stack may be a link', async (name) => {
    const target = join(place, 'of-the-victim');
    await writeFile(target, PLANTED, { mode: 0o600 });
    for (const where of [target, join(place, 'nowhere')]) {
      await symlink(where, join(stateDir, name));
      await expect(open()).rejects.toThrow(new RegExp(`${name} is a link.*Remove it`, 's'));
      await rm(join(stateDir, name));
    }
    expect(await readFile(target, 'utf8')).toBe(PLANTED);
    await isUntouched(place, ['of-the-victim', 'state']);
  });

  attack(
    'a log must not be another name of a file of this user',
    'a file of the stack may have another name',
    async () => {
      const target = join(place, 'of-the-victim');
      await writeFile(target, 'precious');
      await link(target, join(stateDir, 'worker.log'));
      await expect(open()).rejects.toThrow(/worker\.log has another name.*Remove it/s);
    },
  );

  attack.runIf(isRoot)(
    'keys must not be those of another user',
    "a file of the stack may be another user's",
    async () => {
      await writeFile(join(stateDir, 'encryption-keys'), PLANTED, { mode: 0o600 });
      await chown(join(stateDir, 'encryption-keys'), OTHER_USER, OTHER_USER);
      await expect(open()).rejects.toThrow(/encryption-keys belongs to another user \(uid 65534\).*Remove it/s);
    },
  );

  test('a stack that runs is no obstacle', async () => {
    const first = await openStackFolder(stateDir);
    if ('pid' in first) throw new Error('nobody else knows the folder');
    try {
      await first.publish({
        pid: process.pid,
        temporal: '127.0.0.1:1',
        namespace: 'default',
        taskQueue: 'any',
        codecServer: 'http://127.0.0.1:2',
        stateDir,
        environmentFile: join(stateDir, 'env'),
      });
      expect(await open()).toBe(`in use by ${process.pid}`);
    } finally {
      await first.release();
    }
  });
});

describe('the keys of somebody else', () => {
  const ringOf = (path: string) => keyRingFromSettings({ [KEY_SETTINGS.file]: path });

  attack.each([0o604, 0o602, 0o666])(
    'a file with mode %o, which everybody may read or write, is not used',
    'a key file may be open to everybody',
    async (mode) => {
      const path = join(place, 'keys');
      await writeFile(path, PLANTED);
      await chmod(path, mode);
      expect(() => ringOf(path)).toThrow(/keys.* with mode .*chmod 600/);
    },
  );

  attack.each([0, 0x41, 0xff])('32 bytes of %d are no key', 'a key may repeat one byte', async (byte) => {
    const path = join(place, 'keys');
    await writeFile(path, `local:${Buffer.alloc(32, byte).toString('base64')}\n`, { mode: 0o600 });
    expect(() => ringOf(path)).toThrow('bytes that repeat');
  });
});

describe('a cached binary', () => {
  const content = randomBytes(1_000);
  const platform = `${process.platform}-${process.arch}`;
  const pin = {
    title: 'binary of this test',
    distribution: 'no-such-distribution-anywhere',
    version: '1.0.0',
    executable: 'tool',
    pathVariable: 'NONE',
    wheels: {
      [platform]: {
        sha256: '0'.repeat(64),
        binarySha256: 'a6a0f8d7b1d2f5b0b3c7b9f3f8d6d6f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6',
        binaryBytes: content.byteLength,
      },
    },
  };

  attack('of the right size and other content is not used', 'a cached binary is known by its size', async () => {
    vi.stubEnv('XDG_CACHE_HOME', place);
    // Nothing to fetch it again with.
    vi.stubEnv('PATH', place);
    const folder = join(place, 'cognito-verification', `tool-1.0.0-${platform}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, process.platform === 'win32' ? 'tool.exe' : 'tool'), content);
    await expect(cachedBinary(pin, () => undefined)).rejects.toThrow('there is no python3 with pip on the PATH');
  });
});

describe.skipIf(process.platform === 'win32')('the programs that a stack starts', () => {
  const SECRETS = {
    VERIFICATION_ENCRYPTION_KEYS: 'canary-keys',
    VERIFICATION_ACCESS_TOKEN_SOURCE_TOKEN: 'canary-token',
    AWS_SECRET_ACCESS_KEY: 'canary-secret',
    AWS_SESSION_TOKEN: 'canary-session',
    TEMPORAL_API_KEY: 'canary-api-key',
    TEMPORAL_TLS_CLIENT_KEY_DATA: 'canary-tls',
    NODE_OPTIONS: '',
    GITHUB_TOKEN: 'canary-github',
  };

  attack('are told nothing that they do not need', 'a program is told everything', async () => {
    for (const [name, value] of Object.entries(SECRETS)) vi.stubEnv(name, value);
    const cli = join(place, 'server');
    const told = join(place, 'told');
    await writeFile(cli, `#!/bin/sh\nenv > '${told}.new'; mv '${told}.new' '${told}'; exec sleep 30\n`, {
      mode: 0o755,
    });
    const server = await spawnServer(cli, []);
    try {
      await vi.waitFor(async () => await readFile(told, 'utf8'), { timeout: 10_000 });
      const texts = [await readFile(told, 'utf8'), ...(await environmentsOfGuards(server.pid))];
      expect(texts[0]).toContain(`PATH=${process.env['PATH']}`);
      if (process.platform === 'linux') expect(texts).toHaveLength(2);
      for (const text of texts) {
        expect(text).not.toContain('canary');
        expect(text).not.toMatch(/^(?:VERIFICATION|AWS|TEMPORAL|NODE)_/m);
      }
    } finally {
      await server.stop();
    }
  });

  /** Of the shells that end the server when this process is killed. Linux tells them. */
  async function environmentsOfGuards(pid: number): Promise<string[]> {
    const processes = await readdir('/proc').catch(() => []);
    const found = await Promise.all(
      processes.map(async (id) => {
        const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
        const isGuard = command.includes(`\0child-guard\0${pid}\0`);
        return isGuard ? await readFile(`/proc/${id}/environ`, 'utf8') : undefined;
      }),
    );
    return found.flatMap((text) => (text === undefined ? [] : [text.replaceAll('\0', '\n')]));
  }
});
