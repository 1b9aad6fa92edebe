/**
 * Loaded into a process whose memory is measured: each of its threads collects its garbage every few seconds, so that what it
 * keeps is told from what V8 has not collected yet.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 5_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setInterval(collect, EVERY_MS).unref();
