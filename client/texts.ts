/**
 * Texts for the people who verify, as data: no code here is needed to use them, and a team may put its own in their place. This
 * module loads nothing else, and runs in a browser too.
 */
import type { Texts } from './text-keys.js';
import { DEUTSCH } from './texts-de.js';
import { ENGLISH } from './texts-en.js';
import { ESPANOL } from './texts-es.js';

export type { Texts } from './text-keys.js';

/**
 * The texts that come with the client, by the language's two letters (ISO 639-1).
 * @example
 * ```ts
 * import { TEXTS, type Texts } from '@cognito-verification/client/texts';
 *
 * const ours: Texts = { ...TEXTS.en, results: { ...TEXTS.en.results, mismatch: 'Nope. Look again?' } };
 * ```
 */
export const TEXTS = { en: ENGLISH, de: DEUTSCH, es: ESPANOL } as const satisfies Record<string, Texts>;
