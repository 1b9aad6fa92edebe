import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encryptionKey, keyRingOf, parseKeys } from '@cognito-verification/codec';
import type { Payload } from '@temporalio/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { bare, codecOf, inWorkflow, openOne, sealOne } from '../codec/fixtures.js';
import { findPython } from './find-python.js';

/** A payload as protobuf writes it in JSON: bytes in base64. */
interface JsonPayload {
  metadata: Record<string, string>;
  data?: string;
}
interface Golden {
  keysInHex: Record<string, string>;
  vectors: { name: string; payload: JsonPayload; sealed: JsonPayload; sealedTagFirst: JsonPayload }[];
}

const pathOf = (file: string): string => join('test', 'python', file);
const GOLDEN = JSON.parse(readFileSync(pathOf('golden-payloads.json'), 'utf8')) as Golden;
const MINUTES = 60_000;

const fromJson = ({ metadata, data = '' }: JsonPayload): Payload => ({
  metadata: mapValues(metadata, (text) => Buffer.from(text, 'base64')),
  data: Buffer.from(data, 'base64'),
});
const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: mapValues(metadata ?? {}, (bytes) => Buffer.from(bytes).toString('base64')),
  data: Buffer.from(data ?? []).toString('base64'),
});

function mapValues<From, To>(values: Record<string, From>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]));
}

describe('payloads sealed by Python', () => {
  const golden = keyRingOf(
    ...Object.entries(GOLDEN.keysInHex).map(([id, key]) => encryptionKey(id, Buffer.from(key, 'hex'))),
  );

  it.each(GOLDEN.vectors)('open: $name', async ({ payload, sealed, sealedTagFirst }) => {
    for (const envelope of [sealed, sealedTagFirst]) {
      const opened = await codecOf(golden).decode([fromJson(envelope)], inWorkflow('w'));
      expect(opened.map(bare)).toEqual([bare(fromJson(payload))]);
    }
  });
});

describe('with an installed Python', () => {
  const keys = ['b', 'a'].map((id) => `${id}:${randomBytes(32).toString('base64')}`).join();
  const codec = codecOf(keyRingOf(...parseKeys(keys, 'keys')));
  const values = ['135790', { accessToken: 'a.b.c', list: [1, null, { deep: true }] }, 'Zoë 日本 🔑', 17.5];
  let python: string | undefined;

  beforeAll(async () => {
    python = await findPython();
  }, 10 * MINUTES);

  const runPython = async (script: string, input: unknown = ''): Promise<unknown> =>
    await new Promise((resolve, reject) => {
      const options = { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } };
      const child = execFile(python ?? '', [pathOf(script)], options, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr, { cause: error }));
        else resolve(JSON.parse(stdout));
      });
      child.stdin?.end(JSON.stringify(input));
    });

  it('each side opens what the other has sealed', async (context) => {
    if (python === undefined) context.skip('no python3 on this machine');
    // Bound to a place or not: Python ignores the binding.
    const ours = await Promise.all(
      values.map((value, index) => sealOne(codec, value, index % 2 === 0 ? inWorkflow('w') : undefined)),
    );
    const answer = await runPython('interop.py', { keys, seal: values, open: ours.map(toJson) });
    const { sealed, opened } = answer as { sealed: JsonPayload[]; opened: unknown[] };
    expect(opened).toEqual(values);
    for (const [index, payload] of sealed.entries()) {
      expect(await openOne(codec, fromJson(payload), inWorkflow('w'))).toEqual(values[index]);
    }
    expect(sealed).toHaveLength(values.length);
  });

  it('the payloads in this repository match the output of the script', async (context) => {
    if (python === undefined) context.skip('no python3 on this machine');
    expect(await runPython('golden_payloads.py')).toEqual(GOLDEN);
  });
});
