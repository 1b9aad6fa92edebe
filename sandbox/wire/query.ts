import type { Input } from '../members.js';
import type { Wire } from './wire.js';

/** The members of a form: lists such as `Statistics.member.1=Maximum`, maps by `entry.1.key` and `entry.1.value`. All values are texts. */
export function readQuery(form: URLSearchParams): Input {
  const input: Record<string, unknown> = {};
  const lists = new Map<string, string[]>();
  const maps = new Map<string, [key: string, value: string | null][]>();
  for (const [name, value] of form) {
    const [, list] = /^(.+)\.member\.\d+$/.exec(name) ?? [];
    const [, map, entry] = /^(.+)(\.entry\.\d+)\.key$/.exec(name) ?? [];
    if (map !== undefined) {
      maps.set(map, [...(maps.get(map) ?? []), [value, form.get(`${map}${entry}.value`)]]);
    } else if (list !== undefined) lists.set(list, [...(lists.get(list) ?? []), value]);
    else if (!/\.entry\.\d+\.value$/.test(name)) input[name] = value;
  }
  const mapped = [...maps].map(([name, entries]) => [name, Object.fromEntries(entries)]);
  return { ...input, ...Object.fromEntries(lists), ...Object.fromEntries(mapped) };
}

/**
 * AWS Query: a form in, XML out.
 * @param namespace of the elements
 */
export function queryWire(namespace: string): Wire {
  const xml = (requestId: string, status: number, root: string, inside: string) => ({
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-RequestId': requestId },
    body: `<${root} xmlns="${namespace}">${inside}</${root}>`,
  });
  return {
    answer: ({ operation, requestId }, members) =>
      xml(
        requestId,
        200,
        `${operation}Response`,
        element(`${operation}Result`, members) + element('ResponseMetadata', { RequestId: requestId }),
      ),
    refusal: ({ requestId }, { name, message, status }) => {
      const Type = status < 500 ? 'Sender' : 'Receiver';
      const error = element('Error', { Type, Code: name, Message: message });
      return xml(requestId, status, 'ErrorResponse', error + element('RequestId', requestId));
    },
    refusals: {
      denied: ['AccessDenied', 403],
      expiredToken: ['ExpiredToken', 403],
      internal: ['InternalFailure', 500],
      invalidToken: ['InvalidClientTokenId', 403],
      malformed: ['MalformedQueryString', 400],
      missingToken: ['MissingAuthenticationToken', 403],
      unknownOperation: ['InvalidAction', 400],
    },
  };
}

function element(name: string, value: unknown): string {
  return value === undefined || value === null ? '' : `<${name}>${content(value)}</${name}>`;
}

function content(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((entry) => element('member', entry)).join('');
  if (value instanceof Map) return [...value].map(([key, each]) => element('entry', { key, value: each })).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, each]) => element(name, each))
      .join('');
  }
  return escaped(String(value));
}

/** XML 1.0 has no way to write most control characters. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
