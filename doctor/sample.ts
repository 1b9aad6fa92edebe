/** A payload that says nothing of anybody, to seal and to open. */
export const SAMPLE = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"doctor"') };
