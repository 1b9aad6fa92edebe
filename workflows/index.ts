/** What the workflow bundle holds: the workflow, and nothing else. */
export { attributeVerification } from './attribute-verification.js';
