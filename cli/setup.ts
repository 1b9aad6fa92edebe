import { Command } from 'commander';
import { jsonOption, type OutputOptions, print } from './print.js';

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
        const registered = await registerSearchAttributes(connection, config.namespace);
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
