import { readFile, rename, writeFile } from 'node:fs/promises';
import { recordOf } from './json.js';
import type { State } from './state.js';

/** The format says it all: nobody but the sandbox writes this file. */
function isState(value: unknown): value is State {
  return recordOf(value)['format'] === 1;
}

/** Keeps the state in a file. A reader sees the old state or the new one, never half of one. */
export class StateFile {
  readonly #path: string;
  #written = '';
  #writing: Promise<void> | undefined;
  #wanted: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The state of the last run, or `undefined` when there was none. */
  async load(): Promise<State | undefined> {
    let json: string;
    try {
      json = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (recordOf(error)['code'] === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const state: unknown = JSON.parse(json);
      if (!isState(state)) throw new Error('It is not a sandbox state of format 1');
      this.#written = json;
      return state;
    } catch (cause) {
      throw new Error(`The sandbox state in ${this.#path} cannot be read; delete the file to start afresh`, { cause });
    }
  }

  /**
   * Resolves once `state`, as it is now or newer, is in the file. Calls that arrive while a write is under way share
   * the next one, so that a burst of requests costs two writes and not one each.
   */
  save(state: State): Promise<void> {
    if (this.#writing === undefined) return this.#start(state);
    this.#wanted ??= this.#writing.catch(() => undefined).then(() => this.#start(state));
    return this.#wanted;
  }

  #start(state: State): Promise<void> {
    this.#wanted = undefined;
    const writing = this.#write(JSON.stringify(state)).finally(() => {
      if (this.#writing === writing) this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }

  async #write(json: string): Promise<void> {
    if (json === this.#written) return;
    const next = `${this.#path}.next`;
    // It holds the signing key and codes: for the developer's eyes only.
    await writeFile(next, json, { mode: 0o600 });
    await rename(next, this.#path);
    this.#written = json;
  }
}
