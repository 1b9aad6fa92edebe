/** What a person reads when a stack is up, and what another terminal needs in order to use it. */
import { join, relative } from 'node:path';
import { KEY_SETTINGS } from '@cognito-verification/codec';
import { type AttributeName, defined } from '@cognito-verification/contract';
import type { SignedInUser } from './demo-user.js';
import { type StackFolder, type StackInfo, WORKER_LOG } from './stack-folder.js';
import { type StackTemporal, settingsOfExternal } from './stack-temporal.js';

const TOKEN_FILE = 'access-token';
/** The settings in the file that the stack has chosen, as `NAME=value NAME=value`. */
const MARKER = 'VERIFICATION_STACK';

/**
 * Writes the file that a shell sources. Answers its path.
 * @param parts settings that lead to the other parts of the stack
 */
export async function writeEnvironment(
  folder: StackFolder,
  { config, own }: Pick<StackTemporal, 'config' | 'own'>,
  parts: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const variables = {
    // The other settings of an existing service are secrets, so they stay in the user's shell.
    ...(own ? { TEMPORAL_ADDRESS: config.address, TEMPORAL_TLS: 'false' } : settingsOfExternal()),
    TEMPORAL_NAMESPACE: config.namespace,
    VERIFICATION_TASK_QUEUE: config.taskQueue,
    ...defined(parts),
  };
  // A setting that this shell had already is the user's. A later `up` in a shell with this file uses it again.
  const chosen = Object.entries(variables).filter(([name, value]) => process.env[name] !== value);
  const marked = { ...variables, [MARKER]: chosen.map(([name, value]) => `${name}=${value}`).join(' ') };
  const lines = Object.entries(marked).map(([name, value]) => `export ${name}=${quote(value)}`);
  // A profile of this shell would bring another server's key or certificates.
  if (own) lines.unshift('unset TEMPORAL_PROFILE TEMPORAL_API_KEY');
  // Keys of this shell beside the stack's own file would be refused, or would win.
  if (parts[KEY_SETTINGS.file] !== undefined) lines.unshift(`unset ${KEY_SETTINGS.keys} ${KEY_SETTINGS.kms}`);
  return await folder.writePrivate('env', `${lines.join('\n')}\n`);
}

/**
 * Removes the settings of an earlier stack's file from this process's environment, because that stack's server and
 * sandbox have ended with it. Answers the names of the settings.
 */
export function forgetStackSettings(environment: NodeJS.ProcessEnv = process.env): string[] {
  const pairs = environment[MARKER]?.split(' ') ?? [];
  const names = pairs.flatMap((pair) => {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    // The user has set a changed value since, and means it.
    return at > 0 && environment[name] === pair.slice(at + 1) ? [name] : [];
  });
  for (const name of [...names, MARKER]) delete environment[name];
  return names;
}

/** Writes the demo user's access token for `--access-token-file`. */
export async function writeAccessToken(folder: StackFolder, user: SignedInUser): Promise<void> {
  await folder.writePrivate(TOKEN_FILE, `${user.accessToken}\n`);
}

/**
 * What a person reads when a stack is up: where its parts are, and what to try next.
 * @param stays whether the stack stays up for that
 */
export function describeStack(info: StackInfo, title: string, stays = true): string {
  const rows: [name: string, value: string | undefined][] = [
    ['Web UI', info.webUi],
    ['Verification', info.workflowUrl ?? info.workflowId],
    ['Inbox', info.inbox],
    ['Temporal', `${info.temporal}, namespace ${info.namespace}, task queue ${info.taskQueue}`],
    ['Codec server', info.codecServer],
    ['Cognito', describeCognito(info)],
    ['User', info.username && `${info.username} in pool ${info.userPoolId}`],
    ['State', info.stateDir],
    ["Worker's log", join(info.stateDir, WORKER_LOG)],
  ];
  const next = ['', 'To try next, in another terminal:', '', ...nextCommands(info).map((command) => `  ${command}`)];
  return [
    '',
    title,
    '',
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(13)} ${value}`])),
    ...(stays ? next : []),
  ].join('\n');
}

function describeCognito({ cognito, sandbox }: StackInfo): string {
  if (cognito === undefined) return 'Amazon Cognito, by your AWS settings';
  return sandbox === undefined ? cognito : `${cognito} (sandbox)`;
}

/** The next three commands, for a shell in the present folder. */
function nextCommands(info: StackInfo): string[] {
  const source = `. ${here(info.environmentFile)}`;
  if (info.username === undefined) {
    const start = 'cognito-verification start --attribute email --access-token-file FILE';
    return [source, start, 'cognito-verification list'];
  }
  const attribute: AttributeName = 'phone_number';
  const token = here(`${info.stateDir}/${TOKEN_FILE}`);
  const next = info.workflowId?.replace(/[^/]*$/, attribute) ?? 'WORKFLOW_ID';
  return [
    source,
    `cognito-verification start --attribute ${attribute} --access-token-file ${token}`,
    `cognito-verification submit ${next}   # asks for the code; it is in the inbox`,
  ];
}

/** A short path where possible: people type the commands in the folder in which `up` runs. */
function here(path: string): string {
  const short = relative(process.cwd(), path);
  return quote(short.startsWith('..') ? path : short);
}

/** As a POSIX shell reads it back unchanged. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
