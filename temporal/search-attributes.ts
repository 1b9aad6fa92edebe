import { setTimeout as sleep } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import type { ConnectionLike } from '@temporalio/client';

/** Any connection: a client's or a worker's. */
type OperatorConnection = Pick<ConnectionLike, 'operatorService'>;

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;
// grpc-js, which has these numbers, is a dependency of the SDK and not ours.
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
/** The server tells of a new attribute once its caches have it; the development server takes a moment. */
const VISIBLE_LIMIT_MS = 30_000;
const VISIBLE_STEP_MS = 100;

/** The search attributes cannot be registered from here; the message says how to do it by hand. */
export class SearchAttributesError extends Error {
  override readonly name = 'SearchAttributesError';
  readonly code = 'NotSetUp';
}

/** The names of a verification's search attributes, all of type Keyword. */
export const SEARCH_ATTRIBUTE_NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTES);

/**
 * Registers what the namespace lacks and waits until the server shows it. Running it again changes nothing.
 * @returns the names that were new.
 * @throws SearchAttributesError when one exists with another type, when this service does not let a client register
 *   (Temporal Cloud: it is done in its own tools), or when the new ones do not show up.
 */
export async function registerSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  const present = await listed(connection, namespace);
  const missing = missingIn(present, namespace) ?? [...SEARCH_ATTRIBUTE_NAMES];
  if (missing.length === 0) return [];
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    if (isRefusal(error)) {
      throw new SearchAttributesError(
        `This Temporal Service does not let a client register search attributes. Register them in namespace "${namespace}" with its own tools, all of type Keyword: ${missing.join(', ')}.`,
        { cause: error },
      );
    }
    // Somebody else was faster.
    if (codeOf(error) !== ALREADY_EXISTS) throw error;
  }
  // A server that cannot list them has taken them at once.
  if (present) await untilVisible(connection, namespace);
  return missing;
}

/**
 * The names that the namespace lacks; empty too where the service does not tell (the test server; a namespace whose
 * search attributes are managed elsewhere). A workflow that sets a missing one is stuck, so a worker asks first.
 * @throws SearchAttributesError when one exists with another type.
 */
export async function missingSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  return missingIn(await listed(connection, namespace), namespace) ?? [];
}

async function untilVisible(connection: OperatorConnection, namespace: string): Promise<void> {
  const deadline = Date.now() + VISIBLE_LIMIT_MS;
  for (;;) {
    const missing = await missingSearchAttributes(connection, namespace);
    if (missing.length === 0) return;
    if (Date.now() > deadline) {
      throw new SearchAttributesError(
        `The search attributes were registered, but after ${VISIBLE_LIMIT_MS / 1000} seconds the server does not show ${missing.join(', ')}. Try again in a minute.`,
      );
    }
    await sleep(VISIBLE_STEP_MS);
  }
}

/** The type of each custom search attribute by name; undefined where the service does not tell. */
async function listed(
  connection: OperatorConnection,
  namespace: string,
): Promise<Readonly<Record<string, number>> | undefined> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return customAttributes;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function missingIn(present: Readonly<Record<string, number>> | undefined, namespace: string): string[] | undefined {
  if (!present) return undefined;
  const wrong = SEARCH_ATTRIBUTE_NAMES.filter((name) => present[name] !== undefined && present[name] !== KEYWORD);
  if (wrong.length > 0) {
    throw new SearchAttributesError(
      `In namespace "${namespace}" there are search attributes of these names, but not of type Keyword: ${wrong.join(', ')}. Remove them there first (temporal operator search-attribute remove).`,
    );
  }
  return SEARCH_ATTRIBUTE_NAMES.filter((name) => present[name] === undefined);
}

function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === PERMISSION_DENIED || code === UNIMPLEMENTED;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
