/** What the codec server answers to what, as the Web UI, the `temporal` command and SDKs speak with it. */
import { isSealed, type KeyRing, KeyServiceError, open, seal } from '@cognito-verification/codec';
import type { Logger, LogMetadata } from '@temporalio/common';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { getPath } from 'hono/utils/url';
import {
  admit,
  type CodecAdmission,
  type CodecEnv,
  callerOf,
  limitBody,
  listedOriginsOnly,
  loopbackNamesOnly,
  printable,
} from './admission.js';
import { redactPayload } from './redact-payload.js';
import { CodecRefusal } from './refusal.js';
import { fromWire, readPayloads, toWire, unchanged, type WirePayload } from './wire.js';

/** What the endpoints need. */
export interface CodecEndpoints extends CodecAdmission {
  keys: KeyRing;
  /** Of a request's body. */
  mostBytes: number;
  /** In a request. */
  mostPayloads: number;
  /** Browsers are to come by TLS from now on, whatever link they follow. */
  strictTransport: boolean;
}

type Operation = (payloads: WirePayload[], context: Context<CodecEnv>) => Promise<WirePayload[]>;

/** The hono application. */
export function codecEndpoints(parts: CodecEndpoints): Hono<CodecEnv> {
  const app = new Hono<CodecEnv>({ getPath: (request) => tolerant(getPath(request)) });
  app.use(everyAnswer(parts));
  app.use(loopbackNamesOnly(parts));
  app.use(listedOriginsOnly(parts));
  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.all('/health', methodNotAllowed('GET, HEAD'));

  const shown: Operation = (payloads) => decode(parts, payloads, redactPayload);
  const revealed: Operation = async (payloads, context) => {
    audit(
      parts,
      'Payloads revealed',
      { payloads: payloads.length, keyId: keyIdsOf(payloads), revealed: true },
      context,
    );
    return await decode(parts, payloads, (payload) => payload);
  };
  const sealed: Operation = async (payloads, context) => await encode(parts, payloads, context);
  const operations: Record<string, Operation> = {
    '/decode': shown,
    '/download': shown,
    '/encode': sealed,
    '/reveal/decode': revealed,
    '/reveal/download': revealed,
    '/reveal/encode': sealed,
  };
  for (const [path, operation] of Object.entries(operations)) {
    app.post(
      path,
      admit(parts, { reveal: path.startsWith('/reveal/'), encode: operation === sealed }),
      limitBody(parts.mostBytes),
      async (context) => {
        const payloads = readPayloads(await context.req.text(), parts.mostPayloads);
        context.set('payloads', payloads.length);
        return context.json({ payloads: await operation(payloads, context) });
      },
    );
    app.all(path, methodNotAllowed('POST'));
  }

  app.notFound(() => {
    throw new CodecRefusal(
      404,
      'NotFound',
      'There is /decode, /encode, /download, each under /reveal too, and /health.',
    );
  });
  app.onError((error, context) => refuse(parts.log, error, context));
  return app;
}

/** An endpoint that was configured with a slash at its end is asked for `//decode`. */
function tolerant(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
}

const YEAR_SECONDS = 31_536_000;

/** The headers of every answer, and its line in the log: for debugging, without anything that the body held. */
function everyAnswer({ log, strictTransport }: CodecEndpoints): MiddlewareHandler<CodecEnv> {
  return async (context, next) => {
    const startedAt = performance.now();
    await next();
    context.header('Cache-Control', 'no-store');
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    if (strictTransport) context.header('Strict-Transport-Security', `max-age=${YEAR_SECONDS}`);
    const caller = context.get('caller');
    const payloads = context.get('payloads');
    log.debug('Codec request', {
      // A path that is not ours could hold anything.
      path: context.res.status === 404 ? 'unknown' : context.req.path,
      status: context.res.status,
      durationMs: Math.round(performance.now() - startedAt),
      ...callerOf(context),
      ...(caller ? { subject: caller.subject } : {}),
      ...(payloads === undefined ? {} : { payloads }),
    });
  };
}

/** What cannot be opened goes back as it came: a page shows the rest, and whose fault it is others must find out. */
async function decode(
  { keys, log }: CodecEndpoints,
  payloads: WirePayload[],
  show: typeof redactPayload,
): Promise<WirePayload[]> {
  const unopened = new Map<string, number>();
  const decoded = await Promise.all(
    payloads.map(async (wire) => {
      const payload = fromWire(wire);
      if (!isSealed(payload)) return unchanged(wire);
      try {
        return toWire(show(await open(payload, keys)));
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'Internal';
        unopened.set(code, (unopened.get(code) ?? 0) + 1);
        return unchanged(wire);
      }
    }),
  );
  for (const [reason, count] of unopened) log.warn('Payloads could not be opened', { reason, payloads: count });
  return decoded;
}

/** What is sealed already stays: whoever it is for opens it once. Not bound to a place, for none is known here. */
async function encode(
  parts: CodecEndpoints,
  payloads: WirePayload[],
  context: Context<CodecEnv>,
): Promise<WirePayload[]> {
  const key = await parts.keys.current();
  const plain = payloads.filter((wire) => !isSealed(fromWire(wire)));
  if (plain.length > 0) audit(parts, 'Payloads sealed', { payloads: plain.length, keyId: key.id }, context);
  return payloads.map((wire) => {
    const payload = fromWire(wire);
    return isSealed(payload) ? unchanged(wire) : toWire(seal(payload, key));
  });
}

/** Written before the answer leaves: nothing is revealed, and nothing made for workers to believe, that is not on record. */
function audit({ log }: CodecEndpoints, what: string, facts: LogMetadata, context: Context<CodecEnv>): void {
  log.info(what, { subject: context.get('caller')?.subject, ...callerOf(context), ...facts });
}

function keyIdsOf(payloads: WirePayload[]): string {
  const keyIds = payloads
    .map(fromWire)
    .filter(isSealed)
    .map(({ metadata }) => Buffer.from(metadata?.['encryption-key-id'] ?? []).toString());
  return [...new Set(keyIds)]
    .map((id) => printable(id, 300))
    .join(' ')
    .slice(0, 1_000);
}

function methodNotAllowed(allow: string) {
  return (): never => {
    throw new CodecRefusal(405, 'MethodNotAllowed', `Only ${allow} is answered here.`, { Allow: allow });
  };
}

/** The caller has gone, or took too long: nobody reads it, and nothing is wrong here. */
const BROKEN_OFF = new CodecRefusal(400, 'Incomplete', 'The request did not arrive whole.');

function refuse(log: Logger, error: Error, context: Context<CodecEnv>): Response {
  const refusal =
    error instanceof CodecRefusal ? error : context.env.incoming.errored ? BROKEN_OFF : unforeseen(log, error);
  for (const [name, value] of Object.entries(refusal.headers)) context.header(name, value);
  return context.json({ error: { code: refusal.code, message: refusal.message } }, refusal.status);
}

/** Nobody outside is told what went wrong in here, and the log only what kind of thing: a message may quote data. */
function unforeseen(log: Logger, error: Error): CodecRefusal {
  if (error instanceof KeyServiceError) {
    log.error('The key service did not give out a key');
    return new CodecRefusal(503, 'KeyService', 'The key service gives out no key now.', { 'Retry-After': '30' });
  }
  log.error('A codec request failed', { reason: error.name });
  return new CodecRefusal(500, 'Internal', 'Something went wrong in the codec server; its log has more.');
}
