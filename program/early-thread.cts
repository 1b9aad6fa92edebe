/** The SDK's thread for workflows, started before the SDK asks for it: it loads its part while the main thread loads its own. */
import path = require('node:path');
import threads = require('node:worker_threads');

const FILE = path.join(__dirname, 'workflow-thread.cjs');
let early: threads.Worker | undefined;

/** Starts a thread. It does not keep the process alive. */
function start(): void {
  early = new threads.Worker(FILE);
  early.unref();
}

/** The thread that was started, or else a new one. */
function take(): threads.Worker {
  const thread = early ?? new threads.Worker(FILE);
  early = undefined;
  thread.ref();
  return thread;
}

export = { start, take };
