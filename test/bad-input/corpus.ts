/** Values and bodies that are invalid in every place that takes input. */
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';

type Named<Value> = readonly (readonly [name: string, value: Value])[];

const deep = (levels: number): unknown => (levels === 0 ? 'end' : { inner: deep(levels - 1) });

/** Chosen by hand. */
const VALUES: Named<unknown> = [
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
  ['an unknown field', { attribute: 'email' }],
  ['a field that JavaScript knows', JSON.parse('{"__proto__": {"attributeName": "email"}}')],
  ['a constructor', { constructor: { prototype: { attributeName: 'email' } } }],
  ['a toJSON that is data', { toJSON: 'email' }],
  ['a thousand fields', Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`field${index}`, index]))],
  ['two hundred levels', deep(200)],
  ['an unknown attribute', { accessToken: 'x', attributeName: 'address' }],
  ['an attribute in capitals', { accessToken: 'x', attributeName: 'EMAIL' }],
  ['a malformed token', { accessToken: 'Bearer abc', attributeName: 'email', code: '123456' }],
  ['a token of two parts', { accessToken: 'eyJhbGciOiJub25lIn0.e30', attributeName: 'email' }],
  ['a token of dots', { accessToken: '..', attributeName: 'email' }],
  ['a token of 100,000 characters', { accessToken: `${'a'.repeat(100_000)}.b.c`, attributeName: 'email' }],
  ['a token and a reference', { accessToken: 'a.b.c', accessTokenReference: 'r', attributeName: 'email' }],
  ['a reference that is a token', { accessTokenReference: 'eyJh.eyJi.c', userPoolId: 'p', sub: 's' }],
  ['a code that is a number', { code: 123456 }],
  ['a code with spaces', { code: '123 456' }],
  ['a code with full-width digits', { code: '１２３４５６' }],
  ['a code with a line break', { code: '123456\n' }],
  ['a code of 3,000 digits', { code: '1'.repeat(3_000) }],
  ['a code that is a list of digits', { code: ['1', '2', '3', '4', '5', '6'] }],
  ['a code and more', { code: '123456', more: true }],
  ['an answer of ours', { result: 'verified', status: { state: 'verified' } }],
];

/** A valid request. Each test breaks one field. */
const REQUEST = {
  accessTokenReference: 'order-66',
  userPoolId: 'eu-central-1_Ab12Cd34E',
  sub: '3f0c1e9e-5b0a-4d0c-8f5e-1a2b3c4d5e6f',
  attributeName: 'email',
};

/** The fields of a request to the codec server, and invalid values for each. */
const FIELDS: [name: string, at: (value: unknown) => object, wrong: readonly unknown[]][] = [
  ['payloads', (payloads) => ({ payloads }), [null, true, 7, 'a', {}, [null], [7], ['a'], [[]]]],
  ['data', (data) => ({ payloads: [{ data }] }), [true, 7, [], {}]],
  ['metadata', (metadata) => ({ payloads: [{ metadata }] }), [true, 7, 'a', [], { encoding: 7 }]],
];

/** None of these is a request, a message or a body. The report shows their names. */
export const MALFORMED: Named<unknown> = [
  ...VALUES,
  ...FIELDS.flatMap(([name, at, wrong]) =>
    wrong.map((value) => [`${name}: ${JSON.stringify(value).slice(0, 40)}`, at(value)] as const),
  ),
];

/** Generated values. An object without fields is left out: it is a valid message in some places. */
export const malformed: fc.Arbitrary<unknown> = fc
  .oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record({ code: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.string()) }),
    fc.record({ payloads: fc.jsonValue({ maxDepth: 1 }).filter((value) => !Array.isArray(value)) }),
    fc.record(
      {
        accessToken: fc.jsonValue({ maxDepth: 1 }),
        attributeName: fc.oneof(fc.constant('email'), fc.jsonValue({ maxDepth: 1 })),
        code: fc.oneof(fc.integer(), fc.array(fc.string()), fc.constant(null)),
        policy: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 })),
        clientMetadata: fc.oneof(fc.integer(), fc.array(fc.string())),
      },
      { requiredKeys: ['code', 'clientMetadata'] },
    ),
    fc
      .constantFrom('deadline', 'codeLifetime', 'resendAfter', 'maxSends', 'maxAttempts', 'codeFormat')
      .chain((field) =>
        fc
          .oneof(fc.boolean(), fc.integer({ max: 0 }), fc.array(fc.integer()), fc.string({ minLength: 9 }))
          .map((value) => ({ ...REQUEST, policy: { [field]: value } })),
      ),
  )
  .filter((value) => JSON.stringify(value) !== '{}' && !isGoodCode(value));

function isGoodCode(value: unknown): boolean {
  return /^\{"code":"\d{6}"\}$/.test(JSON.stringify(value));
}

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Bodies that are not JSON. */
export const NO_JSON: Named<Uint8Array> = [
  ['a brace', Buffer.from('{')],
  ['a list that is cut off', Buffer.from('{"payloads":[')],
  ['a text that is cut off', Buffer.from('{"AccessToken":"abc')],
  ['an escape that is cut off', Buffer.from('"\\u00')],
  ['a comma too many', Buffer.from('{"payloads":[],}')],
  ['quotes of another kind', Buffer.from("{'payloads':[]}")],
  ['a comment', Buffer.from('{"payloads":[]} // none')],
  ['two documents', Buffer.from('{}{}')],
  ['not a number', Buffer.from('NaN')],
  ['a bare word', Buffer.from('undefined')],
  ['a form', Buffer.from('payloads=1&data=2')],
  ['XML', Buffer.from('<?xml version="1.0"?><payloads/>')],
  ['a hundred thousand brackets', Buffer.from('['.repeat(100_000))],
  ['UTF-16', Buffer.from('{"payloads":[]}', 'utf16le')],
  ['bytes that are not UTF-8', bytes(0x22, 0xff, 0xfe, 0xc0, 0x22, 0x22)],
  ['zeros', new Uint8Array(1_000)],
  ['a gzip file', gzipSync('{"payloads":[]}')],
];

/** Generated bodies: bytes, texts, and truncated JSON. */
export const noJson: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.string({ minLength: 1, unit: 'binary' }).map((text) => Buffer.from(text)),
    fc
      .tuple(fc.json(), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([json, share]) => Buffer.from(`{"payloads":[${json}`.slice(0, 1 + Math.floor(share * json.length)))),
  )
  .filter((body) => !isJson(body));

function isJson(body: Uint8Array): boolean {
  // Without its byte order mark, as servers read it.
  const text = new TextDecoder().decode(body);
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === '';
  }
}
