/**
 * The protocol of a verification: everything that crosses a process border, and nothing else. It imports no Temporal
 * runtime and no AWS client, so a caller, the worker and the workflow bundle can all depend on it.
 */
export * from './access-token.js';
export * from './bounds.js';
export type { Duration } from './duration.js';
export * from './failure-types.js';
export * from './grpc-status.js';
export * from './held.js';
export { InvalidInputError } from './input-fields.js';
export * from './messages.js';
export * from './names.js';
export * from './parse-stamp.js';
export { parseAccessToken } from './parse-token-input.js';
export * from './policy.js';
export * from './printable.js';
export * from './secret.js';
export * from './stamp.js';
export * from './status.js';
export * from './token-input.js';
export * from './trace-context.js';
export * from './user-pools.js';
export * from './validation.js';
export * from './values.js';
export * from './workflow-id.js';
