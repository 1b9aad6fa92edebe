#!/usr/bin/env node
import program = require('./load.cjs');

program.load('cli.cjs');
