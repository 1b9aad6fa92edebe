/** The SDK's thread for workflows. */
import program = require('./load.cjs');

program.load('workflow-thread.cjs');
