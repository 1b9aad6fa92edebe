/** The gate as a separate program, for any Node.js, time zone and language: ends with 1 if something is wrong. */
import { readFile } from 'node:fs/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { judge, listing, table } from './gate.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const at = process.argv.indexOf('--corpus');
const folder = at < 0 ? undefined : process.argv[at + 1];
const verdict = await judge({ code: await readFile(WORKFLOW_BUNDLE_PATH, 'utf8'), ...(folder ? { folder } : {}) });
if (process.argv.includes('--list')) console.log(listing(verdict));
console.log(table(verdict));
for (const problem of verdict.problems) console.error(problem);
process.exitCode = verdict.problems.length > 0 ? 1 : 0;
