const MAP = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

/**
 * A workflow bundle whose errors and promises have no stack traces. For each promise the SDK makes one, a quarter of the time of
 * the workflow thread.
 * @param path the file of the bundle, as its map names it
 */
export function withoutStackTraces(code: string, path: string): string {
  const map = JSON.stringify({ version: 3, file: path, sources: [], names: [], mappings: '' });
  // The limit is part of the code, since the SDK freezes `Error` before the first workflow. On the first line, so that no other
  // line moves. The map, two thirds of the file, serves nothing but stack traces; the SDK insists on one.
  const end = code.lastIndexOf('//# sourceMappingURL=');
  const body = end < 0 ? `${code}\n` : code.slice(0, end);
  return `Error.stackTraceLimit = 0; ${body}${MAP}${Buffer.from(map).toString('base64')}`;
}
