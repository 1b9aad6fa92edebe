import { randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import * as v from 'valibot';
import type { SandboxClock } from './clock.js';

/**
 * What a client carries from one call of a sign-in to the next, and cannot read: `SECRET_BLOCK` and `Session`. The key is
 * in memory alone, so a sign-in does not outlive the sandbox.
 */
export class Sealed {
  private readonly key = randomBytes(32);

  constructor(private readonly clock: SandboxClock) {}

  /** Seals facts for some seconds of the sandbox's time. */
  seal(facts: Record<string, string>, lifetimeSeconds: number): Promise<string> {
    return new EncryptJWT(facts)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime(Math.floor(this.clock.now() / 1000) + lifetimeSeconds)
      .encrypt(this.key);
  }

  /** The facts; undefined when they are too old, other ones than the schema says, or not sealed here. */
  async open<const Schema extends v.GenericSchema>(
    sealed: string,
    schema: Schema,
  ): Promise<v.InferOutput<Schema> | undefined> {
    try {
      const { payload } = await jwtDecrypt(sealed, this.key, { currentDate: new Date(this.clock.now()) });
      const facts = v.safeParse(schema, payload);
      return facts.success ? facts.output : undefined;
    } catch {
      return undefined;
    }
  }
}
