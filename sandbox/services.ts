import * as v from 'valibot';
import { CLOUDWATCH } from './account/cloudwatch.js';
import { IAM } from './account/iam.js';
import { actionsOf, type Service } from './account/service.js';
import { SERVICE_QUOTAS } from './account/service-quotas.js';
import { readSesRequest, SES } from './account/ses.js';
import { SMS_VOICE } from './account/sms-voice.js';
import { SNS } from './account/sns.js';
import { STS } from './account/sts.js';
import { WAFV2 } from './account/wafv2.js';
import type { Input } from './members.js';
import { COGNITO_IDP } from './operations/operations.js';
import { JsonObject } from './schema.js';
import { CBOR_WIRE, readCbor } from './wire/cbor.js';
import { withQueryErrors } from './wire/json.js';
import { readQuery } from './wire/query.js';
import type { AwsRequest, Wire } from './wire/wire.js';

/** The services that speak JSON, by the first part of `x-amz-target`. */
const BY_TARGET: Readonly<Record<string, Service>> = {
  AWSCognitoIdentityProviderService: COGNITO_IDP,
  AWSWAF_20190729: WAFV2,
  GraniteServiceVersion20100801: CLOUDWATCH,
  PinpointSMSVoiceV2: SMS_VOICE,
  ServiceQuotasV20190624: SERVICE_QUOTAS,
};

/** The services that speak the Query protocol, by the version of their API. AWS tells them apart by the host. */
const BY_VERSION: Readonly<Record<string, Service>> = { '2010-03-31': SNS, '2010-05-08': IAM, '2011-06-15': STS };

const SERVICES: readonly Service[] = [...Object.values(BY_TARGET), ...Object.values(BY_VERSION), SES];

/** Every operation that the sandbox has, of each service. */
export const OPERATION_NAMES: readonly string[] = SERVICES.flatMap(({ operations }) => Object.keys(operations));

/** IAM actions that decide about an operation, and the two ways to name several: `*` and `sns:*`. */
const ACTIONS: readonly string[] = [
  '*',
  ...new Set(
    SERVICES.flatMap((service) =>
      Object.keys(service.operations).flatMap((operation) =>
        actionsOf(service, operation).flatMap((action) => [action, `${action.slice(0, action.indexOf(':'))}:*`]),
      ),
    ),
  ),
];

/** Actions that the account may deny its caller. */
export const DeniedActions = v.array(v.picklist(ACTIONS));

/** What a request asks for. */
export interface AwsCall {
  readonly service: Service;
  readonly wire: Wire;
  readonly operation: string;
  /** Undefined: the body cannot be read. */
  readonly input: Input | undefined;
}

/** Reads a request as the service does that it is for. What belongs to no service is Cognito's. */
export function readCall({ method, path, header, body }: AwsRequest): AwsCall {
  if (path.startsWith('/v2/email/'))
    return { service: SES, wire: SES.wire, ...readSesRequest(method, path, readJson(body)) };
  const [, rpcTarget, rpcOperation] = /^\/service\/(\w+)\/operation\/(\w+)$/.exec(path) ?? [];
  if (rpcTarget !== undefined && rpcOperation !== undefined) {
    const service = named(BY_TARGET, rpcTarget) ?? COGNITO_IDP;
    return { service, wire: withQueryErrors(CBOR_WIRE), operation: rpcOperation, input: readCbor(body) };
  }
  const target = header('x-amz-target');
  if (target === undefined && header('content-type')?.startsWith('application/x-www-form-urlencoded') === true) {
    const { Action = '', Version = '', ...input } = readQuery(new URLSearchParams(textOf(body)));
    const service = named(BY_VERSION, String(Version)) ?? SNS;
    return { service, wire: service.wire, operation: String(Action), input };
  }
  const [prefix = '', operation] = (target ?? '').split('.', 2);
  const service = named(BY_TARGET, prefix) ?? COGNITO_IDP;
  return { service, wire: service.wire, operation: operation ?? prefix, input: readJson(body) };
}

function named(services: Readonly<Record<string, Service>>, name: string): Service | undefined {
  return Object.hasOwn(services, name) ? services[name] : undefined;
}

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

function readJson(body: Uint8Array): Input | undefined {
  try {
    const input: unknown = JSON.parse(body.length === 0 ? '{}' : textOf(body));
    return v.is(JsonObject, input) ? input : undefined;
  } catch {
    return undefined;
  }
}
