/** Makes the metrics of the table with a meter of the SDK, and holds their labels to it. */
import type { MetricMeter } from '@temporalio/common';
import { METRICS, type Metric, type MetricKey, NONE, OTHER } from './table.js';

type OfKind<Kind extends Metric['kind']> = {
  [Key in MetricKey]: (typeof METRICS)[Key]['kind'] extends Kind ? Key : never;
}[MetricKey];

/** The labels of a metric. A value that is not listed becomes `other`, and an absent one `none`. */
type LabelsOf<Key extends MetricKey> = Readonly<
  Record<keyof (typeof METRICS)[Key]['labels'] & string, string | undefined>
>;

/** Adds one for each call. */
export function counter<Key extends OfKind<'counter'>>(meter: MetricMeter, key: Key): (labels: LabelsOf<Key>) => void {
  const { name, help } = METRICS[key];
  const made = meter.createCounter(name, undefined, help);
  return (labels) => made.add(1, bounded(METRICS[key], labels));
}

/** Records a duration in seconds. */
export function histogram<Key extends OfKind<'histogram'>>(
  meter: MetricMeter,
  key: Key,
): (seconds: number, labels: LabelsOf<Key>) => void {
  const { name, help } = METRICS[key];
  const made = meter.createHistogram(name, 'float', 'seconds', help);
  return (seconds, labels) => made.record(Math.max(0, seconds), bounded(METRICS[key], labels));
}

/** Sets a value. */
export function gauge<Key extends OfKind<'gauge'>>(
  meter: MetricMeter,
  key: Key,
): (value: number, labels: LabelsOf<Key>) => void {
  const { name, help } = METRICS[key];
  const made = meter.createGauge(name, 'int', undefined, help);
  return (value, labels) => made.set(value, bounded(METRICS[key], labels));
}

function bounded(metric: Metric, given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [label, values] of Object.entries(metric.labels)) {
    const value = given[label];
    const fits = value !== undefined && (values instanceof RegExp ? values.test(value) : values.includes(value));
    labels[label] = value === undefined ? NONE : fits ? value : OTHER;
  }
  return labels;
}

/** The buckets of our histograms by name, as `histogramBucketOverrides` of the SDK takes them. */
export function bucketsByName(): Record<string, number[]> {
  const histograms = Object.values<Metric>(METRICS).filter((metric) => metric.kind === 'histogram');
  return Object.fromEntries(histograms.map(({ name, buckets }) => [name, [...buckets]]));
}
