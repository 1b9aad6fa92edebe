import { hostname, userInfo } from 'node:os';

/** Who runs this command, as the server shows whoever changes something: `user@host`. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}

/** A user of a container may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'somebody');
  }
}
