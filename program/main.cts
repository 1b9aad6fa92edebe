#!/usr/bin/env node
/** The command as it is installed. */
import thread = require('./early-thread.cjs');
import program = require('./load.cjs');

const [command, ...options] = process.argv.slice(2);
const isWorker = command === 'worker' && options.every((option) => option === '--json');
if (isWorker && process.env['VERIFICATION_WORKER_ONLY'] !== 'calls') thread.start();
program.load('cli.cjs');
