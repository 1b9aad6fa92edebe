import { setTimeout as sleep } from 'node:timers/promises';
import { GRPC_STATUS, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import type { ConnectionLike } from '@temporalio/client';

/** The connection of a client or of a worker. */
type OperatorConnection = Pick<ConnectionLike, 'operatorService'>;

/** The types of a namespace's custom search attributes by name, as numbers of Temporal's API. */
type AttributeTypes = Readonly<Record<string, number>>;

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;
/** A server shows a new attribute once its caches are up to date; a development server takes a moment. */
const VISIBLE_LIMIT_MS = 30_000;
const VISIBLE_STEP_MS = 100;

/** The search attributes are missing or cannot be registered from here; the message says what to do. */
export class SearchAttributesError extends Error {
  override readonly name = 'SearchAttributesError';
  readonly code = 'NotSetUp';
  constructor(
    message: string,
    /** The names of those that have another type. Default: none. */
    readonly wrong: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The names of a verification's search attributes, all of type Keyword. */
export const SEARCH_ATTRIBUTE_NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTES);

/**
 * Registers the search attributes that the namespace lacks and waits until the server shows them. A second call changes
 * nothing.
 * @returns the names that were new
 * @throws SearchAttributesError if one exists with another type, if the service does not let a client register them
 *   (Temporal Cloud, which has its own tools for it), or if the new ones do not show up within 30 seconds
 */
export async function registerSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  const present = await fetchTypes(connection, namespace);
  const missing = present ? findMissing(present, namespace) : [...SEARCH_ATTRIBUTE_NAMES];
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
        [],
        { cause: error },
      );
    }
    // Another process may have been faster.
    if (statusOf(error) !== GRPC_STATUS.ALREADY_EXISTS) throw error;
  }
  // A server that cannot list them has them at once.
  if (present) await waitUntilVisible(connection, namespace);
  return missing;
}

/**
 * The names of the search attributes that the namespace lacks. A workflow that sets a missing one is stuck, so a worker
 * asks first. Empty if the service does not list them: the test server, or one that manages search attributes elsewhere.
 * @throws SearchAttributesError if one exists with another type
 */
export async function missingSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  const present = await fetchTypes(connection, namespace);
  return present ? findMissing(present, namespace) : [];
}

async function waitUntilVisible(connection: OperatorConnection, namespace: string): Promise<void> {
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

/** Asks the server; undefined if it does not tell. */
async function fetchTypes(connection: OperatorConnection, namespace: string): Promise<AttributeTypes | undefined> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return customAttributes;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function findMissing(present: AttributeTypes, namespace: string): string[] {
  const wrong = SEARCH_ATTRIBUTE_NAMES.filter((name) => present[name] !== undefined && present[name] !== KEYWORD);
  if (wrong.length > 0) {
    throw new SearchAttributesError(
      `In namespace "${namespace}" there are search attributes of these names, but not of type Keyword: ${wrong.join(', ')}. Remove them there first (temporal operator search-attribute remove).`,
      wrong,
    );
  }
  return SEARCH_ATTRIBUTE_NAMES.filter((name) => present[name] === undefined);
}

function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status === GRPC_STATUS.PERMISSION_DENIED || status === GRPC_STATUS.UNIMPLEMENTED;
}

/** The status of an error of gRPC, which a worker's connection throws in a class of its own. */
function statusOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
