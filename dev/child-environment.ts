/**
 * What a program that we start is told of our environment. The environment of a stack may hold encryption keys, AWS
 * credentials and API keys, and a server needs none of them: so this is a list of what is passed on, not of what is kept back.
 */

/** What any program needs to find other programs, its user's folders, and the language and the time zone. */
const EVERY_PROGRAM =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TMP|TEMP|XDG_[A-Z_]+|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA)$/i;

/** What a download, and pip, need besides: its settings, proxies, certificates and the Python that it belongs to. */
const DOWNLOAD =
  /^(?:PIP_[A-Z_]+|(?:HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC|PYTHON[A-Z_]*|VIRTUAL_ENV)$/i;

/** What Go needs besides: its settings for modules, caches and toolchains. */
const GO =
  /^(?:GO(?:PROXY|SUMDB|NOSUMDB|NOPROXY|PRIVATE|INSECURE|TOOLCHAIN|PATH|ROOT|CACHE|MODCACHE|TMPDIR|ENV|VCS|MAXPROCS)|CGO_ENABLED|CC)$/i;

/**
 * The part of our environment that a program gets.
 * @param purpose `download` for a program that fetches something; default: a program that talks to this machine only
 */
export function childEnvironment(purpose: 'local' | 'download' = 'local'): NodeJS.ProcessEnv {
  const names = purpose === 'download' ? [EVERY_PROGRAM, DOWNLOAD, GO] : [EVERY_PROGRAM];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.some((form) => form.test(name))));
}
