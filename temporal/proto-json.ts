/**
 * Histories and payloads in protobuf's JSON, as Temporal's own tools write them. The SDK has these functions but exports them
 * from no public module, so this file alone imports the internal one.
 */
export {
  type History,
  historyFromJSON,
  historyToJSON,
  type JSONPayload,
  JSONToPayload,
  payloadToJSON,
} from '@temporalio/common/lib/proto-utils.js';
