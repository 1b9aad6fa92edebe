/** Checks of the namespace. */
import { explainServiceError, readServiceError } from '@cognito-verification/client';
import { GRPC_STATUS } from '@cognito-verification/contract';
import { explainMissingNamespace } from '../temporal/missing-namespace.js';
import {
  missingSearchAttributes,
  SEARCH_ATTRIBUTE_NAMES,
  SearchAttributesError,
} from '../temporal/search-attributes.js';
import type { Check } from './check.js';
import { CouldNotAskError } from './could-not-ask.js';
import type { Finding } from './finding.js';
import { findingsOf, NOTHING_STARTS } from './findings.js';
import type { Surroundings } from './surroundings.js';
import type { DescribedNamespace } from './temporal-service.js';

const namespace: Check<Surroundings> = {
  name: 'namespace',
  area: 'temporal',
  title: 'namespace in the Temporal Service',
  async run({ temporal }) {
    await temporal.connected();
    const { namespace: name } = temporal.config();
    try {
      return [judgeNamespace(name, await temporal.describeNamespace())];
    } catch (error) {
      return [judgeNoNamespace(name, error)];
    }
  },
};

const NAMESPACES = 'https://docs.temporal.io/namespaces';

/** The namespace is there: whether it takes verifications. */
export function judgeNamespace(name: string, { namespaceInfo }: DescribedNamespace): Finding {
  const state = String(namespaceInfo?.state ?? 'unknown');
  const findings = findingsOf('namespace', NAMESPACES);
  // The SDK reads the enum as a number or as its name.
  if (/^(1|NAMESPACE_STATE_REGISTERED)$/.test(state)) return findings.ok(name, 'Is there.');
  return findings.failure({
    subject: name,
    found: 'Is there, and was deprecated or deleted.',
    means: 'No verification starts in it.',
    remedy: {
      text: `Create another namespace, and set TEMPORAL_NAMESPACE=${name}-2 for services, workers and commands.`,
      command: createNamespace(`${name}-2`),
    },
  });
}

/** @throws CouldNotAskError where the service does not say whether there is one */
export function judgeNoNamespace(name: string, error: unknown): Finding {
  const explained = explainMissingNamespace(error, name);
  if (explained === error) {
    const words = explainServiceError(error, name)?.message ?? String(error);
    throw new CouldNotAskError(
      words,
      { text: `Give this process a permission to read in the namespace "${name}", and run doctor again.` },
      { source: NAMESPACES },
      { cause: error },
    );
  }
  return findingsOf('namespace', NAMESPACES).failure({
    subject: name,
    found: `The Temporal Service has no namespace "${name}".`,
    means: NOTHING_STARTS,
    remedy: {
      text: 'Correct TEMPORAL_NAMESPACE. If the name is right, create the namespace, with the search attributes that a verification needs.',
      command: createNamespace(name),
    },
  });
}

function createNamespace(name: string): string {
  const create = `temporal operator namespace create --namespace ${name} --retention 7d`;
  return `${create} && TEMPORAL_NAMESPACE=${name} cognito-verification setup`;
}

