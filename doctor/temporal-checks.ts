/** Checks of the Temporal Service. */
import { SettingError } from '@cognito-verification/codec';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { CORRECT_SETTING, findingsOf, NOTHING_STARTS } from './findings.js';
import type { Surroundings } from './surroundings.js';

const connection: Check<Surroundings> = {
  name: 'connection',
  area: 'temporal',
  title: 'connection to the Temporal Service',
  async run({ temporal }) {
    try {
      await temporal.reach();
    } catch (error) {
      return [judgeUnreachable(error)];
    }
    const { address, security } = temporal.config();
    return [
      findingsOf('connection').ok(address, `The Temporal Service answers ${security.tls ? 'with' : 'without'} TLS.`),
    ];
  },
};

/** What a connection failed with, and the way out that fits it. */
export function judgeUnreachable(error: unknown): Finding {
  const findings = findingsOf('connection', 'https://docs.temporal.io/develop/environment-configuration');
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof SettingError) {
    return findings.failure({
      subject: 'settings',
      found: message,
      means: NOTHING_STARTS,
      remedy: CORRECT_SETTING,
    });
  }
  // The rest of the message is advice for every case, and here it is the remedy's place.
  const [found = message] = message.split(' Is it running there?');
  const way = WAYS_TO_CONNECT.find(({ when }) => when.test(found))?.text ?? ANY_WAY_TO_CONNECT;
  return findings.failure({ subject: 'Temporal Service', found, means: NOTHING_STARTS, remedy: { text: way } });
}

const ANY_WAY_TO_CONNECT =
  'Start the service there, or correct TEMPORAL_ADDRESS or the profile in TEMPORAL_PROFILE. For a local one: npm start, in a clone of this project.';

const WAYS_TO_CONNECT: readonly { when: RegExp; text: string }[] = [
  {
    when: /ENOTFOUND|EAI_AGAIN|name resolution/i,
    text: 'Correct the host in TEMPORAL_ADDRESS: no name server knows it.',
  },
  {
    when: /certificate|self.signed|altnames/i,
    text: 'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the file with the certificate of the authority that has signed that of the service. Or correct TEMPORAL_ADDRESS to the host that the certificate names.',
  },
  {
    when: /with TLS: .*(wrong version|packet length|EPROTO|ECONNRESET|disconnected)/i,
    text: 'The service speaks plain text there. Set TEMPORAL_TLS=false, or correct the port in TEMPORAL_ADDRESS.',
  },
  {
    when: /without TLS: .*(ECONNRESET|disconnected|closed|goaway|Failed to connect)/i,
    text: 'The service may speak TLS only. Set TEMPORAL_TLS=true; Temporal Cloud needs TEMPORAL_API_KEY or a client certificate as well.',
  },
  {
    when: /unauthori[sz]ed|unauthenticated|permission|api.key|jwt/i,
    text: 'The service refuses this process. Correct TEMPORAL_API_KEY or the client certificate, and its permission in the namespace.',
  },
];

/** The oldest server that keeps limits of task queues. */
const LEAST_SERVER = [1, 29] as const;

const serverVersion: Check<Surroundings> = {
  name: 'server-version',
  area: 'temporal',
  title: 'version of the Temporal Service',
  async run({ temporal }) {
    await temporal.connected();
    const { serverVersion: version } = await temporal.reach();
    const { namespaceInfo } = await temporal.describeNamespace().catch(() => ({ namespaceInfo: undefined }));
    return [judgeVersion(version ?? '', namespaceInfo?.capabilities?.syncUpdate)];
  },
};

/** @param takesUpdates undefined where the namespace could not be described */
export function judgeVersion(version: string, takesUpdates: boolean | null | undefined): Finding {
  const findings = findingsOf('server-version', 'https://docs.temporal.io/self-hosted-guide/upgrade-server');
  const subject = 'Temporal Service';
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld =
    minor !== undefined && Number(major) * 1_000 + Number(minor) < LEAST_SERVER[0] * 1_000 + LEAST_SERVER[1];
  const remedy = { text: `Upgrade the Temporal Server to ${LEAST_SERVER.join('.')} or newer.` };
  if (takesUpdates === false && isOld) {
    return findings.failure({
      subject,
      found: `Version ${version} takes no updates of workflows.`,
      means: NOTHING_STARTS,
      remedy,
    });
  }
  if (isOld) {
    return findings.warning({
      subject,
      found: `Version ${version} keeps no limits of task queues.`,
      means: "Nothing keeps many workers within Cognito's quotas but Cognito's throttling.",
      remedy,
    });
  }
  return findings.ok(
    subject,
    minor === undefined ? 'The server does not tell its version.' : `The server has version ${version}.`,
  );
}

/** In the order of the report. */
export const TEMPORAL_CHECKS: readonly Check<Surroundings>[] = [connection, serverVersion];
