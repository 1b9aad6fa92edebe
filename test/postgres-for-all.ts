/** One Temporal server with PostgreSQL for all files of a test run, in place of a development server for each. */
import { startPostgresServer } from '../dev/postgres-server.js';

/** Vitest calls it once, and what it answers at the end. The rigs read the variable. */
export default async function startForAll(): Promise<() => Promise<void>> {
  const server = await startPostgresServer({ report: (line) => void process.stderr.write(`${line}\n`) });
  process.env['VERIFICATION_TEST_TEMPORAL'] = server.address;
  return async () => await server.close();
}
