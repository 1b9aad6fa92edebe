/** Who comes through to the codec server: by origin, token, rate and size. */
import { isLoopback } from '@cognito-verification/contract';
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
} from './authorization.js';
import { CodecRefusal } from './refusal.js';

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

/**
 * Without authorization this server is for programs and pages that know it as a part of this machine. A page whose own name
 * somebody has made to lead here (DNS rebinding) says that name.
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

/** Lets in who may, as often as one may. */
export function admit(parts: CodecAdmission, wants: { reveal: boolean; encode: boolean }): MiddlewareHandler<CodecEnv> {
  const { authorization, authorize, log } = parts;
  return async (context, next) => {
    const address = context.env.incoming.socket.remoteAddress ?? 'unknown';
    const refuse = (message: string, refusal: CodecRefusal, caller?: Caller): never => {
      const who = { ...callerOf(context), ...(caller ? { subject: caller.subject } : {}) };
      log.warn(message, { path: context.req.path, status: refusal.status, reason: refusal.message, ...who });
      throw refusal;
    };
    const caller = await authorize?.(context.req.header('Authorization')).catch(async (error: unknown) => {
      // Not by subject, for there is none: trying out tokens is bounded too, and so is what is logged of it.
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
    // On loopback without authorization callers can read the keys themselves.
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
