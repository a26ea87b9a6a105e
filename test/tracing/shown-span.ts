/** What tests ask of a span. */
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

export interface ShownSpan {
  readonly name: string;
  readonly id: string;
  readonly trace: string;
  /** Its id; undefined of a span that begins a trace. */
  readonly parent: string | undefined;
  /** Traces that it is linked to. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

const ERROR = 2;

export function shownSpan(span: ReadableSpan): ShownSpan {
  const { spanId, traceId } = span.spanContext();
  return {
    name: span.name,
    id: spanId,
    trace: traceId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map(({ context }) => context.traceId),
    attributes: span.attributes,
    failed: span.status.code === ERROR,
  };
}
