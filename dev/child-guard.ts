/**
 * Ends a child process when this process ends without doing so, even by SIGKILL. A small shell holds the other end of a
 * pipe of this process, and the system closes the pipe when this process ends.
 */
import { spawn } from 'node:child_process';
import { childEnvironment } from './child-environment.js';

/**
 * The word "done" means that the child has ended. Anything else is the end of the pipe: the shell asks the child to stop,
 * and kills it ten seconds later. Before that it compares the start time, because another process could have the pid by
 * then. Without `ps` both start times are empty, and only the short wait protects that process.
 */
const GUARD = `
started=$(ps -o lstart= -p "$1" 2>/dev/null)
read -r word
[ "$word" = done ] && exit 0
kill -TERM "$1" 2>/dev/null || exit 0
for second in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  kill -0 "$1" 2>/dev/null || exit 0
done
[ "$(ps -o lstart= -p "$1" 2>/dev/null)" = "$started" ] && kill -KILL "$1" 2>/dev/null
`;

/** Starts the guard. The caller calls the answer once the child has ended. On Windows there is no guard. */
export function guardChild(pid: number): () => void {
  if (process.platform === 'win32') return () => undefined;
  // Detached, because Ctrl-C in the terminal goes to our whole group and the guard must survive it.
  const guard = spawn('sh', ['-c', GUARD, 'child-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: childEnvironment(),
  });
  // The child works without a guard too, so its errors end nothing.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return () => guard.stdin.end('done\n');
}
