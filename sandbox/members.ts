import * as v from 'valibot';
import { CognitoException, invalidParameter } from './exceptions.js';
import { JsonObject } from './schema.js';

/** The JSON body of a request. */
export type Input = Readonly<Record<string, unknown>>;

interface TextConstraint {
  /** Anchored at both ends; the exception shows it without the anchors, as Cognito does. */
  readonly pattern?: RegExp;
  readonly max?: number;
  /** A secret is not repeated in the text of the exception. */
  readonly secret?: boolean;
}

function memberName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function violation(name: string, value: string | undefined, rule: string, secret = false): CognitoException {
  const shown = value === undefined ? ' null' : secret ? '' : ` '${value}'`;
  return invalidParameter(
    `1 validation error detected: Value${shown} at '${memberName(name)}' failed to satisfy constraint: Member must ${rule}`,
  );
}

function wrongType(value: unknown, wanted: string): CognitoException {
  const kind = Array.isArray(value) ? 'START_ARRAY' : typeof value === 'object' ? 'START_OBJECT' : typeof value;
  return new CognitoException('SerializationException', `${kind.toUpperCase()} can not be converted to ${wanted}`);
}

/** An optional string member. */
export function optionalText(input: Input, name: string, constraint: TextConstraint = {}): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongType(value, 'a String');
  const { pattern, max, secret } = constraint;
  if (max !== undefined && value.length > max) {
    throw violation(name, value, `have length less than or equal to ${max}`, secret);
  }
  if (pattern !== undefined && !pattern.test(value)) {
    throw violation(name, value, `satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`, secret);
  }
  return value;
}

/** A required string member. */
export function requiredText(input: Input, name: string, constraint: TextConstraint = {}): string {
  const value = optionalText(input, name, constraint);
  if (value === undefined) throw violation(name, undefined, 'not be null');
  return value;
}

function listMember(input: Input, name: string): unknown[] {
  const value: unknown = input[name] ?? [];
  if (!Array.isArray(value)) throw wrongType(value, 'a List');
  return value;
}

/** An optional list of strings; empty when absent. */
export function textList(input: Input, name: string): string[] {
  return listMember(input, name).map((entry) => {
    if (typeof entry !== 'string') throw wrongType(entry, 'a String');
    return entry;
  });
}

/** An optional object member; empty when absent. */
export function structure(input: Input, name: string): Input {
  const value = input[name] ?? {};
  if (!v.is(JsonObject, value)) throw wrongType(value, 'a Structure');
  return value;
}

/** An optional map of strings, such as `ClientMetadata`; empty when absent. */
export function textMap(input: Input, name: string): Record<string, string> {
  const entries = Object.entries(structure(input, name)).map(([key, value]): [string, string] => {
    if (typeof value !== 'string') throw wrongType(value, 'a String');
    return [key, value];
  });
  return Object.fromEntries(entries);
}

/** An optional whole number. */
export function optionalInteger(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(value, 'an Integer');
  return value;
}

/** An optional boolean. */
export function optionalFlag(input: Input, name: string): boolean | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw wrongType(value, 'a Boolean');
  return value;
}

/** The `[{Name, Value}]` list in which Cognito takes attributes. */
export function attributeList(input: Input, name: string): [name: string, value: string][] {
  return listMember(input, name).map((attribute) => {
    if (!v.is(JsonObject, attribute)) throw wrongType(attribute, 'a Structure');
    return [
      requiredText(attribute, 'Name', { max: 32 }),
      optionalText(attribute, 'Value', { max: 2048, secret: true }) ?? '',
    ];
  });
}

/** The constraints of Cognito's model on members that several operations share. */
export const CONSTRAINTS = {
  accessToken: { pattern: /^[A-Za-z0-9-_=.]+$/, secret: true },
  attributeName: { pattern: /^[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+$/u, max: 32 },
  code: { pattern: /^[\S]+$/, max: 2048, secret: true },
  userPoolId: { pattern: /^[\w-]+_[0-9a-zA-Z]+$/, max: 55 },
  clientId: { pattern: /^[\w+]+$/, max: 128 },
  username: { pattern: /^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$/u, max: 128, secret: true },
} as const satisfies Record<string, TextConstraint>;
