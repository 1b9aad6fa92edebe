import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { jsonOption, type OutputOptions, print, tell } from './print.js';

/** A server may take some seconds to know a namespace that was just created. */
const NEW_FOR_MS = 5_000;
const STEP_MS = 250;

/** `setup`: what a namespace needs before the first worker starts. */
export function setupCommand(): Command {
  return new Command('setup')
    .description(
      'Registers the search attributes of a verification in the Temporal namespace. Running it again changes nothing.',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  TEMPORAL_ADDRESS=localhost:7233 TEMPORAL_NAMESPACE=onboarding cognito-verification setup',
    )
    .action(async (options: OutputOptions) => {
      const { loadConfig } = await import('../temporal/config.js');
      const config = loadConfig();
      const { registerSearchAttributes, SEARCH_ATTRIBUTE_NAMES } = await import('../temporal/search-attributes.js');
      const { connectClient } = await import('../temporal/connect-client.js');
      const { explainMissingNamespace } = await import('../temporal/missing-namespace.js');
      const { connection, close } = await connectClient(config);
      try {
        const isMissing = (error: unknown) => explainMissingNamespace(error, config.namespace) !== error;
        const registered = await onceItIsKnown(
          () => registerSearchAttributes(connection, config.namespace),
          isMissing,
          `There is no namespace "${config.namespace}" yet. A new one may take some seconds.`,
        );
        const already = SEARCH_ATTRIBUTE_NAMES.filter((name) => !registered.includes(name));
        const people = registered.length > 0 ? `Registered ${registered.join(', ')}.` : 'Nothing to do.';
        print(
          options,
          { namespace: config.namespace, registered, already },
          `${people} The namespace "${config.namespace}" is ready.`,
        );
      } catch (error) {
        throw explainMissingNamespace(error, config.namespace);
      } finally {
        await close();
      }
    });
}

/**
 * Tries again while the namespace is missing, for five seconds, and tells so once.
 * @throws the error of the last try
 */
async function onceItIsKnown<Answer>(
  ask: () => Promise<Answer>,
  isMissing: (error: unknown) => boolean,
  waiting: string,
): Promise<Answer> {
  const untilMs = Date.now() + NEW_FOR_MS;
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!isMissing(error) || Date.now() > untilMs) throw error;
      if (tries === 0) tell(waiting);
      await sleep(STEP_MS);
    }
  }
}
