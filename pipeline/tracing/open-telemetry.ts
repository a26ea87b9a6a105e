/** Spans by OpenTelemetry's API, where that package is installed. Who receives them is the business of an SDK loaded before. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, SpanContext, SpanOptions } from '@opentelemetry/api';
import type { Awaitable } from '../contract.ts';
import type { Of, Spans } from './spans.ts';

type Api = typeof import('@opentelemetry/api');

/** Undefined where the package is not there: nothing is loaded then. */
export async function openTelemetry(
  load: () => Promise<Api> = () => import('@opentelemetry/api'),
): Promise<Spans | undefined> {
  const api = await load().catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  });
  return api && spansOf(api);
}

function spansOf({ trace, context, ROOT_CONTEXT, SpanKind, SpanStatusCode }: Api): Spans {
  const tracer = trace.getTracer('deltasift');
  /** The span that is open, also where the SDK has no context manager. */
  const open = new AsyncLocalStorage<Context>();

  async function around<T>(name: string, options: SpanOptions, parent: Context, work: () => Awaitable<T>): Promise<T> {
    const span = tracer.startSpan(name, options, parent);
    const inside = trace.setSpan(parent, span);
    try {
      return await open.run(inside, () => context.with(inside, work));
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    batch(messages, work) {
      const traces = tracesOf(messages);
      const [only] = traces;
      const parent = traces.length === 1 ? trace.setSpanContext(ROOT_CONTEXT, only!) : ROOT_CONTEXT;
      const topic = messages[0]?.topic ?? '';
      const options = {
        kind: SpanKind.CONSUMER,
        links: traces.length === 1 ? [] : traces.map((of) => ({ context: of })),
        attributes: {
          'messaging.operation.type': 'process',
          'messaging.destination.name': topic,
          'messaging.batch.message_count': messages.length,
        },
      };
      return around(`process ${topic}`, options, parent, work);
    },

    stage: (name, size, work) =>
      around(name, { attributes: { 'deltasift.values': size } }, open.getStore() ?? context.active(), work),
  };
}

/** W3C Trace Context; ids of zeros are none. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The traces of messages, each once; those of others who write to a topic may have none, or nonsense. */
function tracesOf(messages: readonly Of[]): readonly SpanContext[] {
  const traces = new Map<string, SpanContext>();
  for (const { headers } of messages) {
    const [traceparent, traceId, spanId, flags] = TRACEPARENT.exec(headers['traceparent'] ?? '') ?? [];
    if (traceparent === undefined) continue;
    traces.set(traceparent, {
      traceId: traceId!,
      spanId: spanId!,
      traceFlags: Number.parseInt(flags!, 16),
      isRemote: true,
    });
  }
  return [...traces.values()];
}
