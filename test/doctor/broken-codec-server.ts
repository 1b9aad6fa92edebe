/** What can be wrong with the codec server, and what its finding has its reader do. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { expect, onTestFinished } from 'vitest';
import { asCalled } from '../../cli/print.js';
import { freePort } from '../../dev/free-port.js';
import { MAIN } from '../cli/run-cli.js';
import { type Served, serve } from '../codec-server/running-codec-server.js';
import { type BrokenSurroundings, corrects, type Follow, startLine, startsIt, typesIt } from './following.js';
import { otherKey } from './server-rig.js';

const WEB_UI = 'https://ui.example.com';

/** Starts a codec server where one is named, as the command line does. */
export async function startCodecServer(url: string, env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const line = `cognito-verification codec-server --port ${new URL(url).port}`;
  return await startLine(asCalled(line, { argv: ['', MAIN], env: {} }), env);
}

/** A server of anything else. */
async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Takes what a codec server answers, and lets every page have it. */
const openToAll =
  (url: string): RequestListener =>
  (request, response) => {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = { 'content-type': 'application/json', 'x-namespace': 'default' };
      void fetch(`${url}${request.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) }).then(
        async (answer) => response.writeHead(answer.status).end(await answer.text()),
      );
    });
  };

/** @param keys those with which all is well */
export function brokenCodecServer(keys: KeyRing): readonly BrokenSurroundings[] {
  let served: Served;
  const codecServer = async (options: Parameters<typeof serve>[0] = {}) => {
    served = await serve({ keys, ...options });
    return served.url;
  };
  const at = (endpoint: string) => ({ env: { TEMPORAL_CODEC_ENDPOINT: endpoint } });
  const rightEndpoint = corrects(async () => ({ TEMPORAL_CODEC_ENDPOINT: await codecServer() }));
  /** Starts it again in its place, with these settings beside its keys. */
  const restarts =
    (settings: Record<string, string> = {}): Follow =>
    async ({ remedy }, env) => {
      for (const name of Object.keys(settings)) expect(remedy?.text).toContain(name);
      const { url } = served;
      await served.close();
      await startCodecServer(url, { ...env, ...settings });
      return at(url);
    };
  return [
    {
      what: 'a codec server that is away',
      make: async () => at(`http://127.0.0.1:${await freePort()}`),
      finding: 'failure codec-server-answers',
      says: /ECONNREFUSED/,
      follow: startsIt,
    },
    {
      what: 'a codec server with other keys',
      make: async () => at(await codecServer({ keys: keyRingOf(...parseKeys(otherKey(), 'keys')) })),
      finding: 'failure codec-server-answers',
      says: /another key ring/,
      follow: restarts(),
    },
    {
      what: 'a codec server that does not know the Web UI',
      make: async () => ({ ...at(await codecServer()), question: { webUiOrigins: [WEB_UI] } }),
      finding: 'failure codec-server-origins',
      says: /Pages of https:\/\/ui\.example\.com may not use it/,
      follow: restarts({ VERIFICATION_CODEC_ORIGINS: `http://localhost:8233,${WEB_UI}` }),
    },
    {
      what: 'a codec server whose Web UI is guessed wrong',
      make: async () => at(await codecServer({ origins: ['https://temporal.example.com'] })),
      finding: 'couldNotAsk codec-server-origins',
      says: /Pages of http:\/\/localhost:8233, http:\/\/127\.0\.0\.1:8233 may not use it/,
      follow: ({ remedy }) => {
        const [, origin = ''] = / --web-ui (\S+)$/.exec(remedy?.command ?? '') ?? [];
        return { question: { webUiOrigins: [origin] } };
      },
    },
    {
      what: 'a codec server for the pages of anyone',
      make: async () => at(await listening(openToAll(await codecServer()))),
      finding: 'failure codec-server-origins',
      says: /Pages of any origin may use it/,
      follow: restarts({ VERIFICATION_CODEC_ORIGINS: 'http://localhost:8233' }),
    },
    {
      what: 'a page where the codec server should be',
      make: async () => at(await listening((_request, response) => response.end('<h1>It works</h1>'))),
      finding: 'failure codec-server-answers',
      says: /What answers there is no codec server/,
      follow: rightEndpoint,
    },
    {
      what: 'an endpoint that is no codec server',
      make: async () => at(`${await codecServer()}/elsewhere`),
      finding: 'failure codec-server-answers',
      says: /It answers HTTP 404/,
      follow: rightEndpoint,
    },
    {
      what: 'a codec server without TLS elsewhere',
      make: () => at('http://codec.example.invalid:8888'),
      finding: 'failure codec-server-answers',
      says: /plain HTTP/,
      // Its way to TLS is a story of its own: `codec-server.test.ts`.
      follow: async () => at(await codecServer()),
    },
    {
      what: 'a codec server with a password in its URL',
      make: async () => at((await codecServer()).replace('//', '//someone:hunter2@').concat('?key=hunter2')),
      finding: 'failure codec-server-answers',
      says: /a user name or a password/,
      follow: typesIt,
    },
  ];
}
