/** The options of the commands, by the names that the client gives their values. */
export const OPTION_OF: Readonly<Record<string, string>> = {
  accessTokenReference: '--access-token-reference',
  alreadySent: '--already-sent',
  attemptId: '--attempt-id',
  attributeName: '--attribute',
  clientMetadata: '--client-metadata',
  newValue: '--new-value-file',
  reference: '--reference',
  replaceAtOnce: '--replace-at-once',
  requestId: '--request-id',
  run: '--run',
  sub: '--sub',
  userPoolId: '--user-pool',
};

/** A message of the client that begins with the name of this field, in the words of the command line. Any other one as it is. */
export function inOptions(field: string, message: string): string {
  const option = OPTION_OF[field.replace(/\..*/, '')];
  if (option === undefined || !message.startsWith(field)) return message;
  // It may name another field too, which is no plain word.
  return option + message.slice(field.length).replaceAll(/\b[a-z]+[A-Z]\w*/g, (word) => OPTION_OF[word] ?? word);
}
