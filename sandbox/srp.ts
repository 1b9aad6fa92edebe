/**
 * The server's side of SRP-6a, by which a user proves a password without sending it, as Cognito's clients compute it. It
 * differs from RFC 5054 in the generator, in how numbers become bytes, and in what is signed at the end.
 */
import {
  createDiffieHellman,
  createHash,
  createHmac,
  getDiffieHellman,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** The group of 3072 bits of RFC 3526. */
const PRIME = getDiffieHellman('modp15').getPrime();
const N = toNumber(PRIME);
const G = 2n;
const MULTIPLIER = toNumber(sha256(toBytes(N), toBytes(G)));
const EPHEMERAL_BYTES = 32;
const KEY_BYTES = 16;

/** Who proves a password: the part of the pool's id after the `_`, and `USER_ID_FOR_SRP`. */
export interface SrpIdentity {
  readonly poolName: string;
  readonly username: string;
}

/** What the sandbox keeps of a password, in hexadecimal digits. */
export interface PasswordVerifier {
  readonly salt: string;
  readonly verifier: string;
}

/** One exchange, in hexadecimal digits. `privateB` is a secret of the server, the other two are on the wire. */
export interface SrpExchange {
  readonly publicA: string;
  readonly publicB: string;
  readonly privateB: string;
}

/** What a client signs to prove the password. */
export interface PasswordClaim {
  /** As decoded from base64. */
  readonly secretBlock: Buffer;
  readonly timestamp: string;
  readonly signature: Buffer;
}

/** The verifier of a password; with the salt of another one it tells whether the passwords are the same. */
export function passwordVerifier(
  { poolName, username }: SrpIdentity,
  password: string,
  salt: string = randomBytes(16).toString('hex'),
): PasswordVerifier {
  const identity = createHash('sha256').update(`${poolName}${username}:${password}`).digest();
  const exponent = toNumber(sha256(toBytes(fromHex(salt)), identity));
  return { salt, verifier: power(G, exponent).toString(16) };
}

/** Answers a client's `SRP_A`. Undefined for what is no number of 3072 bits, or a multiple of the prime, which would prove any password. */
export function startExchange(
  publicA: string,
  { verifier }: PasswordVerifier,
  privateB: string = randomBytes(EPHEMERAL_BYTES).toString('hex'),
): SrpExchange | undefined {
  if (!/^[0-9a-f]{1,768}$/i.test(publicA) || fromHex(publicA) % N === 0n) return undefined;
  const publicB = (MULTIPLIER * fromHex(verifier) + power(G, fromHex(privateB))) % N;
  return { publicA, publicB: publicB.toString(16), privateB };
}

/** Whether the claim was signed by somebody who knows the password. */
export function provesPassword(
  { poolName, username }: SrpIdentity,
  { verifier }: PasswordVerifier,
  exchange: SrpExchange,
  { secretBlock, timestamp, signature }: PasswordClaim,
): boolean {
  const publicA = fromHex(exchange.publicA);
  const scramble = sha256(toBytes(publicA), toBytes(fromHex(exchange.publicB)));
  const base = (publicA * power(fromHex(verifier), toNumber(scramble))) % N;
  const shared = power(base, fromHex(exchange.privateB));
  const salt = toBytes(toNumber(scramble));
  const key = hkdfSync('sha256', toBytes(shared), salt, 'Caldera Derived Key', KEY_BYTES);
  const expected = createHmac('sha256', Buffer.from(key))
    .update(poolName)
    .update(username)
    .update(secretBlock)
    .update(timestamp)
    .digest();
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

/** Node's own `base ** exponent % N`: a Diffie-Hellman secret is just that, and BigInt takes 15 times as long. */
function power(base: bigint, exponent: bigint): bigint {
  const exchange = createDiffieHellman(PRIME, Number(G));
  exchange.setPrivateKey(toBytes(exponent));
  return toNumber(exchange.computeSecret(toBytes(base)));
}

/** As Java's `BigInteger.toByteArray`, on which all clients agree: the least bytes with a sign bit in front. */
function toBytes(number: bigint): Buffer {
  const digits = number.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
}

function toNumber(bytes: Buffer): bigint {
  return fromHex(bytes.toString('hex'));
}

function fromHex(digits: string): bigint {
  return BigInt(`0x${digits}`);
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
