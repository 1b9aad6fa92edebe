/** An access token source for tests: a real HTTP server, and the references that it knows. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request to the source. */
interface Asked {
  authorization: string | undefined;
  contentType: string | undefined;
  body: unknown;
}

/** The answer: a token, a status without one, or a custom body; `delayMs` later. */
type Answer = { token: string } | { status: number; body?: string; location?: string };

export interface TokenSource {
  url: string;
  /** Every request, oldest first. */
  asked: Asked[];
  /** Sets what a reference leads to from now on; an unknown reference leads to 404. */
  answer(reference: string, answer: Answer, delayMs?: number): void;
  close(): Promise<void>;
}

export async function startTokenSource(): Promise<TokenSource> {
  const asked: Asked[] = [];
  const answers = new Map<string, { answer: Answer; delayMs: number }>();
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      asked.push({
        authorization: request.headers.authorization,
        contentType: request.headers['content-type'],
        body,
      });
      const { answer, delayMs } = answers.get(referenceOf(body)) ?? { answer: { status: 404 }, delayMs: 0 };
      await sleep(delayMs);
      if ('token' in answer) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ accessToken: answer.token }));
      } else {
        response.writeHead(answer.status, answer.location ? { location: answer.location } : {});
        response.end(answer.body ?? 'no token here');
      }
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tokens`,
    asked,
    answer: (reference, answer, delayMs = 0) => {
      answers.set(reference, { answer, delayMs });
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  return JSON.parse(await text(request));
}

function referenceOf(body: unknown): string {
  return String((body as { reference?: unknown }).reference);
}
