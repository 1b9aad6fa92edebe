/** The pages of the Web UI of a local stack. The browser's origin is the one of the two that the user typed. */
export const LOCAL_WEB_UI_ORIGINS: readonly string[] = ['http://localhost:8233', 'http://127.0.0.1:8233'];

/**
 * Whether a host, by its name or address, is this machine. IPv6 addresses may have brackets. Only to such a host may secrets
 * go in plain text: nothing between two processes of one machine can read them on the way.
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
