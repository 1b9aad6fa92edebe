/** The table of our metrics, and the labels that come of it. */
import { type MetricMeter, type MetricTags, noopMetricMeter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { LISTED_EXCEPTIONS } from '../../activities/failures.js';
import { bucketsByName, counter } from '../../metrics/instruments.js';
import { COGNITO_EXCEPTIONS, METRICS, type Metric, prometheusName } from '../../metrics/table.js';

/** A meter that keeps the labels of everything that is counted. */
function counting(): { seen: MetricTags[]; meter: MetricMeter } {
  const seen: MetricTags[] = [];
  const meter: MetricMeter = {
    createCounter: (...given) => {
      const made = noopMetricMeter.createCounter(...given);
      return Object.assign(made, { add: (_value: number, labels: MetricTags = {}) => void seen.push(labels) });
    },
    createHistogram: (...given) => noopMetricMeter.createHistogram(...given),
    createGauge: (...given) => noopMetricMeter.createGauge(...given),
    withTags: () => meter,
  };
  return { seen, meter };
}

describe('the lists of the table', () => {
  it('are those of the rooms that they repeat', () => {
    expect(new Set(COGNITO_EXCEPTIONS)).toEqual(new Set(LISTED_EXCEPTIONS));
  });

  it('name no metric twice, and Prometheus takes every name and label', () => {
    const names = Object.values(METRICS).map(prometheusName);
    expect(new Set(names).size).toBe(names.length);
    for (const metric of Object.values<Metric>(METRICS))
      for (const word of [prometheusName(metric), ...Object.keys(metric.labels)])
        expect(word).toMatch(/^[a-z][a-z_]*$/);
  });
});

describe('a label', () => {
  it('holds a listed value, `none` where there is none, and `other` for anything else', () => {
    const { seen, meter } = counting();
    const count = counter(meter, 'ended');
    count({ outcome: 'failed', reason: 'AliasExistsException', attribute: 'email' });
    count({ outcome: 'expired', reason: undefined, attribute: 'phone_number' });
    count({ outcome: 'failed', reason: 'zoe@example.com', attribute: '+15555550123' });
    expect(seen).toEqual([
      { outcome: 'failed', reason: 'AliasExistsException', attribute: 'email' },
      { outcome: 'expired', reason: 'none', attribute: 'phone_number' },
      { outcome: 'failed', reason: 'other', attribute: 'other' },
    ]);
  });

  it('of a country holds two letters, and never a number', () => {
    const { seen, meter } = counting();
    const count = counter(meter, 'guardMessages');
    for (const country of ['DE', undefined, '+882', '+4930123456'])
      count({ event: 'admitted', reason: undefined, country, attribute: 'phone_number' });
    expect(seen.map(({ country }) => country)).toEqual(['DE', 'none', '+882', 'other']);
  });
});

it('the buckets reach from seconds to a day', () => {
  const { verification_time_to_verified: buckets = [] } = bucketsByName();
  expect([buckets[0], buckets.at(-1)]).toEqual([5, 86_400]);
  expect([...buckets].sort((one, other) => one - other)).toEqual(buckets);
});
