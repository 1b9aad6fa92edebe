/** Bugs that a reviewer might overlook, each a few lines in the compiled workflow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFileOf, type Mutation } from '../replay/mutants.js';

/** What is wrong with the code, and how it differs from the model: any other difference has another cause. */
interface PlantedBug {
  mutations: readonly Mutation[];
  shows: RegExp;
}

export const PLANTED_BUGS = {
  'an attempt is counted after the call': {
    shows: /^- (attempts: |an attempt is with Cognito and was not counted)/m,
    mutations: [
      {
        file: 'code-check.js',
        text: 'const settle = this.attempts.count(updateId, isAnswered ? direct.at : undefined);',
        instead: '',
      },
      {
        file: 'code-check.js',
        text: 'settle(OUTCOMES[answer.verdict]);',
        instead: 'this.attempts.count(updateId)(OUTCOMES[answer.verdict]);',
      },
    ],
  },
  'a re-send gives the attempts back': {
    shows: /^- (attempts|attemptsLeft)/m,
    mutations: [
      {
        file: 'attribute-verification.js',
        text: 'sends.takeResend();',
        instead: 'attempts.entries.length = 0; sends.takeResend();',
      },
    ],
  },
  'a send that got no answer is not counted': {
    shows: /^- (sendsLeft|deliveryUncertain|not kept: every message is a send|not kept: no more sends)/m,
    mutations: [
      {
        file: 'policy.js',
        text: "outcome === 'sent' || outcome === 'uncertain' || ",
        instead: "outcome === 'sent' || ",
      },
    ],
  },
  'the deadline is forgotten while rate limited': {
    shows: /^- state: the model says expired, seen rateLimited/m,
    mutations: [
      {
        file: 'verification.js',
        text: 'deadlinePassed: deadline.passed,',
        instead: "deadlinePassed: this.state !== 'rateLimited' && deadline.passed,",
      },
    ],
  },
  'a send that got no answer is tried again at once': {
    shows: /^- (sends|calls for a send|messages)/m,
    mutations: [
      {
        file: 'sends.js',
        text: 'let ending;',
        instead:
          "let ending; if (answer.verdict === 'uncertain' && this.records.counted.length < 2) { this.start(); return; }",
      },
    ],
  },
  'another value is taken for the one that the code went to': {
    shows: /^- (state: the model says expired, seen verified|not kept: verified only what Cognito shows)/m,
    mutations: [
      {
        file: 'proof.js',
        text: 'const isTheSame = now.valueDigest === target.valueDigest;',
        instead: 'const isTheSame = !target.mustDiffer;',
      },
    ],
  },
} as const satisfies Record<string, PlantedBug>;

export type BugName = keyof typeof PLANTED_BUGS;

/** Keeps the bundle of the workflow with a bug in a file while it is used. */
export async function withBug(name: BugName, use: (workflowBundlePath: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'planted-bug-'));
  try {
    await use(await bundleFileOf(folder, ...PLANTED_BUGS[name].mutations));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
