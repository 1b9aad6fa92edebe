/** The configuration of a Temporal server with PostgreSQL: one process with all four services, on the loopback interface. */
import type { Postgres } from './postgres.js';

const HOST = '127.0.0.1';

/** The server's databases, and the schema that its tool has for each. */
export const DATABASES = [
  { name: 'temporal', schema: 'postgresql/v12/temporal' },
  { name: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
] as const;

/**
 * A server as it comes has fairness off: one flooded user pool would hold up all others.
 * @see https://docs.temporal.io/develop/task-queue-priority-fairness
 */
export const DYNAMIC_CONFIG = {
  'matching.useNewMatcher': [{ value: true }],
  'matching.enableFairness': [{ value: true }],
} as const;

/** Who may connect. Each is the path of a file. */
export interface ServerSecurity {
  /** The certificate of the server and its key, in PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Of the authority that has signed it, and the certificates of those who may connect. */
  readonly authority: string;
  /** A name that the certificate has. */
  readonly serverName: string;
  /** The public keys of those who sign API keys, which are JSON Web Tokens with `permissions`, as a JWKS. */
  readonly jwks: string;
}

/** Options of `serverConfig`. */
export interface ServerConfigOptions {
  readonly postgres: Pick<Postgres, 'port' | 'user' | 'password'>;
  /** Ten, the first for clients. */
  readonly ports: readonly number[];
  /** Which clients the server lets in. Default: every client, without TLS. */
  readonly security?: ServerSecurity | undefined;
  /** The file of the dynamic configuration. */
  readonly dynamicConfig: string;
}

/** The configuration, to be written as JSON, which the server reads as YAML. */
export function serverConfig({ postgres, ports, dynamicConfig, security }: ServerConfigOptions): object {
  const store = ({ name }: (typeof DATABASES)[number], connections: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName: name,
      connectAddr: `${HOST}:${postgres.port}`,
      connectProtocol: 'tcp',
      user: postgres.user,
      password: postgres.password,
      maxConns: connections,
      maxIdleConns: connections,
      maxConnLifetime: '1h',
    },
  });
  const service = (index: number) => ({
    rpc: { bindOnIP: HOST, grpcPort: ports[2 * index], membershipPort: ports[2 * index + 1] },
  });
  return {
    log: { level: 'warn' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      // Fixed for the life of a database.
      numHistoryShards: 4,
      datastores: { main: store(DATABASES[0], 12), visibility: store(DATABASES[1], 6) },
    },
    // Without an address of its own the server would look for one that other machines reach.
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: HOST },
      ...(security && { tls: mutualTls(security), authorization: apiKeys(security) }),
    },
    services: {
      frontend: service(0),
      history: service(1),
      matching: service(2),
      worker: service(3),
      // The server's own workers show no API key: they have a door of their own.
      ...(security && { 'internal-frontend': service(4) }),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `${HOST}:${ports[0]}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '5s' },
  };
}

function mutualTls({ certificate, key, authority, serverName }: ServerSecurity): object {
  const server = { certFile: certificate, keyFile: key, requireClientAuth: true, clientCaFiles: [authority] };
  return { frontend: { server }, internode: { server, client: { serverName, rootCaFiles: [authority] } } };
}

function apiKeys({ jwks }: ServerSecurity): object {
  return {
    authorizer: 'default',
    claimMapper: 'default',
    permissionsClaimName: 'permissions',
    jwtKeyProvider: { keySourceURIs: [`file://${jwks}`], refreshInterval: '5s' },
  };
}
