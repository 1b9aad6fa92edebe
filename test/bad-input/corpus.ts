/** What nobody should send, and somebody will: values for every place where one comes in. */
import { array, constant, dictionary, integer, jsonValue, oneof, record, sample, string } from 'fast-check';

const deep = (levels: number): unknown => (levels === 0 ? 'end' : { inner: deep(levels - 1) });

/** None of them is a request, a message or a body; each is named, for the report. */
export const VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ['null', null],
  ['true', true],
  ['zero', 0],
  ['a negative number', -1],
  ['a number that JSON writes with an exponent', 1e308],
  ['an empty text', ''],
  ['a text', 'email'],
  ['a text with control characters', '\u0000\u0007\u001b[31m'],
  ['a lone surrogate', '\ud800'],
  ['a text from right to left', '\u202Eemail'],
  ['a text of 100,000 characters', 'x'.repeat(100_000)],
  ['an empty list', []],
  ['a list', [1, 2, 3]],
  ['a list of 10,000', Array.from({ length: 10_000 }, (_, index) => index)],
  ['an empty object', {}],
  ['an unknown field', { attribute: 'email' }],
  ['a field that JavaScript knows', JSON.parse('{"__proto__": {"attributeName": "email"}}')],
  ['a constructor', { constructor: { prototype: { attributeName: 'email' } } }],
  ['a toJSON that is data', { toJSON: 'email' }],
  ['a thousand fields', Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`field${index}`, index]))],
  ['two hundred levels', deep(200)],
  ['an attribute that is none', { accessToken: 'x', attributeName: 'address' }],
  ['an attribute in capitals', { accessToken: 'x', attributeName: 'EMAIL' }],
  ['an attribute that is a list', { accessToken: 'x', attributeName: ['email'] }],
  ['a token that is none', { accessToken: 'Bearer abc', attributeName: 'email', code: '123456' }],
  ['a token of two parts', { accessToken: 'eyJhbGciOiJub25lIn0.e30', attributeName: 'email' }],
  ['a token of dots', { accessToken: '..', attributeName: 'email' }],
  ['a token that is an object', { accessToken: { reveal: 'x' }, attributeName: 'email', code: '123456' }],
  ['a token of 100,000 characters', { accessToken: `${'a'.repeat(100_000)}.b.c`, attributeName: 'email' }],
  ['a token and a reference', { accessToken: 'a.b.c', accessTokenReference: 'r', attributeName: 'email' }],
  ['a reference with spaces', { accessTokenReference: 'a b', userPoolId: 'p', sub: 's', attributeName: 'email' }],
  ['a reference that is a token', { accessTokenReference: 'eyJh.eyJi.c', userPoolId: 'p', sub: 's' }],
  ['a user pool with a slash', { accessTokenReference: 'r', userPoolId: '../x', sub: 's', attributeName: 'email' }],
  ['a code that is a number', { code: 123456 }],
  ['a code with spaces', { code: '123 456' }],
  ['a code with full-width digits', { code: '１２３４５６' }],
  ['a code with a line break', { code: '123456\n' }],
  ['a code of 3,000 digits', { code: '1'.repeat(3_000) }],
  ['a code that is a list', { code: ['1', '2', '3', '4', '5', '6'] }],
  ['a code and more', { code: '123456', more: true }],
  ['metadata that is a text', { clientMetadata: 'a=b' }],
  ['metadata with numbers', { clientMetadata: { a: 1 } }],
  ['metadata within metadata', { clientMetadata: { a: { b: 'c' } } }],
  ['a policy that is a text', { accessToken: 'a.b.c', attributeName: 'email', policy: 'strict' }],
  ['a delivery that is a text', { alreadySent: 'yes' }],
  ['a delivery with numbers', { alreadySent: { destination: 1 } }],
  ['an answer of ours', { result: 'verified', status: { state: 'verified' } }],
];

/** More of the kind, the same in every run. */
export const GENERATED: readonly (readonly [name: string, value: unknown])[] = sample(
  oneof(
    jsonValue({ maxDepth: 3 }),
    record(
      {
        accessToken: jsonValue({ maxDepth: 1 }),
        attributeName: oneof(constant('email'), jsonValue({ maxDepth: 1 })),
        code: oneof(integer(), array(string()), constant(null)),
        policy: dictionary(string(), jsonValue({ maxDepth: 1 })),
        clientMetadata: oneof(integer(), array(string())),
      },
      { requiredKeys: ['code', 'clientMetadata'] },
    ),
  ),
  { numRuns: 60, seed: 20261123 },
).map((value, index) => [`generated ${index + 1}`, value] as const);
