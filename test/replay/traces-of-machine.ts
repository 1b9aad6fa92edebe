/** Anything that identifies the machine on which a history was recorded. */
import { homedir, hostname } from 'node:os';
import { isSealed, type KeyRing, open } from '@cognito-verification/codec';
import type { Payload } from '@temporalio/common';
import type { History } from '../../temporal/proto-json.js';
import { IDENTITY } from './rig.js';

/** Paths and stack frames; other names of a machine are found by value. */
const TRACES = [/file:\/\//, /node_modules/, /(\n|\\n)\s*at /, /\/(home|root|usr|Users|work|tmp)\//];

/** Searches everything, including sealed payloads. */
export async function tracesOfMachine(history: History, keys: KeyRing): Promise<string[]> {
  const found = new Set<string>();
  const patterns = [...TRACES, ...[hostname(), homedir()].filter((name) => name.length > 3).map(literal)];
  const look = (text: string) => {
    for (const pattern of patterns) {
      const match = pattern.exec(text);
      if (match) found.add(text.slice(Math.max(0, match.index - 20), match.index + 60));
    }
  };
  for (const { key, value } of leavesOf(history)) {
    if (typeof value === 'string') {
      look(value);
      if (key === 'identity' && value !== IDENTITY && value !== '' && !value.startsWith('history-service')) {
        found.add(`identity ${value}`);
      }
    } else {
      const opened = isSealed(value) ? await open(value, keys) : value;
      look(Buffer.from(opened.data ?? []).toString());
    }
  }
  return [...found];
}

function literal(name: string): RegExp {
  return new RegExp(name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
}

/** Every text and every payload. */
function* leavesOf(value: unknown, key = ''): Generator<{ key: string; value: string | Payload }> {
  if (typeof value === 'string') yield { key, value };
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if ('metadata' in value && 'data' in value) {
    yield { key, value: value as Payload };
    return;
  }
  for (const [name, inner] of Object.entries(value)) yield* leavesOf(inner, name);
}
