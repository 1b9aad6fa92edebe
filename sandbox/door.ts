/**
 * Which requests may come in. The sandbox trusts all programs of this machine, and no web page but those of listed origins: a
 * browser on this machine sends to it whatever any page asks for.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler, Next } from 'hono';

/** The most bytes in the body of a request. A user pool with every text that it can have is a tenth of that. */
export const MOST_BODY_BYTES = 1024 * 1024;

/** With any port: that of a forwarded connection is another one than the sandbox's. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Refuses requests under any name but those of the loopback interface. A page can let its own host name resolve to this
 * machine (DNS rebinding), and the browser then takes the sandbox for that page's server.
 */
export const loopbackNamesOnly: MiddlewareHandler = async (context, next) => {
  if (LOOPBACK.test(context.req.header('Host') ?? '')) return await next();
  return context.json({ message: 'The Cognito sandbox answers to localhost, 127.x.x.x and [::1] only.' }, 403);
};

/** Answers have to go by Node itself, for their statuses; the middleware `cors` of hono would not reach them. */
interface ServedByNode {
  Bindings: HttpBindings;
}

/** What a front end needs of Cognito: its operations and the keys of its tokens. */
const FOR_FRONT_ENDS = /^\/(?:[\w-]+\/\.well-known\/jwks\.json)?$/;

/**
 * Refuses what a browser sends for a page that is not the sandbox's own, be it of another port of this machine. A page of a
 * listed origin reaches what a front end needs of Cognito, and never the controls. A link to a page of the sandbox may be
 * followed: it changes nothing, and the page that has the link sees nothing of it.
 */
export function knownPagesOnly(origins: readonly string[]): MiddlewareHandler<ServedByNode> {
  return async (context, next) => {
    const header = (name: string) => context.req.header(name);
    const origin = header('Origin');
    const isListed = origins.includes(origin ?? '');
    if (isListed && FOR_FRONT_ENDS.test(context.req.path) && isForCognito(context)) return await letIn(context, next);
    const site = header('Sec-Fetch-Site') ?? 'none';
    const isOwn = origin === undefined || origin === `http://${header('Host')}`;
    const followsLink =
      context.req.method === 'GET' &&
      header('Sec-Fetch-Mode') === 'navigate' &&
      header('Sec-Fetch-Dest') === 'document';
    if (isOwn && (['none', 'same-origin'].includes(site) || followsLink)) return await next();
    return context.json(
      {
        message:
          'The Cognito sandbox answers to programs and to its own pages. For a page of a front end, start it with its origin (--origin).',
      },
      403,
    );
  };
}

/** Other AWS services let no page in, and the sandbox speaks for them at the same address. */
function isForCognito({ req }: Context): boolean {
  return req.method !== 'POST' || req.header('x-amz-target')?.startsWith('AWSCognitoIdentityProviderService.') === true;
}

/** As Cognito does, which lets pages of every origin in. */
async function letIn(context: Context<ServedByNode>, next: Next): Promise<Response | undefined> {
  const { outgoing } = context.env;
  outgoing.setHeader('Access-Control-Allow-Origin', context.req.header('Origin') ?? '');
  outgoing.setHeader('Access-Control-Expose-Headers', 'x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date');
  outgoing.setHeader('Vary', 'Origin');
  if (context.req.method !== 'OPTIONS') {
    await next();
    return undefined;
  }
  outgoing.setHeader('Access-Control-Allow-Methods', 'GET,POST');
  outgoing.setHeader('Access-Control-Allow-Headers', context.req.header('Access-Control-Request-Headers') ?? '');
  return context.body(null, 204);
}
