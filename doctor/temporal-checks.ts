/** Checks of the Temporal Service. */
import { splitUnreachable } from '@cognito-verification/client/connection';
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
  const { found, advice } = splitUnreachable(message);
  return findings.failure({ subject: 'Temporal Service', found, means: NOTHING_STARTS, remedy: { text: advice } });
}

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
