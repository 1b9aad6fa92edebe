/** What replaces secrets in a history that is given away: other values of the same shape. */
import { createHmac, randomBytes } from 'node:crypto';
import { REQUIRED_SCOPE, SUB_FORM, USER_POOL_ID_FORM } from '@cognito-verification/contract';
import { redactText } from '../log/redact-text.js';

/** Shorter values occur in too many texts by chance. */
const SHORTEST_KNOWN = 4;
/** Long enough that two different ids do not become equal. */
const SHORTEST_ID = 22;

/**
 * The stand-ins for one history. Equal values become equal stand-ins, and different values different ones, so that the workflow's
 * comparisons come out the same. The original cannot be found without the key, which is not kept.
 */
export class StandIns {
  /** The stand-ins by original, because free text may hold an original too. */
  private readonly known = new Map<string, string>();

  constructor(private readonly key: Buffer = randomBytes(32)) {}

  /** A token with the same user, pool and time, which the workflow reads. The other claims and the signature are replaced. */
  token(token: string): string {
    const [, claims = '', signature = ''] = token.split('.');
    if (token === '') return token;
    // The workflow refuses a text that is no token, and it must refuse the stand-in too.
    if (!/^[\w=-]+\.[\w=-]+\.[\w=-]*$/.test(token)) return this.keep(token, 'x'.repeat(token.length));
    const header = encoded({ alg: 'RS256', kid: 'stand-in' });
    const another = this.letters(token, Math.max(signature.length, SHORTEST_ID));
    for (const part of [claims, signature]) this.keep(part, '[token]');
    return this.keep(token, `${header}.${standInClaims(claims)}.${another}`);
  }

  /** A code with other digits for digits, and other letters for letters. */
  code(code: string): string {
    const stream = this.bytes(code, code.length);
    return this.keep(
      code,
      code.replaceAll(/[^]/g, (character, index: number) => sameKind(character, stream[index] ?? 0)),
    );
  }

  /** An address or a number of the same form. The workflow refuses another one, and it must refuse the stand-in too. */
  newValue(value: string): string {
    if (/^[^\s@]+@[^\s@]+$/.test(value))
      return this.keep(value, `${this.letters(value, SHORTEST_ID)}@stand-in.invalid`);
    if (!/^\+[1-9]\d+$/.test(value)) return this.opaque(value);
    return this.keep(value, `+1${[...this.bytes(value, value.length - 2)].map((byte) => byte % 10).join('')}`);
  }

  /** For values that are only compared: a reference, the digest of a value. */
  id(id: string): string {
    return this.keep(id, this.letters(id, Math.max(id.length, SHORTEST_ID)).slice(0, 512));
  }

  /** For the id of an update: Temporal shows it in plain text, but a caller may have put anything into it. */
  updateId(id: string): string {
    return redactText(id) === id ? id : this.id(id);
  }

  /** For values that nothing reads: only the length stays. */
  opaque(text: string): string {
    return this.keep(text, 'x'.repeat(text.length));
  }

  /** Notes the stand-in of a value, so that it replaces the value in free text too. Returns the stand-in. */
  keep(value: string, standIn: string): string {
    if (value.length >= SHORTEST_KNOWN) this.known.set(value, standIn);
    return standIn;
  }

  /** Free text, without known secrets and without what looks like a secret. */
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

/** The claims that the workflow reads. A wrong claim stays wrong in the same way, without its content. */
function standInClaims(part: string): string {
  let claims: Record<string, unknown>;
  try {
    claims = Object(JSON.parse(Buffer.from(part, 'base64url').toString()));
  } catch {
    return 'AAAA';
  }
  const { sub, iss, exp, scope, token_use: use } = claims;
  const pool = typeof iss === 'string' ? iss.replace(/\/+$/, '').split('/').at(-1) : undefined;
  const allowed = typeof scope === 'string' && scope.split(' ').includes(REQUIRED_SCOPE);
  return encoded({
    sub: typeof sub === 'string' && SUB_FORM.test(sub) ? sub : undefined,
    iss: pool !== undefined && USER_POOL_ID_FORM.test(pool) ? `https://stand-in.invalid/${pool}` : undefined,
    exp: typeof exp === 'number' ? exp : undefined,
    scope: typeof scope === 'string' ? (allowed ? REQUIRED_SCOPE : 'other') : undefined,
    token_use: use === undefined || use === 'access' ? use : 'other',
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
