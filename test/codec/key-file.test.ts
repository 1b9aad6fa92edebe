import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  KEY_SETTINGS,
  type KeyRing,
  keyRingFromSettings,
  SettingError,
  UnknownKeyError,
} from '@cognito-verification/codec';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const { file: FILE } = KEY_SETTINGS;
const pair = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [A, B] = [pair('a'), pair('b')];

let folder: string;
let file: string;
let problems: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  folder = mkdtempSync(join(tmpdir(), 'key-file-'));
  file = join(folder, 'keys');
  problems = [];
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const ringOf = (path: string): KeyRing => keyRingFromSettings({ [FILE]: path }, (problem) => problems.push(problem));
const sealing = async (ring: KeyRing): Promise<string> => (await ring.current()).id;
/** Moves past the interval in which the ring does not check the file. */
const later = (): void => {
  vi.advanceTimersByTime(5_001);
};

/** As an operator or a careless script does it: in place. */
const writeOver = (text: string): void => {
  writeFileSync(file, text, { mode: 0o600 });
};

/** Atomically, as it should be done. */
const replace = (text: string): void => {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
};

describe.each([
  ['written over', writeOver],
  ['replaced', replace],
])('a file that is %s', (_, write) => {
  it('seals with its new first key within five seconds, and opens with the old one', async () => {
    write(`${A}\n`);
    const ring = ringOf(file);
    expect(await sealing(ring)).toBe('a');
    write(`# since today, 14:00\n${B}\n${A}\n`);
    expect(await sealing(ring)).toBe('a');
    later();
    expect(await sealing(ring)).toBe('b');
    expect((await ring.find('a')).id).toBe('a');
    expect(problems).toEqual([]);
  });

  it('is read again at once for an unknown id', async () => {
    write(A);
    const ring = ringOf(file);
    await expect(ring.find('b')).rejects.toThrow(UnknownKeyError);
    write(`${A},${B}`);
    expect((await ring.find('b')).id).toBe('b');
  });

  it('that drops a key also drops it for a ring that only opens', async () => {
    write(`${A}\n${B}`);
    const ring = ringOf(file);
    write(A);
    later();
    await expect(ring.find('b')).rejects.toThrow(UnknownKeyError);
  });
});

it('a mounted secret: a link whose target folder changes', async () => {
  for (const [name, text] of [
    ['first', A],
    ['second', `${B}\n${A}`],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'keys'), text, { mode: 0o600 });
  }
  const current = join(folder, 'current');
  symlinkSync('first', current);
  const ring = ringOf(join(current, 'keys'));
  expect(await sealing(ring)).toBe('a');
  symlinkSync('second', `${current}.new`);
  renameSync(`${current}.new`, current);
  later();
  expect(await sealing(ring)).toBe('b');
});

describe('a change that breaks the file', () => {
  it.each([
    ['cut short', () => writeOver(A.slice(0, 20)), /key 1 of 1 with \d+ bytes/],
    ['emptied', () => writeOver(''), /found no key/],
    ['gone', () => unlinkSync(file), /the file ".*keys" that does not exist|a file that does not exist/],
    ['a folder now', () => (unlinkSync(file), mkdirSync(file)), /cannot be read \(EISDIR\)/],
  ])(
    '%s: the previous keys stay, and the problem is reported once until it is corrected',
    async (_, breakIt, problem) => {
      writeOver(`${A}\n${B}`);
      const ring = ringOf(file);
      breakIt();
      for (let look = 0; look < 3; look++) {
        later();
        expect(await sealing(ring)).toBe('a');
        expect((await ring.find('b')).id).toBe('b');
        await expect(ring.find('c')).rejects.toThrow(UnknownKeyError);
      }
      expect(problems).toEqual([expect.stringMatching(problem)]);
      expect(problems[0]).toMatch(/^VERIFICATION_ENCRYPTION_KEYS_FILE: found .*\. The previous keys stay in use\.$/);
      expect(problems[0]).not.toContain(A.slice(2, 12));

      rmSync(file, { recursive: true, force: true });
      writeOver(`${B}\n${A}`);
      later();
      expect(await sealing(ring)).toBe('b');
      writeOver('broken again');
      later();
      expect(await sealing(ring)).toBe('b');
      expect(problems).toHaveLength(2);
    },
  );
});

function refusal(path: string): string {
  try {
    ringOf(path);
    return 'taken';
  } catch (error) {
    return String(error);
  }
}

