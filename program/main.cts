#!/usr/bin/env node
/** The command as it is installed. */
import program = require('./load.cjs');

program.load('cli.cjs');
