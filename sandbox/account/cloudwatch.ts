import * as v from 'valibot';
import type { Operation } from '../operations/operation.js';
import { BadInput, checkInput, Text } from '../schema.js';
import { CLOUDWATCH_WIRE } from '../wire/json.js';
import type { Account } from './account.js';
import type { Service } from './service.js';

/** Seconds since the epoch in JSON, a date in CBOR. */
const Time = v.pipe(
  v.union([
    v.date(),
    v.pipe(
      v.number(),
      v.finite(),
      v.transform((seconds) => new Date(seconds * 1000)),
    ),
  ]),
  v.check((date) => !Number.isNaN(date.getTime()), 'Invalid time'),
);

const STATISTICS = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;

const Asked = v.object({
  Namespace: Text,
  MetricName: Text,
  Dimensions: v.optional(v.array(v.unknown()), []),
  StartTime: Time,
  EndTime: Time,
  Period: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400 * 365)),
  Statistics: v.optional(v.array(v.picklist(STATISTICS)), []),
});

/** The account's metrics. They have no dimensions. */
const METRICS: Readonly<Record<string, keyof Account['cloudWatch']>> = {
  'AWS/SNS SMSMonthToDateSpentUSD': 'SMSMonthToDateSpentUSD',
  'AWS/SMSVoice TextMessageMonthlySpend': 'TextMessageMonthlySpend',
};

const getMetricStatistics: Operation = ({ account, clock }, input, { region }) => {
  const asked = checkInput(Asked, input, 'request');
  if (asked.StartTime >= asked.EndTime)
    throw new BadInput('The parameter StartTime must be less than the parameter EndTime.');
  const metric = METRICS[`${asked.Namespace} ${asked.MetricName}`];
  const value = metric === undefined || asked.Dimensions.length > 0 ? null : account.in(region).cloudWatch[metric];
  const periodMs = asked.Period * 1000;
  // The newest period that has begun: AWS has no datapoint of a later one.
  const newest = Math.min(asked.EndTime.getTime() - 1, clock.now());
  const Timestamp = new Date(Math.max(Math.floor(newest / periodMs) * periodMs, asked.StartTime.getTime()));
  const none = value === null || newest < asked.StartTime.getTime();
  const statistics = asked.Statistics.map((name) => [name, name === 'SampleCount' ? 1 : value]);
  const Datapoints = none ? [] : [{ Timestamp, ...Object.fromEntries(statistics), Unit: 'None' }];
  return { Label: asked.MetricName, Datapoints };
};

/** Amazon CloudWatch, with what was spent on SMS in this month. */
export const CLOUDWATCH: Service = {
  name: 'cloudwatch',
  wire: CLOUDWATCH_WIRE,
  operations: { GetMetricStatistics: getMetricStatistics },
  invalidInput: 'InvalidParameterValueException',
};
