import type { Account } from './account/account.js';
import { actionsOf, CALLER_ARN } from './account/service.js';
import { AwsException } from './exceptions.js';
import type { AwsCall } from './services.js';
import type { Refusal } from './wire/wire.js';

/** One of the refusals that all services have, as the protocol of the call names it. */
export function refusalOf({ wire, service }: AwsCall, refusal: Refusal, message: string): AwsException {
  const [name, status] = wire.refusals[refusal];
  return new AwsException(refusal === 'denied' ? (service.denied ?? name) : name, message, status);
}

/** Throws for a request that has no signature where the service wants one. Nobody checks the signature itself. */
export function checkSigned(call: AwsCall, authorization: string | undefined): void {
  if (authorization !== undefined || call.service.takesUnsigned === true) return;
  throw refusalOf(call, 'missingToken', 'Missing Authentication Token');
}

/** Throws for a caller whose credentials AWS refuses, or who may not do what the call does. */
export function checkPermission(call: AwsCall, account: Account, region: string): void {
  const { service, operation, input = {} } = call;
  const actions = actionsOf(service, operation);
  const needsCredentials = service.takesUnsigned !== true || actions.length > 0;
  if (needsCredentials && account.credentials === 'invalid') {
    throw refusalOf(call, 'invalidToken', 'The security token included in the request is invalid.');
  }
  if (needsCredentials && account.credentials === 'expired') {
    throw refusalOf(call, 'expiredToken', 'The security token included in the request is expired');
  }
  const denied = actions.find((action) => isDenied(account.deniedActions, action));
  if (denied === undefined) return;
  const [prefix = '', name = ''] = denied.split(':');
  const shown = `${prefix === service.name ? (service.deniedPrefix ?? prefix) : prefix}:${name}`;
  const resource = service.resourceOf?.(input, region, operation) ?? '*';
  throw refusalOf(
    call,
    'denied',
    `User: ${CALLER_ARN} is not authorized to perform: ${shown} on resource: ${resource} ` +
      `because no identity-based policy allows the ${shown} action`,
  );
}

function isDenied(denied: readonly string[], action: string): boolean {
  return denied.some(
    (entry) => entry === '*' || entry === action || (entry.endsWith(':*') && action.startsWith(entry.slice(0, -1))),
  );
}
