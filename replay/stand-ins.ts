/** What stands in for secrets in a history that leaves the house: other values of the same shape. */
import { createHmac, randomBytes } from 'node:crypto';
import { REQUIRED_SCOPE } from '@cognito-verification/contract';
import { redactText } from '../log/redact-text.js';

/** Shorter values are found in too many places that have nothing to do with them. */
const SHORTEST_KNOWN = 4;
/** Two that were different must not become the same. */
const SHORTEST_ID = 22;

/**
 * The stand-ins for one history. Equal values become equal ones, and different values different ones, so that the workflow
 * compares them as it did; nobody can tell without the key, which is thrown away, what they stand for.
 */
export class StandIns {
  /** What was met, by value: it may stand in free text too. */
  private readonly known = new Map<string, string>();

  constructor(private readonly key: Buffer = randomBytes(32)) {}

  /** The same user, pool and time, for the workflow reads those; nothing else about the user, and another signature. */
  token(token: string): string {
    const [, claims = '', signature = ''] = token.split('.');
    if (token === '') return token;
    // The workflow refuses what is no token, and goes on refusing.
    if (!/^[\w=-]+\.[\w=-]+\.[\w=-]*$/.test(token)) return this.keep(token, 'x'.repeat(token.length));
    const header = encoded({ alg: 'RS256', kid: 'stand-in' });
    const another = this.letters(token, Math.max(signature.length, SHORTEST_ID));
    for (const part of [claims, signature]) this.keep(part, '[token]');
    return this.keep(token, `${header}.${standInClaims(claims)}.${another}`);
  }

  /** Other digits for digits, other letters for letters. */
  code(code: string): string {
    const stream = this.bytes(code, code.length);
    return this.keep(
      code,
      code.replaceAll(/[^]/g, (character, index: number) => sameKind(character, stream[index] ?? 0)),
    );
  }

  /** For what is compared and never looked into: a reference, the digest of a value. */
  id(id: string): string {
    return this.keep(id, this.letters(id, Math.max(id.length, SHORTEST_ID)).slice(0, 512));
  }

  /** For what nobody looks at: only its length. */
  opaque(text: string): string {
    return this.keep(text, 'x'.repeat(text.length));
  }

  /** Something that may stand in free text, and is to become this there. */
  keep(value: string, standIn: string): string {
    if (value.length >= SHORTEST_KNOWN) this.known.set(value, standIn);
    return standIn;
  }

  /** Free text, without what is known to be secret and what looks like it. */
  text(text: string): string {
    let replaced = text;
    for (const [value, standIn] of this.known) {
      if (replaced.includes(value)) replaced = replaced.replaceAll(value, standIn);
    }
    return redactText(replaced);
  }

  private letters(value: string, length: number): string {
    return this.bytes(value, length).toString('base64url').slice(0, length);
  }

  private bytes(value: string, length: number): Buffer {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
      createHmac('sha256', this.key).update(`${index} ${value}`).digest(),
    );
    return Buffer.concat(blocks).subarray(0, length);
  }
}

/** Claims that the workflow reads. Wrong ones stay wrong in the same way, without what is in them. */
function standInClaims(part: string): string {
  let claims: Record<string, unknown>;
  try {
    claims = Object(JSON.parse(Buffer.from(part, 'base64url').toString()));
  } catch {
    return 'AAAA';
  }
  const { sub, iss, exp, scope, token_use: use } = claims;
  const pool = typeof iss === 'string' ? iss.replace(/\/+$/, '').split('/').at(-1) : undefined;
  return encoded({
    ...(typeof sub === 'string' && /^[\w-]{1,128}$/.test(sub) ? { sub } : {}),
    ...(pool !== undefined && /^[\w-]{1,55}$/.test(pool) ? { iss: `https://stand-in.invalid/${pool}` } : {}),
    ...(typeof exp === 'number' ? { exp } : {}),
    ...(typeof scope === 'string'
      ? { scope: scope.split(' ').includes(REQUIRED_SCOPE) ? REQUIRED_SCOPE : 'other' }
      : {}),
    ...(use === undefined ? {} : { token_use: use === 'access' ? use : 'other' }),
  });
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function sameKind(character: string, byte: number): string {
  const other = (first: string, count: number) => {
    const own = character.charCodeAt(0) - first.charCodeAt(0);
    return String.fromCharCode(first.charCodeAt(0) + ((own + 1 + (byte % (count - 1))) % count));
  };
  if (/\d/.test(character)) return other('0', 10);
  if (/[a-z]/.test(character)) return other('a', 26);
  if (/[A-Z]/.test(character)) return other('A', 26);
  return /\s/.test(character) ? ' ' : '-';
}
