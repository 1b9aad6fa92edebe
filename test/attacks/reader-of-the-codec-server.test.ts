/**
 * Attacker: somebody who may read through the codec server without the permission to reveal, and who may seal through
 * `/encode`: every user of the machine where a codec server runs on loopback without authorization. The attacker seals
 * guesses, looks at how they are shown, and compares that with how the victim's payload is shown.
 */
import { createHmac, randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { SAMPLES } from '../codec-server/messages.js';
import { asWebUi, contentOf, json, sealed, serve } from '../codec-server/running-codec-server.js';
import { SUB, tokenOf } from '../sample-token.js';
import { attack } from './attack.js';

/** As many as a request may hold. */
const BATCH = 2_000;
/** The last digits of a number, or a short id of a session. */
const ALL = Array.from({ length: 10_000 }, (_, index) => index.toString().padStart(4, '0'));

/** The guesses that are shown as the victim's payload is. One of them: the secret is found. All of them: nothing is. */
async function guessesLike(url: string, victim: unknown, guess: (candidate: string) => unknown): Promise<string[]> {
  const [target] = await contentOf(await asWebUi(url, [sealed(json(victim))]));
  const like: string[] = [];
  for (let at = 0; at < ALL.length; at += BATCH) {
    const candidates = ALL.slice(at, at + BATCH);
    const plain = candidates.map((candidate) => ({
      metadata: { encoding: Buffer.from('json/plain').toString('base64') },
      data: Buffer.from(JSON.stringify(guess(candidate))).toString('base64'),
    }));
    const encoded = (await (await asWebUi(url, plain, { path: '/encode' })).json()) as { payloads: unknown[] };
    const shown = await contentOf(await asWebUi(url, encoded.payloads));
    like.push(...candidates.filter((_, index) => JSON.stringify(shown[index]) === JSON.stringify(target)));
  }
  return like;
}

/** As the worker makes it. */
const digestOf = (number: string) => createHmac('sha256', SUB).update(number).digest('base64url').slice(0, 22);
const secret = () => ALL[randomInt(ALL.length)] ?? '';

attack(
  'the last digits of a number are not found through the digest of the value',
  'the digest of a value is shown',
  async () => {
    const { url } = await serve();
    const read = (digits: string) => ({ verified: false, valueDigest: digestOf(`+1555555${digits}`), salt: SUB });
    const guesses = await guessesLike(url, read(secret()), read);
    expect(guesses).toHaveLength(ALL.length);
  },
);

attack('a short reference to an access token is not found', 'a reference to a token is shown', async () => {
  const { url } = await serve();
  const submit = (reference: string) => ({ code: '123456', accessTokenReference: `session-${reference}` });
  const guesses = await guessesLike(url, submit(secret()), submit);
  expect(guesses).toHaveLength(ALL.length);
});

attack(
  'claims of a token without a signature that nobody can guess are not found',
  'any token has a fingerprint',
  async () => {
    const { url } = await serve();
    for (const signature of ['', 'A'.repeat(42)]) {
      const submit = (digits: string) => ({
        code: '123456',
        accessToken: tokenOf({ sub: SUB, phone_number: `+1555555${digits}` }).replace(/[^.]*$/, signature),
      });
      expect(await guessesLike(url, submit(secret()), submit)).toHaveLength(ALL.length);
    }
  },
);

test('the attack finds what is shown', async () => {
  const { url } = await serve();
  const confirmed = (word: string) => ({
    reference: `order-${word.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))}`,
  });
  const mine = secret();
  expect(await guessesLike(url, confirmed(mine), confirmed)).toEqual([mine]);
});

attack(
  'nothing that is shown of any message depends on a hidden value of the same form',
  'the digest of a value is shown',
  async () => {
    const { url } = await serve();
    for (const [name, { value }] of Object.entries(SAMPLES)) {
      const changed = JSON.parse(
        JSON.stringify(value, (field, content: unknown) => {
          const isHidden =
            typeof content === 'string' && ['code', 'accessTokenReference', 'valueDigest'].includes(field);
          return isHidden ? content.split('').toReversed().join('') : content;
        }),
      ) as unknown;
      const [before, after] = await contentOf(await asWebUi(url, [sealed(json(value)), sealed(json(changed))]));
      expect([name, after]).toEqual([name, before]);
    }
  },
);
