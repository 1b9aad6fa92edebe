/**
 * Whether a worker traces: OpenTelemetry's own environment, which its SDK and its exporter read besides. This file loads neither,
 * since most processes trace nothing.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
import { quoteSetting, SettingError, type SettingProblem } from '@cognito-verification/codec';

/** Each of them alone switches tracing on. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const;

const SAMPLERS = ['always_on', 'always_off', 'traceidratio'].flatMap((name) => [name, `parentbased_${name}`]);
const RATIO = /^(?:0(?:\.\d+)?|1(?:\.0+)?|\.\d+)$/;

/**
 * Reads it from the environment. An empty variable counts as not set. Unlike OpenTelemetry's SDK, which traces unless it is told
 * not to, a worker traces once an endpoint or the exporter is named.
 * @returns whether to trace
 * @throws SettingError with everything that is wrong; OpenTelemetry's SDK would take a default in its place and say nothing
 */
export function isTracingOn(env: NodeJS.ProcessEnv = process.env): boolean {
  const exporter = env['OTEL_TRACES_EXPORTER'] || undefined;
  const endpoints = ENDPOINTS.filter((name) => env[name]);
  const wanted = exporter ?? (endpoints.length > 0 ? 'otlp' : 'none');
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || wanted === 'none') return false;
  const problems: SettingProblem[] = [];
  const refuse = (name: string, allowed: string) =>
    problems.push({ name, found: quoteSetting(env[name] ?? ''), allowed });
  if (wanted !== 'otlp') refuse('OTEL_TRACES_EXPORTER', 'otlp, none');
  for (const name of endpoints)
    if (!isHttp(env[name] ?? ''))
      refuse(name, 'a URL such as http://localhost:4318, where a collector takes OTLP over HTTP');
  const protocol = PROTOCOLS.find((name) => env[name]);
  if (protocol && env[protocol] !== 'http/protobuf')
    refuse(protocol, 'http/protobuf, which a collector takes at port 4318');
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? '';
  if (sampler !== '' && !SAMPLERS.includes(sampler)) refuse('OTEL_TRACES_SAMPLER', SAMPLERS.join(', '));
  if (sampler.endsWith('traceidratio') && !RATIO.test(env['OTEL_TRACES_SAMPLER_ARG'] || '1'))
    refuse('OTEL_TRACES_SAMPLER_ARG', 'a number from 0 to 1, the part of the traces that is kept');
  if (problems.length > 0) throw new SettingError(problems);
  return true;
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
