/** Checks of the keys: those that the settings name, and those that workers use. */
import { readFileSync } from 'node:fs';
import {
  KEY_SETTINGS,
  type KeyRing,
  KeyServiceError,
  keyRingFromSettings,
  open,
  parseKeys,
  SettingError,
  seal,
} from '@cognito-verification/codec';
import { errorName } from '@cognito-verification/contract';
import type { Check } from './check.js';
import type { Finding, Remedy } from './finding.js';
import { findingsOf } from './findings.js';
import { lastWritten, type Written } from './last-written.js';
import { SAMPLE } from './sample.js';
import { readable, type Surroundings } from './surroundings.js';

const SUBJECT = 'key ring';

const keys: Check<Surroundings> = {
  name: 'key-ring',
  area: 'keys',
  title: 'keys that the settings name',
  async run({ keys: read, environment }) {
    try {
      const ring = read();
      const trips = [...localTrips(ring, environment), ...kmsTrips(environment)];
      return judgeKeys(await Promise.all(trips.map(async ({ id, trip }) => ({ id, error: await outcomeOf(trip) }))));
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      return [judgeKeySettings(error)];
    }
  },
};

/** A way of a payload through a key: sealed, and opened again. */
interface Trip {
  readonly id: string;
  readonly trip: () => Promise<void>;
}

function localTrips(ring: KeyRing, environment: NodeJS.ProcessEnv): Trip[] {
  const path = environment[KEY_SETTINGS.file];
  const text = environment[KEY_SETTINGS.keys] || (path ? readFileSync(path, 'utf8') : '');
  if (text === '') return [];
  return parseKeys(text, KEY_SETTINGS.keys).map(({ id }) => ({
    id,
    trip: async () => {
      await open(seal(SAMPLE, await ring.find(id)), ring);
    },
  }));
}

/** KMS makes a data key and unwraps it. Two rings, since one remembers what it has made. */
function kmsTrips(environment: NodeJS.ProcessEnv): Trip[] {
  const ids = (environment[KEY_SETTINGS.kms] ?? '').split(',').map((id) => id.trim());
  return ids
    .filter((id) => id !== '')
    .map((id) => ({
      id,
      trip: async () => {
        const alone = { [KEY_SETTINGS.kms]: id };
        const sealed = seal(SAMPLE, await keyRingFromSettings(alone).current());
        await open(sealed, keyRingFromSettings(alone));
      },
    }));
}

