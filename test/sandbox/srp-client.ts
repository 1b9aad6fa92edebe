/**
 * The client's side of SRP, with BigInt and by itself, so that it is not right or wrong together with the sandbox. Tests
 * that need no wrong step in between use real front ends (front-ends.test.ts).
 */
import { createHash, createHmac, getDiffieHellman, hkdfSync, randomBytes } from 'node:crypto';

const N = BigInt(`0x${getDiffieHellman('modp15').getPrime('hex')}`);
const G = 2n;

/** The challenge `PASSWORD_VERIFIER`, as Cognito sends it. */
export type Challenge = Record<string, string>;

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % N];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}

/** With a zero in front of a first digit from 8 on, which would be a sign. */
function padded(number: bigint): string {
  const digits = number.toString(16);
  return digits.length % 2 === 1 ? `0${digits}` : /^[89a-f]/.test(digits) ? `00${digits}` : digits;
}

function hash(hex: string): string {
  return createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
}

/** One exchange. */
export class SrpClient {
  /** The parameter `SRP_A`. */
  readonly publicA: string;
  private readonly a: bigint;

  constructor(
    private readonly userPoolId: string,
    privateA: string = randomBytes(32).toString('hex'),
  ) {
    this.a = BigInt(`0x${privateA}`);
    this.publicA = power(G, this.a).toString(16);
  }

  /** The responses to the challenge. */
  prove(challenge: Challenge, password: string, timestamp = 'Mon Jan 5 12:30:00 UTC 2026'): Record<string, string> {
    const { SALT = '', SRP_B = '', SECRET_BLOCK = '', USER_ID_FOR_SRP = '' } = challenge;
    const poolName = this.userPoolId.split('_')[1] ?? '';
    const publicB = BigInt(`0x${SRP_B}`);
    const scramble = hash(padded(BigInt(`0x${this.publicA}`)) + padded(publicB));
    const identity = createHash('sha256').update(`${poolName}${USER_ID_FOR_SRP}:${password}`).digest('hex');
    const x = BigInt(`0x${hash(padded(BigInt(`0x${SALT}`)) + identity)}`);
    const k = BigInt(`0x${hash(padded(N) + padded(G))}`);
    const base = (((publicB - k * power(G, x)) % N) + N) % N;
    const shared = power(base, this.a + BigInt(`0x${scramble}`) * x);
    const bytes = (number: bigint) => Buffer.from(padded(number), 'hex');
    const key = hkdfSync('sha256', bytes(shared), bytes(BigInt(`0x${scramble}`)), 'Caldera Derived Key', 16);
    const signature = createHmac('sha256', Buffer.from(key))
      .update(poolName + USER_ID_FOR_SRP)
      .update(Buffer.from(SECRET_BLOCK, 'base64'))
      .update(timestamp)
      .digest('base64');
    return {
      USERNAME: USER_ID_FOR_SRP,
      PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: signature,
      TIMESTAMP: timestamp,
    };
  }
}