describe.skipIf(process.platform === 'win32')('a file for every user of the machine', () => {
  it.each([0o644, 0o604, 0o666, 0o602, 0o601, 0o444, 0o777])('with mode %o is refused, with the remedy', (mode) => {
    writeOver(A);
    chmodSync(file, mode);
    expect(refusal(file)).toBe(
      `SettingError: ${FILE}: found the file ${JSON.stringify(file)} with mode 0${mode.toString(8)}, which is open to ` +
        `every user of this machine; allowed: a file for its owner alone: chmod 600 ${file}; ` +
        'if it is mounted with another owner: mode 0440 and a group of this process',
    );
    chmodSync(file, 0o600);
    expect(refusal(file)).toBe('taken');
  });

  it('is refused behind a link too', () => {
    writeOver(A);
    chmodSync(file, 0o644);
    symlinkSync(file, join(folder, 'link'));
    expect(refusal(join(folder, 'link'))).toContain('chmod 600');
  });

  it.each([0o600, 0o400, 0o440, 0o640, 0o660])('but one with mode %o is taken', (mode) => {
    writeOver(A);
    chmodSync(file, mode);
    expect(refusal(file)).toBe('taken');
  });

  it('does not become the keys of a process that runs', async () => {
    writeOver(A);
    const ring = ringOf(file);
    chmodSync(file, 0o644);
    later();
    expect(await sealing(ring)).toBe('a');
    expect(problems).toEqual([expect.stringMatching(/mode 0644.*chmod 600.*The previous keys stay in use\.$/)]);
  });

  // As the kubelet writes a volume of a secret: a folder of its own for each version, `..data` leads to the newest, and each
  // file is a link through it. The mode is 0644 by default, and with `fsGroup` a group is added.
  it.each([0o644, 0o444, 0o440, 0o400])('may be a secret that Kubernetes has mounted, with mode %o', async (mode) => {
    const version = (name: string, text: string) => {
      mkdirSync(join(folder, name), { mode: 0o755 });
      writeFileSync(join(folder, name, 'keys'), text);
      chmodSync(join(folder, name, 'keys'), mode);
      symlinkSync(name, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    version('..2026_11_26_13_27_46.1234567890', A);
    symlinkSync('..data/keys', file);
    const ring = ringOf(file);
    version('..2026_11_27_00_00_00.987654321', `${B}\n${A}`);
    later();
    expect(await sealing(ring)).toBe('b');
    expect(problems).toEqual([]);
  });

  const readOnly = '/sys/kernel/uevent_seqnum';
  it.skipIf(!isReadOnly(readOnly))('may be on a read-only mount, where no mode can be changed', () => {
    expect(refusal(readOnly)).toContain('key 1 of 1 without an id');
  });
});

function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS';
  }
}

describe('an unusable file is refused at the start', () => {
  it('if it is missing or not a file; its path is shown', () => {
    expect(refusal(join(folder, 'none'))).toBe(
      `SettingError: ${FILE}: found the file ${JSON.stringify(join(folder, 'none'))} that does not exist; ` +
        'allowed: the path of a file with id:key pairs, the key 32 bytes in base64, the first to seal and all to open',
    );
    expect(refusal(folder)).toMatch(/that cannot be read \(EISDIR\)/);
    expect(refusal('./none')).toMatch(/the file "\.\/none" that does not exist/);
  });

  it('if its contents are invalid', () => {
    writeOver(`${A}\n${A}`);
    expect(refusal(file)).toMatch(/KEYS_FILE: found key 2 of 2 with the id of key 1; allowed: each id once/);
  });

  it('if the setting holds keys instead of a path: they are not shown', () => {
    for (const text of [A, A.slice(2), `${A},${B}`, A.slice(2).replaceAll('=', '')]) {
      expect(refusal(text)).toMatch(/KEYS_FILE: found a file that (does not exist|cannot be read \(ENOTDIR\))/);
    }
  });
});

it('a look at the keys sees at once that the file is gone, holds no keys, or is back', async () => {
  replace(A);
  const ring = ringOf(file);
  await ring.check?.();
  renameSync(file, `${file}.away`);
  await expect(ring.check?.()).rejects.toThrow(/does not exist/);
  writeOver('no keys');
  await expect(ring.check?.()).rejects.toThrow(SettingError);
  expect(await sealing(ring)).toBe('a');
  replace(B);
  await ring.check?.();
  expect(await sealing(ring)).toBe('b');
});
