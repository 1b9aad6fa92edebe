/**
 * Loads the files of the bundle, with what V8 has kept of compiling them (`record.cts`). Node.js has a cache of its own for that
 * only from 22.1 on, and puts it where other users of the machine may write.
 */
import fs = require('node:fs');
import Module = require('node:module');
import path = require('node:path');
import vm = require('node:vm');

/** Where `bundle.ts` writes. */
const FOLDER = path.join(__dirname, '../bundled');

const scripts = new Map<string, vm.Script>();
const modules = new Map<string, { exports: unknown }>();

/**
 * Runs a file of the bundle, once.
 * @param name of the file, without its folder
 * @returns what it exports
 */
function load(name: string): unknown {
  const file = path.join(FOLDER, name);
  // Node.js maps stack traces only for what it has loaded itself.
  return process.sourceMapsEnabled ? Module.createRequire(file)(file) : loadFile(file);
}

function loadFile(file: string): unknown {
  const known = modules.get(file);
  if (known) return known.exports;
  const module = { exports: {} };
  modules.set(file, module);
  const script = new vm.Script(Module.wrap(fs.readFileSync(file, 'utf8')), {
    filename: file,
    cachedData: compiledBefore(file),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  scripts.set(file, script);
  script.runInThisContext().call(module.exports, module.exports, requireFor(file), module, file, FOLDER);
  return module.exports;
}

/** Files of the bundle are loaded here, also those that the SDK names by path; everything else is left to Node.js. */
function requireFor(file: string): NodeJS.Require {
  const native = Module.createRequire(file);
  const require = (id: string): unknown => {
    const target = id.startsWith('.') ? path.join(FOLDER, id) : id;
    return path.dirname(target) === FOLDER ? loadFile(target) : native(id);
  };
  return Object.assign(require, native);
}

/** V8 itself refuses what another release of V8 has compiled, and then compiles anew. */
function compiledBefore(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}

/** Writes what V8 has compiled of the files that were loaded. */
function save(): void {
  for (const [file, script] of scripts) fs.writeFileSync(`${file}.cache`, script.createCachedData());
}

export = { FOLDER, load, save };
