/** `replay --save`: the histories as files, which `replay` reads again. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY_SETTINGS, type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { readHistoryFiles } from '../worker/history-files.js';
import { historyDocument } from '../worker/recorded-history.js';
import { redactHistory } from '../worker/redact-history.js';
import { type Replayed, replayHistories } from '../worker/replay.js';
import type { ReplayBundle } from '../worker/replay-bundle.js';
import type { ReplayCommandOptions } from './replay.js';
import type { SourcedHistory } from './replay-source.js';
import { UsageError } from './usage-error.js';

/** What was written. */
export interface SavedHistories {
  folder: string;
  files: number;
  redacted: boolean;
}

export interface Save {
  take(replayed: Replayed<SourcedHistory>): Promise<void>;
  /** @throws RedactionError */
  close(bundle: ReplayBundle): Promise<SavedHistories>;
}

/** What was redacted does not replay as the original does, so it would show something else than what has happened. */
class RedactionError extends Error {
  override readonly name = 'RedactionError';
  readonly code = 'Redaction';
}

/**
 * Undefined where nothing is to be saved.
 * @param keys of a worker: they open the payloads, and seal them again unless there are others for that
 * @throws UsageError, KeySettingsError
 */
export async function openSave(options: ReplayCommandOptions, keys: KeyRing): Promise<Save | undefined> {
  const { save: folder, redact = false, sealKeyFile } = options;
  if (folder === undefined) return undefined;
  const sealWith = sealKeyFile === undefined ? keys : await readSealKey(sealKeyFile);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new UsageError(`--save: the folder ${folder} cannot be made (${reasonOf(error)}).`);
  });
  const replaying: string[] = [];
  let files = 0;
  return {
    take: async ({ recorded, problem }) => {
      // Where nothing opens it there is nothing to redact, and as it is it may not be given away.
      if (redact && problem?.kind === 'sealed') return;
      const kept = redact ? await redactHistory(recorded, { keys, sealWith }) : recorded;
      const file = join(folder, fileName(recorded));
      await writeFile(file, `${JSON.stringify(historyDocument(kept), undefined, 1)}\n`);
      files += 1;
      if (!problem) replaying.push(file);
    },
    close: async (bundle) => {
      if (redact) await checkReplay(replaying, bundle, sealWith);
      return { folder, files, redacted: redact };
    },
  };
}

/** Those that replay must still: as files, with the keys that those have to whom they are given. */
async function checkReplay(files: readonly string[], bundle: ReplayBundle, keys: KeyRing): Promise<void> {
  const broken: string[] = [];
  async function* read() {
    for await (const found of readHistoryFiles(files)) {
      if ('problem' in found) broken.push(found.file);
      else yield found;
    }
  }
  await replayHistories(read(), { bundle, keys }, ({ recorded, problem }) => {
    if (problem) broken.push(recorded.file);
  });
  if (broken.length === 0) return;
  await Promise.all(broken.map((file) => rm(file)));
  throw new RedactionError(
    `${broken.length} of ${files.length} histories do not replay any more once they are redacted, and were not saved: ${broken.slice(0, 3).join(', ')}. This is a bug of this command.`,
  );
}

/** @throws UsageError, KeySettingsError */
async function readSealKey(file: string): Promise<KeyRing> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--seal-key-file: ${file} cannot be read (${reasonOf(error)}).`);
  });
  return keyRingOf(...parseKeys(text, KEY_SETTINGS.file));
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function fileName({ workflowId, runId }: SourcedHistory): string {
  return `${`${workflowId}.${runId ?? 'run'}`.replaceAll(/[^\w.-]/g, '_').slice(-200)}.json`;
}
