import fs = require('node:fs');
import Module = require('node:module');
import path = require('node:path');
import vm = require('node:vm');

const FOLDER = path.join(__dirname, '../bundled');
const scripts = new Map<string, vm.Script>();
const modules = new Map<string, { exports: unknown }>();

function load(file: string): unknown {
  return loadFile(path.join(FOLDER, file));
}

function loadFile(file: string): unknown {
  const known = modules.get(file);
  if (known) return known.exports;
  const module = { exports: {} };
  modules.set(file, module);
  const native = Module.createRequire(file);
  const require = Object.assign(
    (id: string): unknown => {
      const at = id.startsWith('.') ? path.resolve(path.dirname(file), id) : id;
      return at.startsWith(FOLDER + path.sep) ? loadFile(at) : native(id);
    },
    { resolve: native.resolve, cache: native.cache, main: native.main, extensions: native.extensions },
  );
  let cachedData: Buffer | undefined;
  try {
    cachedData = fs.readFileSync(`${file}.cache`);
  } catch {}
  const script = new vm.Script(Module.wrap(fs.readFileSync(file, 'utf8')), {
    filename: file,
    ...(cachedData ? { cachedData } : {}),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (process.env['DEBUG_CACHE']) console.error(file, cachedData?.length, script.cachedDataRejected);
  scripts.set(file, script);
  script.runInThisContext().call(module.exports, module.exports, require, module, file, path.dirname(file));
  return module.exports;
}

function save(): void {
  for (const [file, script] of scripts) fs.writeFileSync(`${file}.cache`, script.createCachedData());
}

export = { FOLDER, load, save };
