/**
 * Sealing: nothing that a verification carries leaves a process readable. Workers, clients, the command line and replays
 * all use this one codec; other languages use the codec of Temporal's samples with the same key. Beside the keys it reads
 * the other settings that clients and workers share.
 */
export * from './data-converter.js';
export * from './errors.js';
export * from './key-ring.js';
export * from './key-settings.js';
export * from './kms-key-ring.js';
export { isLoopback, LOCAL_WEB_UI_ORIGINS } from './loopback.js';
export { parseKeys } from './parse-keys.js';
export * from './seal.js';
export * from './setting-error.js';
export * from './setting-table.js';
export * from './temporal-settings.js';
export * from './user-pool-settings.js';
