/** Which requests reach the codec server: checked by origin, token, rate and size. */
import { isLoopback } from '@cognito-verification/codec';
import type { HttpBindings } from '@hono/node-server';
import type { Logger, LogMetadata } from '@temporalio/common';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import {
  type Authorize,
  type Caller,
  type CodecAuthorization,
  notPermitted,
  permittedToNobody,
} from './authorization.js';
import { CodecRefusal } from './refusal.js';

/** What hono keeps with a request: `caller` once the token is checked, `payloads` (how many) once the body is read. */
export interface CodecEnv {
  Bindings: HttpBindings;
  Variables: { caller?: Caller | undefined; payloads?: number | undefined };
}

/** The rules of admission. */
export interface CodecAdmission {
  log: Logger;
  /** The origins of web pages that may call. */
  origins: readonly string[];
  /** Checks the token of a caller. Absent on loopback without authorization, where every caller is admitted. */
  authorize?: Authorize | undefined;
  authorization?: CodecAuthorization | undefined;
  rateLimiter: RateLimiterAbstract;
}

/** How long a browser may keep the answer to a preflight. Chrome caps it at this. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Refuses web pages whose origin is not listed. They get no answer at all, instead of an answer that the browser keeps from
 * them: on loopback without authorization, only this keeps other pages out.
 */
export function listedOriginsOnly({ origins }: CodecAdmission): MiddlewareHandler<CodecEnv> {
  const answer = cors({
    origin: [...origins],
    allowMethods: ['POST'],
    allowHeaders: ['content-type', 'x-namespace', 'authorization', 'authorization-extras'],
    credentials: true,
    exposeHeaders: ['Retry-After', 'WWW-Authenticate'],
    maxAge: PREFLIGHT_SECONDS,
  });
  return async (context, next) => {
    const origin = context.req.header('Origin');
    if (origin !== undefined && origins.includes(origin)) return await answer(context, next);
    context.header('Vary', 'Origin');
    if (origin === undefined) return await next();
    throw new CodecRefusal(
      403,
      'OriginNotAllowed',
      'Pages of this origin may not use this codec server. Its exact origin must be in VERIFICATION_CODEC_ORIGINS.',
    );
  };
}

/**
 * Without authorization, refuses requests that name this server by anything but a name of loopback. A page can make its own
 * host name resolve to this machine (DNS rebinding), and its requests then carry that name.
 */
export function loopbackNamesOnly({ authorize }: CodecAdmission): MiddlewareHandler<CodecEnv> {
  return async (context, next) => {
    const host = (context.req.header('Host') ?? '').replace(/:\d+$/, '');
    if (!authorize && !isLoopback(host)) {
      throw new CodecRefusal(
        403,
        'HostNotAllowed',
        'Without authorization this codec server answers to localhost, 127.0.0.1 and [::1] only, not to other names of this machine.',
      );
    }
    await next();
  };
}

/**
 * Checks the token of a caller, its rate and its permissions.
 * @param wants what the request does, which needs a permission of its own
 */
export function admit(parts: CodecAdmission, wants: { reveal: boolean; encode: boolean }): MiddlewareHandler<CodecEnv> {
  const { authorization, authorize, log } = parts;
  return async (context, next) => {
    const address = context.env.incoming.socket.remoteAddress ?? 'unknown';
    const refuse = (message: string, refusal: CodecRefusal, caller?: Caller): never => {
      const { path } = context.req;
      const meta = { path, status: refusal.status, reason: refusal.message, ...callerOf(context) };
      log.warn(message, { ...meta, subject: caller?.subject });
      throw refusal;
    };
    const caller = await authorize?.(context.req.header('Authorization')).catch(async (error: unknown) => {
      // A refused token has no subject. The address bounds how often tokens can be tried, and how much of it is logged.
      await countFor(parts, `address ${address}`);
      if (error instanceof CodecRefusal && error.status === 401) return refuse('Refused a token', error);
      throw error;
    });
    if (caller) context.set('caller', caller);
    await countFor(parts, caller ? `subject ${caller.subject}` : `address ${address}`);
    if (authorization && caller?.mayRead === false) {
      refuse('Refused a caller', notPermitted(authorization.permission), caller);
    }
    if (wants.reveal && !caller?.mayReveal) {
      const permission = authorization?.revealPermission;
      const refusal = permission
        ? notPermitted(permission)
        : permittedToNobody('see what is hidden', 'VERIFICATION_CODEC_REVEAL_PERMISSION');
      refuse('Refused to reveal payloads', refusal, caller);
    }
    // On loopback without authorization a caller may seal: it can read the keys itself.
    if (wants.encode && caller?.mayEncode === false) {
      const permission = authorization?.encodePermission;
      const refusal = permission
        ? notPermitted(permission)
        : permittedToNobody('seal', 'VERIFICATION_CODEC_ENCODE_PERMISSION');
      refuse('Refused to seal payloads', refusal, caller);
    }
    await next();
  };
}

/** @throws CodecRefusal 429 when the caller has used up its requests */
async function countFor({ rateLimiter }: CodecAdmission, caller: string): Promise<void> {
  try {
    await rateLimiter.consume(caller);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
    throw new CodecRefusal(429, 'TooManyRequests', `Too many requests; again in ${seconds} s.`, {
      'Retry-After': String(seconds),
    });
  }
}

/** Refuses a body of more bytes. */
export function limitBody(mostBytes: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: mostBytes,
    onError: () => {
      throw new CodecRefusal(413, 'BodyTooLarge', `The body has more than ${mostBytes} bytes.`);
    },
  });
}

/** For the log: the address of the caller, and the namespace that the request names. */
export function callerOf(context: Context<CodecEnv>): LogMetadata {
  const namespace = context.req.header('X-Namespace');
  return {
    remoteAddress: context.env.incoming.socket.remoteAddress,
    namespace: namespace === undefined ? undefined : printable(namespace, 255),
  };
}

/** A text of a caller, fit for a log. */
export function printable(value: string, most: number): string {
  return value.replace(/[^\w.:/-]/g, '?').slice(0, most);
}
