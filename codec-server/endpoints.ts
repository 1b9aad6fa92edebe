/** The endpoints of the codec server, in the protocol of the Web UI, the `temporal` command and SDKs. */
import { isSealed, type KeyRing, KeyServiceError, open, seal } from '@cognito-verification/codec';
import type { Logger, LogMetadata } from '@temporalio/common';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { getPath } from 'hono/utils/url';
import { errorCode } from '../log/error-code.js';
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

export interface CodecEndpoints extends CodecAdmission {
  keys: KeyRing;
  /** Bytes in the body of a request. */
  mostBytes: number;
  /** Payloads in a request. */
  mostPayloads: number;
  /** Whether browsers must use TLS from now on (`Strict-Transport-Security`). */
  strictTransport: boolean;
}

type Operation = (payloads: WirePayload[], context: Context<CodecEnv>) => Promise<WirePayload[]>;

/** The hono application. */
export function codecEndpoints(parts: CodecEndpoints): Hono<CodecEnv> {
  const app = new Hono<CodecEnv>({ getPath: (request) => withoutExtraSlashes(getPath(request)) });
  app.use(finishAnswer(parts));
  app.use(loopbackNamesOnly(parts));
  app.use(listedOriginsOnly(parts));
  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.all('/health', methodNotAllowed('GET, HEAD'));

  const redact: Operation = (payloads) => decode(parts, payloads, redactPayload);
  const reveal: Operation = async (payloads, context) => {
    audit(
      parts,
      'Payloads revealed',
      { payloads: payloads.length, keyId: keyIdsOf(payloads), revealed: true },
      context,
    );
    return await decode(parts, payloads, (payload) => payload);
  };
  const sealAll: Operation = (payloads, context) => encode(parts, payloads, context);
  const operations: Record<string, Operation> = {
    '/decode': redact,
    '/download': redact,
    '/encode': sealAll,
    '/reveal/decode': reveal,
    '/reveal/download': reveal,
    '/reveal/encode': sealAll,
  };
  for (const [path, operation] of Object.entries(operations)) {
    app.post(
      path,
      admit(parts, { reveal: path.startsWith('/reveal/'), encode: operation === sealAll }),
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

/** A client whose endpoint was configured with a slash at its end asks for `//decode`. */
function withoutExtraSlashes(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
}

const YEAR_SECONDS = 31_536_000;

/** Sets the headers of every answer, and logs a line about it for debugging, without anything of the body. */
function finishAnswer({ log, strictTransport }: CodecEndpoints): MiddlewareHandler<CodecEnv> {
  return async (context, next) => {
    const startedAt = performance.now();
    await next();
    context.header('Cache-Control', 'no-store');
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    if (strictTransport) context.header('Strict-Transport-Security', `max-age=${YEAR_SECONDS}`);
    log.debug('Codec request', {
      // An unknown path could hold anything.
      path: context.res.status === 404 ? 'unknown' : context.req.path,
      status: context.res.status,
      durationMs: Math.round(performance.now() - startedAt),
      ...callerOf(context),
      subject: context.get('caller')?.subject,
      payloads: context.get('payloads'),
    });
  };
}

/** Opens payloads. A payload that cannot be opened goes back as it came, so that a page shows the others. */
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
        const code = errorCode(error) ?? 'Internal';
        unopened.set(code, (unopened.get(code) ?? 0) + 1);
        return unchanged(wire);
      }
    }),
  );
  for (const [reason, count] of unopened) log.warn('Payloads could not be opened', { reason, payloads: count });
  return decoded;
}

/**
 * Seals payloads. One that is sealed already stays as it is, since its receiver opens it only once. The seals are bound to no
 * workflow, because a codec server is not told of which one the payloads are.
 */
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

/** Logs a reveal or a sealing before its answer is sent, so that each of them is on record. */
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

/** The caller has gone, or took too long. Nobody reads this answer, and it is no error of the server. */
const INCOMPLETE = new CodecRefusal(400, 'Incomplete', 'The request did not arrive whole.');

function refuse(log: Logger, error: Error, context: Context<CodecEnv>): Response {
  const refusal =
    error instanceof CodecRefusal ? error : context.env.incoming.errored ? INCOMPLETE : refusalOf(error, log);
  for (const [name, value] of Object.entries(refusal.headers)) context.header(name, value);
  return context.json({ error: { code: refusal.code, message: refusal.message } }, refusal.status);
}

/** Says nothing of the error to the caller, and only its kind to the log, because its message may quote data. */
function refusalOf(error: Error, log: Logger): CodecRefusal {
  if (error instanceof KeyServiceError) {
    log.error('The key service gave no key');
    return new CodecRefusal(503, 'KeyService', 'The key service gives no key now.', { 'Retry-After': '30' });
  }
  log.error('A codec request failed', { reason: error.name });
  return new CodecRefusal(500, 'Internal', 'Something went wrong in the codec server; its log has more.');
}