async function outcomeOf(trip: () => Promise<void>): Promise<unknown> {
  try {
    await trip();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The settings name no key, or cannot be read. */
function judgeKeySettings(error: SettingError): Finding {
  return findingsOf('key-ring').failure({
    subject: 'settings',
    found: error.message,
    means: 'Nothing that has these settings starts: no worker, no service, no command that reads a payload.',
    remedy: {
      text: 'Correct what is named there: the words after "allowed" say how. All processes need the same keys. Make a new key only where there has been none: it opens nothing that another has sealed.',
    },
  });
}

/** @param trips each key with what went wrong; undefined where it has sealed and opened */
export function judgeKeys(trips: readonly { id: string; error: unknown }[]): readonly Finding[] {
  const failed = trips.filter(({ error }) => error !== undefined);
  if (failed.length > 0) return failed.map(({ id, error }) => judgeFailedKey(id, error));
  const ids = trips.map(({ id }) => id).join(', ');
  return [
    findingsOf('key-ring').ok(SUBJECT, `${trips.length === 1 ? 'The key seals' : 'Each key seals'} and opens: ${ids}.`),
  ];
}

/**
 * What to do where KMS says that the key itself is the reason; undefined for any other.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html#API_GenerateDataKey_Errors
 */
function remedyOf(exception: string, arn: string): Remedy | undefined {
  const [, , , region = ''] = arn.split(':');
  const of = (what: string) => `aws kms ${what} --region ${region} --key-id ${arn}`;
  const path = 'AWS KMS > Customer managed keys';
  switch (exception) {
    case 'DisabledException':
      return {
        text: 'Enable the key.',
        console: `${path} > the key > Key actions > Enable`,
        command: of('enable-key'),
      };
    case 'KMSInvalidStateException':
      return {
        text: 'If the key is to be deleted, the command cancels that and enables the key again. What the key has sealed is lost once AWS has deleted it. If the command fails, the page of the key in the console says what it waits for.',
        console: `${path} > the key > Key actions > Cancel key deletion`,
        command: `${of('cancel-key-deletion')} && ${of('enable-key')}`,
      };
    case 'InvalidKeyUsageException':
      return {
        text: `Name a symmetric key for encryption in ${KEY_SETTINGS.kms}, for all processes: this one is for something else. The command makes such a key and prints its ARN.`,
        console: `${path} > Create key`,
        command: `aws kms create-key --region ${region} --query KeyMetadata.Arn --output text`,
      };
    case 'NotFoundException':
      return {
        text: `Correct region, account and id of the key in ${KEY_SETTINGS.kms}. The command lists the keys that are there. A key that AWS has deleted cannot be had back, nor what it has sealed.`,
        console: path,
        command: `aws kms list-keys --region ${region}`,
      };
    case 'KeyUnavailableException':
      return {
        text: 'AWS KMS does not reach the key at the moment. Run doctor again; if it stays so, look at the store of the key.',
        console: 'AWS KMS > Custom key stores',
        command: of('describe-key'),
      };
    default:
      return undefined;
  }
}

function judgeFailedKey(id: string, error: unknown): Finding {
  const findings = findingsOf('key-ring', 'https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html');
  const isOfService = error instanceof KeyServiceError;
  const cause = isOfService ? errorName(error.cause) : '';
  const told = {
    subject: id,
    found: error instanceof Error ? error.message : String(error),
    means: 'What needs this key is not sealed and not opened: verifications stand still.',
  };
  if (!isOfService) {
    const text = `Name the key as it was made, in ${KEY_SETTINGS.keys} or in the file of ${KEY_SETTINGS.file}: in all processes the same.`;
    return findingsOf('key-ring').failure({ ...told, remedy: { text } });
  }
  const remedy = remedyOf(cause, id);
  if (remedy) return findings.failure({ ...told, remedy });
  if (cause !== 'AccessDeniedException') {
    return findings.couldNotAsk({
      ...told,
      remedy: { text: 'Give this process credentials of AWS and a way to AWS KMS, and run doctor again.' },
    });
  }
  const permission = /unwrap/.test(told.found) ? 'kms:Decrypt' : 'kms:GenerateDataKey';
  return {
    ...findings.couldNotAsk({
      ...told,
      remedy: {
        text: `Allow ${permission} for this key, in the policy of the key or of the role.`,
        console: 'AWS KMS > Customer managed keys > the key > Key policy',
        command: 'cognito-verification doctor --iam-policy',
      },
    }),
    permission,
  };
}

const workerKeys: Check<Surroundings> = {
  name: 'worker-keys',
  area: 'keys',
  title: 'whether workers and callers have the same keys',
  async run({ keys: read, temporal }) {
    const ring = readable(read, 'key-ring');
    return [judgeWorkerKeys(await lastWritten(temporal, ring))];
  },
};

/** @param written by the newest verification to which a worker has written; undefined if there is none */
export function judgeWorkerKeys(written: Written | undefined): Finding {
  const findings = findingsOf('worker-keys');
  if (!written) {
    return findings.couldNotAsk({
      subject: 'workers',
      found: 'No worker has written to any verification yet, so nothing shows its keys.',
      means: 'If the keys differ, the first sign-up waits for ever.',
      remedy: {
        text: 'Start a verification of a user of your own, and run doctor again.',
        command: 'cognito-verification start --attribute email --access-token-file FILE',
      },
    });
  }
  const { workflowId: subject, startedAt, caller, worker } = written;
  const strange = [caller, worker].filter((one) => one !== undefined && !one.opens);
  if (strange.length === 0) {
    return findings.ok(subject, 'The keys here open what a caller and a worker have written to this verification.');
  }
  const ids = [...new Set(strange.map((one) => one?.keyId ?? ''))].map((id) => JSON.stringify(id)).join(', ');
  const who =
    strange.length === 2 || caller === undefined
      ? 'worker and caller have'
      : worker && !worker.opens
        ? 'the worker has'
        : 'the caller has';
  return findings.failure({
    subject,
    found: `In this verification, started at ${startedAt}, ${who} sealed with a key ${ids}, and no key here opens that.`,
    means:
      'A worker with another key than the service cannot read a request: the user waits, and no code is sent. What is sealed with a key that nobody has is lost.',
    remedy: {
      text: `Give services, workers, codec servers and this process the same keys: in ${KEY_SETTINGS.keys}, in the file of ${KEY_SETTINGS.file} or by ${KEY_SETTINGS.kms}. A key that was in use stays in the list, after the first. Restart those that do not read them from a file. Then start a verification and run doctor again, which looks at the newest one.`,
    },
  });
}

/** In the order of the report. */
export const KEY_CHECKS: readonly Check<Surroundings>[] = [keys, workerKeys];
