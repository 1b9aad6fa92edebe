import program = require('./load.cjs');

program.load('workflow-thread.cjs');
