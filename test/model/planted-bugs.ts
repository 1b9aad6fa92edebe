/** The workflow with a bug in it: a bundle of a copy of the compiled code in which a few lines are replaced. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CONVERTER_PATHS } from '@cognito-verification/codec';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

interface PlantedBug {
  /** Of dist/workflows. */
  file: string;
  replace: [from: string, to: string][];
}

export const PLANTED_BUGS = {
  'an attempt is counted after the call': {
    file: 'attempting.js',
    replace: [
      ['const settle = verification.beginAttempt();', ''],
      ['settle(OUTCOMES[verdict.verdict]);', 'verification.beginAttempt()(OUTCOMES[verdict.verdict]);'],
    ],
  },
  'a re-send gives the attempts back': {
    file: 'sending.js',
    replace: [
      ['this.clientMetadata = post.input', 'verification.attempts.length = 0; this.clientMetadata = post.input'],
    ],
  },
  'a send that got no answer is not counted': {
    file: 'policy.js',
    replace: [[`outcome === 'sent' || outcome === 'uncertain' || `, `outcome === 'sent' || `]],
  },
  'the deadline is forgotten while rate limited': {
    file: 'attribute-verification.js',
    replace: [
      ['const deadlinePassed = () => ', `const deadlinePassed = () => verification.state !== 'rateLimited' && (`],
      ['Date.now() >= verification.expiresAtMs;', 'Date.now() >= verification.expiresAtMs);'],
    ],
  },
  'a send that got no answer is tried again at once': {
    file: 'sending.js',
    replace: [
      [
        `verification.recordSend('uncertain', { reason: verdict.failure.type });`,
        `verification.recordSend('uncertain', { reason: verdict.failure.type }); if (countedSends(verification.sends).length < 2) { this.start(); return; }`,
      ],
    ],
  },
} as const satisfies Record<string, PlantedBug>;

export type BugName = keyof typeof PLANTED_BUGS;

/** Beside the code that it is a copy of, so that it finds the same packages. */
const COMPILED = fileURLToPath(new URL('../../dist/workflows', import.meta.url));

/**
 * @returns the path of the bundle
 * @throws Error when the code has changed so that the bug has no place in it any more.
 */
export async function plant(name: BugName): Promise<string> {
  const { file, replace } = PLANTED_BUGS[name];
  const folder = `${COMPILED}-with-a-bug-${Object.keys(PLANTED_BUGS).indexOf(name)}`;
  await cp(COMPILED, folder, { recursive: true });
  let code = await readFile(`${folder}/${file}`, 'utf8');
  for (const [from, to] of replace) {
    if (code.split(from).length !== 2) throw new Error(`${file} does not hold this once: ${from}`);
    code = code.replace(from, () => to);
  }
  await writeFile(`${folder}/${file}`, code);
  const bundle = await bundleWorkflowCode({
    workflowsPath: `${folder}/index.js`,
    ...CONVERTER_PATHS,
    logger: new DefaultLogger('ERROR'),
  });
  await writeFile(`${folder}/bundle.js`, bundle.code);
  return `${folder}/bundle.js`;
}
