/** What another terminal needs to talk to a stack, and what to try there. */
import { relative } from 'node:path';
import { KEY_SETTINGS } from '@cognito-verification/codec';
import type { AttributeName } from '@cognito-verification/contract';
import type { SignedInUser } from './demo-user.js';
import type { StackFolder, StackInfo } from './stack-folder.js';
import { type StackTemporal, settingsOfExternal } from './stack-temporal.js';

const TOKEN_FILE = 'access-token';
/** In the file: which of its settings the stack chose by itself, as `NAME=value NAME=value`. */
const MARKER = 'VERIFICATION_STACK';

/**
 * Writes the file that a shell sources; answers its path.
 * @param parts the settings that lead to the parts of the stack beside Temporal
 */
export async function writeEnvironment(
  folder: StackFolder,
  { config, own }: Pick<StackTemporal, 'config' | 'own'>,
  parts: Readonly<Record<string, string>>,
): Promise<string> {
  const variables = {
    // Of an existing service the other settings stay in the user's shell: they are secrets.
    ...(own ? { TEMPORAL_ADDRESS: config.address, TEMPORAL_TLS: 'false' } : settingsOfExternal()),
    TEMPORAL_NAMESPACE: config.namespace,
    VERIFICATION_TASK_QUEUE: config.taskQueue,
    ...parts,
  };
  // What this shell had already is the user's, and a later `up` in a shell with this file is to use it again.
  const chosen = Object.entries(variables).filter(([name, value]) => process.env[name] !== value);
  const marked = { ...variables, [MARKER]: chosen.map(([name, value]) => `${name}=${value}`).join(' ') };
  const lines = Object.entries(marked).map(([name, value]) => `export ${name}=${quote(value)}`);
  // A profile of this shell would bring another server's key or certificates along.
  if (own) lines.unshift('unset TEMPORAL_PROFILE TEMPORAL_API_KEY');
  // Keys of this shell beside the stack's own file would be refused, or go before it.
  if (parts[KEY_SETTINGS.file] !== undefined) lines.unshift(`unset ${KEY_SETTINGS.keys} ${KEY_SETTINGS.kms}`);
  return await folder.writePrivate('env', `${lines.join('\n')}\n`);
}

/**
 * Takes out of this process's environment what an earlier stack's file put there: that stack's own server and sandbox
 * ended with it, and to look for them would be to find nothing. Answers the names.
 */
export function forgetStackSettings(environment: NodeJS.ProcessEnv = process.env): string[] {
  const pairs = environment[MARKER]?.split(' ') ?? [];
  const names = pairs.flatMap((pair) => {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    // One that was set anew since is meant.
    return at > 0 && environment[name] === pair.slice(at + 1) ? [name] : [];
  });
  for (const name of [...names, MARKER]) delete environment[name];
  return names;
}

/** Writes the demo user's access token where `--access-token-file` finds it. */
export async function writeAccessToken(folder: StackFolder, user: SignedInUser): Promise<void> {
  await folder.writePrivate(TOKEN_FILE, `${user.accessToken}\n`);
}

/** The next three commands, for a shell in the present folder. */
export function nextCommands(info: StackInfo): string[] {
  const source = `. ${here(info.environmentFile)}`;
  if (info.username === undefined) {
    const start = 'npx cognito-verification start --attribute email --access-token-file FILE';
    return [source, start, 'npx cognito-verification list'];
  }
  const attribute: AttributeName = 'phone_number';
  const token = here(`${info.stateDir}/${TOKEN_FILE}`);
  const next = info.workflowId?.replace(/[^/]*$/, attribute) ?? 'WORKFLOW_ID';
  return [
    source,
    `npx cognito-verification start --attribute ${attribute} --access-token-file ${token}`,
    `npx cognito-verification submit ${next}   # asks for the code; it is in the inbox`,
  ];
}

/** Short where it can be: the commands are to be typed in the folder that `up` runs in. */
function here(path: string): string {
  const short = relative(process.cwd(), path);
  return quote(short.startsWith('..') ? path : short);
}

/** As a POSIX shell reads it back unchanged. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
