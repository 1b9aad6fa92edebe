/**
 * Ends a child when we end without having done so ourselves, even by SIGKILL: a small shell holds the other end of a
 * pipe of ours, and the system closes that whatever happens to us.
 */
import { spawn } from 'node:child_process';

/**
 * Reads "done" when all is well. Anything else is the end of the pipe, so the child is asked to stop and, ten seconds
 * later, made to. The start time is compared first: by then the pid could belong to somebody else. Where there is no
 * `ps` both are empty, and the short wait has to do.
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

/** Call the answer once the child has ended. Without a POSIX shell (Windows) there is no guard. */
export function guardChild(pid: number): () => void {
  if (process.platform === 'win32') return () => undefined;
  // Detached: Ctrl-C in the terminal goes to our whole group, and the guard must outlive it.
  const guard = spawn('sh', ['-c', GUARD, 'child-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // A guard that cannot start or was killed is no reason to stop working.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return () => guard.stdin.end('done\n');
}
