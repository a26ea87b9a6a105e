/** Loaded before the command line (`--import`), as a user loads an SDK: at its end each process writes its spans to SPANS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { shownSpan } from './shown-span.ts';

const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
process.on('exit', () => {
  const spans = exporter.getFinishedSpans().map(shownSpan);
  writeFileSync(join(process.env['SPANS']!, `${process.pid}.json`), JSON.stringify(spans));
});
