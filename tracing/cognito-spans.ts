/**
 * A span for each call to Cognito. OpenTelemetry's instrumentation of the AWS SDK patches modules while they load, which those of a
 * bundle do not; this is a middleware of the AWS SDK, which needs no patch.
 */
import type { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { SpanKind } from '@opentelemetry/api';
import type { CognitoClients } from '../activities/cognito-clients.js';
import { errorTypeOf, fail, type Spans } from './spans.js';

/** The same clients; what they are asked within a span has a span of its own. */
export function cognitoSpans(clients: CognitoClients, spans: Spans): CognitoClients {
  const known = new WeakSet<CognitoIdentityProviderClient>();
  return {
    forUserPool: (userPoolId) => {
      const client = clients.forUserPool(userPoolId);
      if (!known.has(client)) {
        known.add(client);
        watch(client, spans);
      }
      return client;
    },
    destroy: () => clients.destroy(),
  };
}

const SERVICE = 'CognitoIdentityProvider';

function watch(client: CognitoIdentityProviderClient, spans: Spans): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const parent = spans.current();
      if (!parent) return await next(args);
      const operation = String(context['commandName']).replace(/Command$/, '');
      const span = spans.start(`${SERVICE}.${operation}`, {
        kind: SpanKind.CLIENT,
        parent,
        attributes: {
          'rpc.system': 'aws-api',
          'rpc.service': SERVICE,
          'rpc.method': operation,
          'cloud.region': await client.config.region(),
        },
      });
      const answered = (status: unknown, requestId: unknown) => {
        if (typeof status === 'number') span.setAttribute('http.response.status_code', status);
        if (typeof requestId === 'string') span.setAttribute('aws.request_id', requestId);
      };
      try {
        const result = await next(args);
        const { httpStatusCode, requestId } = result.output.$metadata;
        answered(httpStatusCode, requestId);
        return result;
      } catch (error) {
        // Of `CognitoRefusal` and `ForeignAnswer`.
        if (error instanceof Error) answered(Reflect.get(error, 'status'), Reflect.get(error, 'requestId'));
        fail(span, errorTypeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    { name: 'cognitoSpans', step: 'initialize', priority: 'high' },
  );
}
