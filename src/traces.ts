/** OpenTelemetry traces, sent as OTLP over HTTP. Loaded only if the configuration names where to. */
import { context, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export interface TracesOptions {
  /** Base URL of a collector; spans go to `<endpoint>/v1/traces`. */
  readonly endpoint: string;
  /** Share of the traces that is kept, 0 to 1; a caller that brings a trace decides for it. */
  readonly ratio: number;
}

export interface Traces {
  readonly tracer: Tracer;
  /** Sends what waits. */
  close(): Promise<void>;
}

/** Starts tracing in this process: requests, and under them the calls to AWS. */
export function startTraces({ endpoint, ratio }: TracesOptions): Traces {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'cloudmr-broker' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }) }),
    ],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  trace.setGlobalTracerProvider(provider);
  return {
    tracer: provider.getTracer('cloudmr-broker'),
    async close() {
      await provider.shutdown();
      trace.disable();
      context.disable();
    },
  };
}
