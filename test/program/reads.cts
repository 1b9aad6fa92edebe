/** For `node --require`: at its end the command writes into `$READS` which files it has read to run them. */
import fs = require('node:fs');

const report = process.env['READS'] ?? '/dev/null';
const read = new Set<string>();
const { readFileSync } = fs;
Object.assign(fs, {
  readFileSync: (...args: Parameters<typeof readFileSync>) => {
    if (/\.[cm]?js$/.test(String(args[0]))) read.add(String(args[0]));
    return readFileSync(...args);
  },
});
process.once('exit', () => fs.writeFileSync(report, [...new Set([...read, ...Object.keys(require.cache)])].join('\n')));
