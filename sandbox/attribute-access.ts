/** Which of a user's attributes an app client may read and write. */
import { notAuthorized } from './exceptions.js';
import { textList } from './members.js';
import type { AppClient } from './state.js';

/** Whether the client may read the attribute. Without `ReadAttributes` it reads all but custom ones; `sub` it always reads. */
export function mayRead(client: AppClient | undefined, name: string): boolean {
  return name === 'sub' || isListed(client, 'ReadAttributes', name);
}

/** Throws Cognito's exception unless the client may write each attribute. Without `WriteAttributes` it writes all but custom ones. */
export function checkWritable(client: AppClient | undefined, names: readonly string[]): void {
  if (names.every((name) => isListed(client, 'WriteAttributes', name))) return;
  throw notAuthorized('A client attempted to write unauthorized attribute');
}

function isListed(client: AppClient | undefined, list: 'ReadAttributes' | 'WriteAttributes', name: string): boolean {
  const names = textList(client?.settings ?? {}, list);
  return names.length > 0 ? names.includes(name) : !/^(?:custom|dev):/.test(name);
}
