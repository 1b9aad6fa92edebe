/** Nothing leaves in a span but what is listed, whatever is put into it. */
import { SpanStatusCode } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, it } from 'vitest';
import { onlyAllowed } from '../../tracing/allowed-spans.js';
import { TOKEN } from '../sample-token.js';

const CODE = '135790';
const ADDRESS = 'zoe@example.com';

/** What an exporter gets of one span. */
function exported(name: string, attributes: Record<string, string | number>) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'worker' }),
    spanProcessors: [new SimpleSpanProcessor(onlyAllowed(exporter))],
  });
  const span = provider.getTracer('test').startSpan(name, { attributes });
  span.recordException(new Error(`refused ${TOKEN} for ${ADDRESS}`));
  span.addEvent(CODE, { CODE });
  span.addLink({ context: span.spanContext(), attributes: { code: CODE } });
  span.setStatus({ code: SpanStatusCode.ERROR, message: `code ${CODE}` });
  span.end();
  const [only] = exporter.getFinishedSpans();
  if (!only) throw new Error('nothing was exported');
  return only;
}

it('leaves out every other attribute, events, the text of the status and the attributes of links', () => {
  const given = { 'rpc.method': 'GetUser', 'http.response.status_code': 400, run_id: 'a-b', attempts: 3 };
  const span = exported('CognitoIdentityProvider.GetUser', {
    ...given,
    memo: CODE,
    searchAttributes: ADDRESS,
    'exception.message': TOKEN,
    'messaging.destination.name': '+15555550123',
    'db.statement': CODE,
  });
  expect(span.name).toBe('CognitoIdentityProvider.GetUser');
  expect(span.attributes).toEqual({ 'rpc.method': 'GetUser', 'http.response.status_code': 400, run_id: 'a-b' });
  expect(span.events).toEqual([]);
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(span.links.map((link) => link.attributes)).toEqual([undefined]);
  expect(span.resource.attributes).toEqual({ 'service.name': 'worker' });
  const text = JSON.stringify([span.name, span.attributes, span.events, span.status, span.links]);
  for (const secret of [CODE, ADDRESS, TOKEN.slice(0, 20)]) expect(text).not.toContain(secret);
});

it('takes no free text for a name or a word, and no token for an id', () => {
  const span = exported(`sent ${CODE}`, {
    'error.type': ADDRESS,
    'rpc.method': CODE,
    'rpc.service': 'CognitoIdentityProvider',
    temporalUpdateId: `submitCode/${TOKEN}`,
    temporalWorkflowId: 'verify/eu-west-1_AbC/2f0e/email',
  });
  expect(span.name).toBe('_OTHER');
  expect(span.attributes).toEqual({
    'error.type': '_OTHER',
    'rpc.method': '_OTHER',
    'rpc.service': 'CognitoIdentityProvider',
    temporalUpdateId: 'submitCode/[token]',
    temporalWorkflowId: 'verify/eu-west-1_AbC/2f0e/email',
  });
});
