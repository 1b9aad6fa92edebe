/** Keeps what V8 has compiled of the bundle while the program loads, so that it need not compile it again (`load.cts`). */
import fs = require('node:fs');
import threads = require('node:worker_threads');
import program = require('./load.cjs');

const OF_THE_THREAD = 'workflow-thread.cjs';

if (threads.isMainThread) {
  const files = fs.readdirSync(program.FOLDER).filter((file) => file.endsWith('.cjs') && file !== OF_THE_THREAD);
  new threads.Worker(__filename).once('exit', () => {
    process.once('exit', program.save);
    // Loading the command runs it.
    process.argv.splice(2, Number.POSITIVE_INFINITY, '--help');
    for (const file of files) program.load(file);
  });
} else {
  program.load(OF_THE_THREAD);
  program.save();
  process.exit();
}
