import { createServer } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { knownPagesOnly, loopbackNamesOnly, MOST_BODY_BYTES } from './door.js';
import { answerAws, type ProtocolParts, refuseBody } from './protocol.js';

/** The hono application of the sandbox. */
export type App = Hono<{ Bindings: HttpBindings }>;

/** The rest of a body that nobody reads would be taken for the next request. */
const UNREAD = { connection: 'close' };

/** Serves AWS's protocols where its SDKs look for them, and each pool's keys below the issuer of its tokens. */
export function createApp(protocol: ProtocolParts, origins: readonly string[]): App {
  const app: App = new Hono();
  app.use(loopbackNamesOnly, knownPagesOnly(origins));
  const requestOf = ({ req }: Context) => ({
    method: req.method,
    path: req.path,
    header: (name: string) => req.header(name),
  });
  const limit = bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError: (context) => {
      const { body, status, headers } = refuseBody(protocol, requestOf(context));
      return new Response(body, { status, headers: { ...headers, ...UNREAD } });
    },
  });
  const serve = async (context: Context<{ Bindings: HttpBindings }>): Promise<Response> => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const answer = await answerAws(protocol, { ...requestOf(context), body });
    if (answer === 'drop') {
      context.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    // Not a `Response`, which refuses some of the statuses that a fault may have.
    context.env.outgoing.statusCode = answer.status;
    context.env.outgoing.setHeaders(new Map(Object.entries(answer.headers)));
    // As bytes: Node would write the headers in the encoding of a text.
    context.env.outgoing.end(Buffer.from(answer.body));
    return RESPONSE_ALREADY_SENT;
  };
  app.post('/', limit, serve);
  app.post('/service/:target/operation/:operation', limit, serve);
  app.all('/v2/email/*', limit, serve);
  app.use(
    '/_sandbox/*',
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: (context) => context.json({ message: `body must have at most ${MOST_BODY_BYTES} bytes` }, 413, UNREAD),
    }),
  );
  app.get('/:userPoolId/.well-known/jwks.json', (context) => {
    const known = Object.hasOwn(protocol.cognito.state.pools, context.req.param('userPoolId'));
    return known ? context.json(protocol.cognito.tokens.jwks) : context.json({ message: 'No such user pool' }, 404);
  });
  return app;
}

/** Listens on loopback only, because anybody who reaches the sandbox can act for each of its users. */
export async function listen(app: App, port: number): Promise<{ url: string; close: () => Promise<void> }> {
  const answer = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  // Longer than clients keep their sockets, as on AWS: a socket that closes under a request looks like a lost answer.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' ? address?.port : undefined;
  const close = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${bound}`, close };
}
