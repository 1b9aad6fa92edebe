/**
 * Whether only processes of this machine reach a host, by its name or address, with or without the brackets of IPv6. What
 * must not be read on the way may go there in plain text, and nowhere else.
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
