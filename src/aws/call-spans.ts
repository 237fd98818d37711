/** A span per call to AWS under the span at hand; none where there is none, so none at all without tracing. */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** Runs `call` in a span named `Service.Operation`; the span of an error carries its code, not its message. */
export async function inSpan<T>(service: string, operation: string, call: () => Promise<T>): Promise<T> {
  if (!trace.getActiveSpan()) return call();
  const span = trace.getTracer('cloudmr-broker').startSpan(`${service}.${operation}`, {
    kind: SpanKind.CLIENT,
    attributes: { 'rpc.system': 'aws-api', 'rpc.service': service, 'rpc.method': operation },
  });
  try {
    return await call();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'Error' });
    throw error;
  } finally {
    span.end();
  }
}
