/** The descriptors of Temporal's messages, of which a program needs a part: building all 1,300 takes longer than anything else at its start. */
import { createRequire } from 'node:module';

/** A message, an enum, a service, or a package of them, as protobufjs writes them into JSON. */
interface Descriptor {
  nested?: Record<string, Descriptor>;
  fields?: Record<string, { type: string }>;
  methods?: Record<string, { requestType: string; responseType: string }>;
  values?: Record<string, number>;
  /** Of an extension, which only code generators read. */
  extend?: string;
}

/**
 * Reads the descriptors from the module in which `@temporalio/proto` has them.
 * @param file the module; it also finds protobufjs for it
 */
export function readDescriptors(file: string): Descriptor {
  const require = createRequire(file);
  const { Root }: { Root: { prototype: { addJSON: unknown } } } = require('protobufjs/light');
  const { addJSON } = Root.prototype;
  let nested: Record<string, Descriptor> = {};
  Root.prototype.addJSON = function (this: unknown, json: Record<string, Descriptor>) {
    nested = json;
    return this;
  };
  try {
    require(file);
  } finally {
    Root.prototype.addJSON = addJSON;
  }
  return { nested };
}

/**
 * The descriptors of some messages and services, and of all that these hold.
 * @param names full names of messages, services or packages
 * @throws if there is none of a name
 */
export function selectDescriptors(all: Descriptor, names: readonly string[]): Descriptor {
  const kept = new Set<string>();
  const open: string[] = [];
  const keep = (name: string) => {
    const outermost = outermostOf(all, name);
    if (!kept.has(outermost)) open.push(outermost);
    kept.add(outermost);
  };
  for (const name of names) for (const message of messagesIn(find(all, name), name)) keep(message);
  for (const name of open) for (const type of typesIn(find(all, name), name)) keep(resolve(all, type.name, type.scope));
  return only(all, (name) => kept.has(name)) ?? {};
}

const isPackage = ({ fields, methods, values, extend }: Descriptor) => !(fields ?? methods ?? values ?? extend);

/** What a message holds is kept or left out with it. */
function outermostOf(all: Descriptor, name: string): string {
  const parts = name.split('.');
  const at = parts.findIndex((_, index) => !isPackage(find(all, parts.slice(0, index + 1).join('.'))));
  return parts.slice(0, at + 1).join('.');
}

function lookUp(all: Descriptor, name: string): Descriptor | undefined {
  return name.split('.').reduce<Descriptor | undefined>((found, part) => found?.nested?.[part], all);
}

function find(all: Descriptor, name: string): Descriptor {
  const found = lookUp(all, name);
  if (!found) throw new Error(`Temporal's messages have no ${name} any more`);
  return found;
}

function messagesIn(descriptor: Descriptor, name: string): string[] {
  if (!isPackage(descriptor)) return [name];
  return Object.entries(descriptor.nested ?? {}).flatMap(([key, nested]) => messagesIn(nested, `${name}.${key}`));
}

function typesIn(
  { fields = {}, methods = {}, nested = {} }: Descriptor,
  scope: string,
): { name: string; scope: string }[] {
  const names = [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(methods).flatMap(({ requestType, responseType }) => [requestType, responseType]),
  ];
  return [
    ...names.filter((name) => !SCALARS.has(name)).map((name) => ({ name, scope })),
    ...Object.entries(nested).flatMap(([key, inner]) => typesIn(inner, `${scope}.${key}`)),
  ];
}

const SCALARS = new Set(
  'double float int32 uint32 sint32 fixed32 sfixed32 int64 uint64 sint64 fixed64 sfixed64 bool string bytes'.split(' '),
);

/** A name is looked for in its own message first, then outwards (protobuf's language guide, "Packages and Name Resolution"). */
function resolve(all: Descriptor, name: string, scope: string): string {
  if (name.startsWith('.')) return name.slice(1);
  for (let parts = scope.split('.'); parts.length > 0; parts = parts.slice(0, -1)) {
    const full = [...parts, name].join('.');
    if (lookUp(all, full)) return full;
  }
  find(all, name);
  return name;
}

function only(descriptor: Descriptor, isKept: (name: string) => boolean, name = ''): Descriptor | undefined {
  if (name && !isPackage(descriptor)) return isKept(name) ? descriptor : undefined;
  const nested = Object.entries(descriptor.nested ?? {}).flatMap(([key, inner]) => {
    const kept = only(inner, isKept, name ? `${name}.${key}` : key);
    return kept ? [[key, kept] as const] : [];
  });
  return nested.length > 0 || !name ? { ...descriptor, nested: Object.fromEntries(nested) } : undefined;
}
