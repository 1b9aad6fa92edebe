/** How the codec server is asked, and what all of its checks say. */
import { isRecord } from '@cognito-verification/contract';
import type { Finding } from './finding.js';
import type { FindingsOf } from './findings.js';
import { readable, type Surroundings } from './surroundings.js';

const ANSWER_LIMIT_MS = 3_000;
export const SOURCE = 'https://docs.temporal.io/production-deployment/data-encryption';
/** What it means for users that nobody can look. */
export const BLIND = 'No sign-up fails. Support sees ciphertext in the Web UI in place of where a user stands.';

/** There is nothing to ask. */
export function notNamed(findings: FindingsOf): Finding {
  return findings.ok('codec server', 'None is named in TEMPORAL_CODEC_ENDPOINT, so none was asked.');
}

/** The endpoint as a finding names it: neither a name and password in it nor a query are for others to see. */
export function shown(endpoint: string): string {
  if (!isWebUrl(endpoint)) return 'TEMPORAL_CODEC_ENDPOINT';
  const { protocol, host, pathname } = new URL(endpoint);
  const path = pathname === '/' ? '' : pathname.replaceAll('%7Bnamespace%7D', '{namespace}');
  return `${protocol}//${host}${path}`;
}

/** Why the endpoint cannot be asked; undefined if it can. `fetch` refuses a URL with a password, and shows it whole. */
export function reasonNotToAsk(endpoint: string): string | undefined {
  if (!isWebUrl(endpoint)) return 'it is no URL of http or https';
  const { username, password } = new URL(endpoint);
  return username === '' && password === '' ? undefined : 'it has a user name or a password before the host';
}

export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** The URL for a request to open payloads; the endpoint may have a place for the namespace, as that of the `temporal` command. */
export function decodeUrl(endpoint: string, namespace: string): string {
  return `${endpoint.replaceAll('{namespace}', namespace)}/decode`;
}

/** @throws CouldNotAskError where the settings that name it are wrong */
export function readNamespace(temporal: Surroundings['temporal']): string {
  return readable(() => temporal.config(), 'connection').namespace;
}

/** @throws the error of `fetch`, after three seconds at most */
export async function ask(url: string, request: RequestInit): Promise<Response> {
  return await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
}

/**
 * Whether something other than a codec server answers there: it knows no such path, or takes a list of no payloads and answers none.
 * A refusal may be that of any codec server.
 * @param url that of `decodeUrl`
 * @throws the error of `fetch`
 */
export async function isOther(url: string, namespace: string): Promise<boolean> {
  const headers = { 'content-type': 'application/json', 'x-namespace': namespace };
  const response = await ask(url, { method: 'POST', headers, body: '{"payloads":[]}' });
  const text = await response.text();
  if (!response.ok) return [404, 405, 501].includes(response.status);
  try {
    const document: unknown = JSON.parse(text);
    return !isRecord(document) || !Array.isArray(document['payloads']);
  } catch {
    return true;
  }
}

/** `fetch` says only that it failed; its cause has the reason. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_LIMIT_MS / 1_000} seconds`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
