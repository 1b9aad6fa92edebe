/** `npm run server:postgres`: a Temporal server with PostgreSQL that stays up until Ctrl-C. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startPostgresServer } from './postgres-server.js';

const HELP = `Starts a Temporal server with PostgreSQL on free ports of this machine, and stays up until Ctrl-C.

npm run server:postgres [-- options]
  --folder <folder>     keeps the database for the next start (default: a temporary folder, removed at the end)
  --namespace <name>    created if it does not exist (default: default)
  --json                print where it is as one line of JSON
`;

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string' },
    namespace: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (options.help) {
  process.stdout.write(HELP);
} else {
  await serve();
}

async function serve(): Promise<void> {
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const abort = new AbortController();
  // The terminal and npm both pass Ctrl-C on, so that a second one must not end the teardown.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => abort.abort());
  const { signal } = abort;
  try {
    const { folder, namespace } = options;
    const server = await startPostgresServer({ report, folder, namespace, signal });
    const { address, pid, postgresPid } = server;
    const where = { address, namespace: server.namespace, pid, postgresPid, folder: server.folder };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(where)}\n`
        : `Temporal server ${address}, namespace ${where.namespace} (pid ${pid}; PostgreSQL pid ${postgresPid})\n` +
            `TEMPORAL_ADDRESS=${address} TEMPORAL_NAMESPACE=${where.namespace}\nCtrl-C stops it.\n`,
    );
    const interrupted = signal.aborted || once(signal, 'abort').then(() => true);
    const wasInterrupted = await Promise.race([interrupted, server.exited.then(() => false)]);
    if (!wasInterrupted) {
      report(`the server ended by itself${folder === undefined ? '' : `; its logs are in ${server.folder}`}`);
      process.exitCode = 1;
    }
    await server.close();
    report('stopped the Temporal server and PostgreSQL');
  } catch (error) {
    if (signal.aborted) report('interrupted; stopped what was started');
    else report(error instanceof Error ? error.message : String(error));
    process.exitCode = signal.aborted ? 130 : 1;
  }
}
