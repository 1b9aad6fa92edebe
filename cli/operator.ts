import { hostname, userInfo } from 'node:os';

/** The person who runs this command, `user@host`: the server shows it beside what it has changed. */
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
