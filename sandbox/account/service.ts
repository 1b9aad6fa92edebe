import type { Input } from '../members.js';
import type { Operation } from '../operations/operation.js';
import type { Wire } from '../wire/wire.js';

/** The account that the sandbox pretends to be. */
export const ACCOUNT_ID = '000000000000';

/** Whom every signed request comes from. */
export const CALLER_ARN = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/sandbox/sandbox`;

/** When everything was made whose making nobody cares about. */
export const CREATED = new Date('2026-01-01T00:00:00Z');

/** An AWS service as the sandbox has it. */
export interface Service {
  /** Its prefix in IAM policies, such as `sns`. */
  readonly name: string;
  readonly wire: Wire;
  readonly operations: Readonly<Record<string, Operation>>;
  /** What it calls input that breaks its model, with HTTP 400. */
  readonly invalidInput: string;
  /** What it calls a caller without permission, where that is not its protocol's usual name. */
  readonly denied?: string;
  /** Whether it answers the operation only to who may do it. Default: each one. */
  readonly needsPermission?: (operation: string) => boolean;
  /** Whether it answers requests without a signature. Default: it refuses them. */
  readonly takesUnsigned?: boolean;
  /** The IAM actions of an operation. Default: the one of its name. */
  readonly actionsOf?: (operation: string) => readonly string[];
  /** Its prefix in the text about a caller without permission, where that is not the one of IAM policies. */
  readonly deniedPrefix?: string;
  /** What the caller would need permission for. Default: `*`. */
  readonly resourceOf?: (input: Input, region: string, operation: string) => string;
}

/** The IAM actions that an operation needs. */
export function actionsOf(service: Service, operation: string): readonly string[] {
  if (service.needsPermission?.(operation) === false) return [];
  return service.actionsOf?.(operation) ?? [`${service.name}:${operation}`];
}
