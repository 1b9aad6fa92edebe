/**
 * Attacker: a web page in the browser of somebody on whose machine a codec server runs without authorization. It posts sealed
 * payloads that it got elsewhere, or has its guesses sealed, from its own origin or under a host name that it lets resolve to
 * this machine (DNS rebinding).
 */
import { request } from 'node:http';
import { expect } from 'vitest';
import { json, sealed, serve } from '../codec-server/running-codec-server.js';
import { attack } from './attack.js';

/** `fetch` lets nobody set these headers. */
async function post(url: string, path: string, headers: Record<string, string>): Promise<[number, string]> {
  const body = JSON.stringify({ payloads: [sealed(json('the secret of a verification'))] });
  return await new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    outgoing.on('error', reject).on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve([incoming.statusCode ?? 0, Buffer.concat(chunks).toString()]));
    });
    outgoing.end(body);
  });
}

const PATHS = ['/decode', '/encode', '/reveal/decode'];
const portOf = (url: string) => new URL(url).port;

attack.each(['https://evil.example', 'null', 'http://localhost:3000', 'https://localhost:8233', ''])(
  'a page of the origin "%s" is told nothing, and has nothing sealed',
  'a page of any origin may ask the codec server',
  async (Origin) => {
    const { url } = await serve();
    for (const path of PATHS) {
      const [status, body] = await post(url, path, { Origin });
      expect([path, status, JSON.parse(body)]).toMatchObject([path, 403, { error: { code: 'OriginNotAllowed' } }]);
    }
  },
);

attack.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '0.0.0.0', '2130706433'])(
  'the name %s leads to no payload',
  'any name leads to the codec server',
  async (host) => {
    const { url } = await serve();
    for (const path of PATHS) {
      const [status, body] = await post(url, path, { Host: `${host}:${portOf(url)}` });
      expect([path, status, JSON.parse(body)]).toMatchObject([path, 403, { error: { code: 'HostNotAllowed' } }]);
    }
  },
);
