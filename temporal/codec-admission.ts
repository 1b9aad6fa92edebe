/** Who comes through to the codec server: by origin, token, rate and size. */
import type { HttpBindings } from '@hono/node-server';
import type { Logger } from '@temporalio/common';
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
} from './codec-authorization.js';
import { CodecRefusal } from './codec-refusal.js';

/** What hono keeps with a request. */
export interface CodecEnv {
  Bindings: HttpBindings;
  Variables: { caller?: Caller; payloads?: number };
}

/** Who is let in. */
export interface CodecAdmission {
  log: Logger;
  /** Web pages of these origins may call, and of no other. */
  origins: readonly string[];
  /** Absent: on loopback, where whoever calls may. */
  authorize?: Authorize;
  authorization?: CodecAuthorization;
  rateLimiter: RateLimiterAbstract;
}

/** How long a browser may keep the answer to a preflight: Chrome keeps none longer. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Browsers say which page a call comes from. One that is not listed gets nothing, not only no permission to read: without
 * authorization this is what keeps other pages out of a codec server on loopback.
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

/** Lets in who may, as often as one may. */
export function admit(parts: CodecAdmission, wants: { reveal: boolean; encode: boolean }): MiddlewareHandler<CodecEnv> {
  const { authorization, authorize, log } = parts;
  return async (context, next) => {
    const address = context.env.incoming.socket.remoteAddress ?? 'unknown';
    const caller = await authorize?.(context.req.header('Authorization')).catch(async (refusal: unknown) => {
      // Not by subject, for there is none: trying out tokens is bounded too.
      await countFor(parts, `address ${address}`);
      throw refusal;
    });
    if (caller) context.set('caller', caller);
    await countFor(parts, caller ? `subject ${caller.subject}` : `address ${address}`);
    if (wants.reveal && !caller?.mayReveal) {
      log.warn('Refused to reveal payloads', { ...callerOf(context), ...(caller ? { subject: caller.subject } : {}) });
      const permission = authorization?.revealPermission;
      throw permission
        ? notPermitted(permission)
        : permittedToNobody('see what is hidden', 'VERIFICATION_CODEC_REVEAL_PERMISSION');
    }
    // On loopback without authorization callers can read the keys themselves.
    if (wants.encode && caller?.mayEncode === false) {
      const permission = authorization?.encodePermission;
      throw permission ? notPermitted(permission) : permittedToNobody('seal', 'VERIFICATION_CODEC_ENCODE_PERMISSION');
    }
    await next();
  };
}

/** @throws CodecRefusal */
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

/** @param mostBytes of a body */
export function limitBody(mostBytes: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: mostBytes,
    onError: () => {
      throw new CodecRefusal(413, 'BodyTooLarge', `The body has more than ${mostBytes} bytes.`);
    },
  });
}

/** For the log: where a request comes from, and what it says it is about. */
export function callerOf(context: Context<CodecEnv>): { remoteAddress: string | undefined; namespace?: string } {
  const namespace = context.req.header('X-Namespace');
  return {
    remoteAddress: context.env.incoming.socket.remoteAddress,
    ...(namespace === undefined ? {} : { namespace: printable(namespace, 255) }),
  };
}

/** What a caller says, fit for a log. */
export function printable(value: string, most: number): string {
  return value.replace(/[^\w.:/-]/g, '?').slice(0, most);
}