const retention: Check<Surroundings> = {
  name: 'retention',
  area: 'temporal',
  title: 'how long the namespace keeps ended verifications',
  async run({ temporal }) {
    await temporal.inNamespace();
    const { config } = await temporal.describeNamespace();
    const { namespace: name } = temporal.config();
    return [judgeRetention(name, Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0))];
  },
};

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** @param seconds 0 if the namespace does not tell */
export function judgeRetention(name: string, seconds: number): Finding {
  const findings = findingsOf(
    'retention',
    'https://docs.temporal.io/temporal-service/temporal-server#retention-period',
  );
  const remedy = {
    text: 'Keep ended verifications for a few days.',
    command: `temporal operator namespace update --namespace ${name} --retention 7d`,
  };
  if (seconds <= 0) {
    return findings.couldNotAsk({
      subject: name,
      found: 'The Temporal Service does not tell how long it keeps ended verifications.',
      means: 'If it is an hour or less, a user who starts again within the hour may be refused.',
      remedy: {
        text: 'Look at the retention of the namespace, and set one if it names none. From then on run doctor with --without retention.',
        command: `temporal operator namespace describe --namespace ${name}`,
      },
    });
  }
  if (seconds <= HOUR) {
    return findings.failure({
      subject: name,
      found: `Ended verifications are deleted after ${Math.round(seconds / 60)} minutes.`,
      means:
        'A user who starts again within the hour may be refused: sends and attempts of earlier verifications cannot be counted, and then all count as used up.',
      remedy,
    });
  }
  if (seconds < DAY) {
    return findings.warning({
      subject: name,
      found: `Ended verifications are deleted after ${Math.round(seconds / HOUR)} hours.`,
      means: 'Support cannot see why a sign-up of yesterday has failed, and a service cannot ask for its outcome.',
      remedy,
    });
  }
  return findings.ok(name, `Keeps ended verifications for ${days(seconds)}.`);
}

function days(seconds: number): string {
  const count = Math.round(seconds / DAY);
  return count === 1 ? 'a day' : `${count} days`;
}

const searchAttributes: Check<Surroundings> = {
  name: 'search-attributes',
  area: 'temporal',
  title: 'search attributes of the namespace',
  async run({ temporal }) {
    await temporal.inNamespace();
    const { namespace: name } = temporal.config();
    try {
      const missing = await missingSearchAttributes(await temporal.connected(), name);
      // A server that does not list them refuses a query that names one it does not have.
      if (missing.length === 0) {
        await temporal.callInNamespace((service) =>
          service.countWorkflowExecutions({ namespace: name, query: ANY_OF_THEM }),
        );
      }
      return [judgeSearchAttributes(name, missing)];
    } catch (error) {
      return [judgeUnusableSearchAttributes(name, error)];
    }
  },
};

const SEARCH_ATTRIBUTE_DOCUMENT = 'https://docs.temporal.io/search-attribute#custom-search-attribute';
const ANY_OF_THEM = SEARCH_ATTRIBUTE_NAMES.map((attribute) => `${attribute} = 'none'`).join(' AND ');

/** @param missing the names of those that are not registered */
export function judgeSearchAttributes(name: string, missing: readonly string[]): Finding {
  const findings = findingsOf('search-attributes', SEARCH_ATTRIBUTE_DOCUMENT);
  if (missing.length === 0) return findings.ok(name, 'All are registered.');
  return findings.failure({
    subject: name,
    found: `Not registered: ${missing.join(', ')}.`,
    means: NOTHING_STARTS,
    remedy: {
      text: 'Register them. Where the service lets no client do it, as Temporal Cloud, use its own tools: all are of type Keyword.',
      command: 'cognito-verification setup',
    },
  });
}

/**
 * Search attributes of another type, or that a query cannot name.
 * @throws the error itself where it says nothing of them
 */
export function judgeUnusableSearchAttributes(name: string, error: unknown): Finding {
  if (error instanceof SearchAttributesError) {
    return findingsOf('search-attributes', SEARCH_ATTRIBUTE_DOCUMENT).failure({
      subject: name,
      found: error.message,
      means: NOTHING_STARTS,
      remedy: {
        text: 'Remove those of the wrong type, and register them again. If another application uses them, give verifications a namespace of their own in TEMPORAL_NAMESPACE.',
        command: `temporal operator search-attribute remove --namespace ${name}${error.wrong.map((one) => ` --name ${one}`).join('')} --yes && cognito-verification setup`,
      },
    });
  }
  if (readServiceError(error)?.code === GRPC_STATUS.INVALID_ARGUMENT) {
    return judgeSearchAttributes(name, SEARCH_ATTRIBUTE_NAMES);
  }
  throw error;
}

/** In the order of the report. */
export const NAMESPACE_CHECKS: readonly Check<Surroundings>[] = [namespace, retention, searchAttributes];
