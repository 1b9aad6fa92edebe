/** Whether OpenTelemetry's environment switches tracing on, and what of it is refused. */
import { SettingError } from '@cognito-verification/codec';
import { describe, expect, it } from 'vitest';
import { isTracingOn } from '../../tracing/settings.js';

const URL = 'http://collector:4318';

describe('tracing', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['without any setting', {}],
    ['with empty settings', { OTEL_TRACES_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['with a name and a sampler alone', { OTEL_SERVICE_NAME: 'worker', OTEL_TRACES_SAMPLER: 'always_on' }],
    ['with the exporter none', { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: URL }],
    ['where the SDK is disabled', { OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_EXPORTER: 'nonsense' }],
  ])('is off %s', (_what, env) => expect(isTracingOn(env)).toBe(false));

  it.each<[string, NodeJS.ProcessEnv]>([
    ['an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: URL }],
    ['an endpoint for traces', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${URL}/v1/traces` }],
    ['the exporter, whose endpoint has a default', { OTEL_TRACES_EXPORTER: 'otlp' }],
    [
      'everything',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: URL,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.05',
      },
    ],
  ])('is on with %s', (_what, env) => expect(isTracingOn(env)).toBe(true));

  it.each<[string, NodeJS.ProcessEnv]>([
    ['OTEL_TRACES_EXPORTER', { OTEL_TRACES_EXPORTER: 'zipkin' }],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
    ['OTEL_TRACES_SAMPLER', { OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'sometimes' }],
    [
      'OTEL_TRACES_SAMPLER_ARG',
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '5' },
    ],
  ])('refuses a wrong %s, which OpenTelemetry would replace in silence', (name, env) => {
    expect(() => isTracingOn(env)).toThrow(SettingError);
    expect(() => isTracingOn(env)).toThrow(new RegExp(`^${name}: found ".*"; allowed: `));
  });
});
