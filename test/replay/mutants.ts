/** Workflow code with a change that would break open verifications: the gate must catch each. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorkflows, WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';

/** A text in the compiled workflow, and its replacement. */
export interface Mutation {
  file: string;
  text: string;
  instead: string;
}

const DEADLINE = "this.alarm.set(this.atMs, 'The verification expires');";

export const MUTATIONS = {
  'an added timer': {
    file: 'alarm.js',
    text: DEADLINE,
    instead: `${DEADLINE} new Alarm().set(this.atMs - 1_000, 'Almost');`,
  },
  'a swapped order: the timer of an automatic re-send before the state': {
    file: 'sends.js',
    text: "this.isFirstSettled = true;\n        parts.enter('awaitingCode');",
    instead: "this.isFirstSettled = true;\n        void Promise.resolve().then(() => parts.enter('awaitingCode'));",
  },
  'a renamed activity': {
    file: 'cognito-calls.js',
    text: "'attempts', options).verifyCode(",
    instead: "'attempts', options).checkCode(",
  },
  'a call left out': {
    file: 'code-check.js',
    text: "if (answer.verdict !== 'uncertain' && answer.verdict !== 'codeExpired')",
    instead: "if (answer.verdict !== 'uncertain')",
  },
  'a state that is written once more': {
    file: 'listing.js',
    text: 'if (state === this.listed)',
    instead: "if (state === this.listed && state !== 'codePending')",
  },
  'a wait that is shorter: a re-send that is due at once': {
    file: 'send-plan.js',
    text: 'this.alarm.set(when.atMs, when.summary);',
    instead: 'if (when.atMs > Date.now() + 60_000) this.alarm.set(when.atMs, when.summary);',
  },
  'a look more: a sixth token that nobody has checked is tried at once': {
    file: 'policy.js',
    text: 'const FREE_REFUSALS = 5;',
    instead: 'const FREE_REFUSALS = 6;',
  },
  'an answer that comes later: a second place for unproven messages': {
    file: 'mailbox.js',
    text: 'this.isPlaceTaken = true;',
    instead: 'this.isPlaceTaken = false;',
  },
} as const satisfies Record<string, Mutation>;

const DIST = dirname(WORKFLOW_BUNDLE_PATH);

/**
 * The bundle of the compiled workflow with changes, as `npm run build` would make it.
 * @throws if a text is missing, so that no mutation silently has no effect
 */
export async function bundleOf(...mutations: readonly Mutation[]): Promise<string> {
  // Next to the original, so that its imports resolve.
  const folder = await mkdtemp(join(DIST, 'mutant-'));
  try {
    await cp(join(DIST, 'workflows'), folder, { recursive: true });
    for (const { file, text, instead } of mutations) {
      const path = join(folder, file);
      const source = await readFile(path, 'utf8');
      if (source.split(text).length !== 2) throw new Error(`${file} does not hold once: ${text}`);
      await writeFile(path, source.replace(text, instead));
    }
    return await bundleWorkflows(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Writes `bundleOf` to a file.
 * @returns its path, in the folder
 */
export async function bundleFileOf(folder: string, ...mutations: readonly Mutation[]): Promise<string> {
  const path = join(folder, 'bundle.js');
  await writeFile(path, await bundleOf(...mutations));
  return path;
}
