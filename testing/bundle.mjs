/**
 * A part of `npm run build`, after `tsc --build`: bundles the project's own workflow and activities for the fake, which runs
 * them in the process of a test, and the sandbox.
 */
import { cp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** As the bundle finds it. */
const RUNTIME = '../workflow-runtime.js';

/** What is bundled for the fake. */
const LIFECYCLE = `
export { attributeVerification } from ${JSON.stringify(here('../dist/workflows/attribute-verification.js'))};
export { countedAttempts, countedSends } from ${JSON.stringify(here('../dist/workflows/policy.js'))};
export { createActivities } from ${JSON.stringify(here('../dist/activities/create-activities.js'))};
export { CognitoRefusal, ForeignAnswer } from ${JSON.stringify(here('../dist/activities/cognito-answer.js'))};
`;

/** In place of the AWS SDK: a command says which call it is. Another one that the activities make also needs an answer in `user-pool.ts`. */
const COMMANDS = ['GetUser', 'GetUserAttributeVerificationCode', 'UpdateUserAttributes', 'VerifyUserAttribute']
  .map((call) => `export class ${call}Command { call = '${call}'; constructor(input) { this.input = input; } }`)
  .join('\n');

const VIRTUAL = { lifecycle: LIFECYCLE, commands: COMMANDS };

/** Gives the workflow and the activities another runtime, another clock and another Cognito. */
const replaced = {
  name: 'replaced',
  resolveId(id) {
    if (id in VIRTUAL) return id;
    if (id === '@temporalio/workflow' || id === '@temporalio/activity') return { id: RUNTIME, external: true };
    if (id === '@aws-sdk/client-cognito-identity-provider') return 'commands';
    return undefined;
  },
  load: (id) => VIRTUAL[id],
  transform(code, id) {
    if (!/\/dist\/workflows\/[\w-]+\.js$/.test(id) || !code.includes('Date.now()')) return undefined;
    return `import { now as __now } from '@temporalio/workflow';\n${code.replaceAll('Date.now()', '__now()')}`;
  },
};

/** What the client's package has in itself too. */
const isOurs = (id) => /^([./]|@smithy\/|@cognito-verification\/(contract|codec))/.test(id) || id in VIRTUAL;

async function bundle(input, file) {
  const made = await rolldown({
    input,
    platform: 'node',
    treeshake: { moduleSideEffects: false },
    plugins: [replaced],
    external: (id) => !isOurs(id) && !/^@(temporalio\/(workflow|activity)|aws-sdk\/client-cognito)/.test(id),
  });
  await made.write({ file: here(file), format: 'esm' });
}

await bundle('lifecycle', 'dist/bundled/lifecycle.js');
await bundle(here('../dist/sandbox/index.js'), 'dist/sandbox/index.js');
// Its types, file by file.
await rm(here('dist/sandbox/types'), { recursive: true, force: true });
await cp(here('../dist/sandbox'), here('dist/sandbox/types'), {
  recursive: true,
  filter: (path) => !/\.(js|map|tsbuildinfo)$/.test(path),
});
