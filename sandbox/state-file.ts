import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import type { State } from './state.js';

/** The format is enough to check: only the sandbox writes this file. */
const CurrentFormat = v.object({ format: v.literal(1) });
const FileIsMissing = v.object({ code: v.literal('ENOENT') });

function isState(value: unknown): value is State {
  return v.is(CurrentFormat, value);
}

/** Keeps the state in a file. A reader sees the old state or the new one, never a part of one. */
export class StateFile {
  private written = '';
  private writing: Promise<void> | undefined;
  private wanted: Promise<void> | undefined;

  constructor(private readonly path: string) {}

  /** The state of the last run; `undefined` when there was none. Throws when the file holds anything else. */
  async load(): Promise<State | undefined> {
    let json: string;
    try {
      json = await readFile(this.path, 'utf8');
    } catch (error) {
      if (v.is(FileIsMissing, error)) return undefined;
      throw error;
    }
    try {
      const state: unknown = JSON.parse(json);
      if (!isState(state)) throw new Error('The file is not a sandbox state of format 1');
      this.written = json;
      return state;
    } catch (cause) {
      throw new Error(`The sandbox state in ${this.path} cannot be read; delete the file to start afresh`, { cause });
    }
  }

  /**
   * Resolves once `state`, as it is now or newer, is in the file. Calls that arrive while a write is under way share
   * the next one, so that a burst of requests costs two writes in all.
   */
  save(state: State): Promise<void> {
    if (this.writing === undefined) return this.start(state);
    this.wanted ??= this.writing.catch(() => undefined).then(() => this.start(state));
    return this.wanted;
  }

  private start(state: State): Promise<void> {
    this.wanted = undefined;
    const writing = this.write(JSON.stringify(state)).finally(() => {
      if (this.writing === writing) this.writing = undefined;
    });
    this.writing = writing;
    return writing;
  }

  private async write(json: string): Promise<void> {
    if (json === this.written) return;
    const next = `${this.path}.next`;
    // The state holds the signing key and codes: only the developer may read it.
    // Nor may it go through a link, or into a file, that somebody else has put there.
    await rm(next, { force: true });
    await writeFile(next, json, { mode: 0o600, flag: 'wx' });
    await rename(next, this.path);
    this.written = json;
  }
}
