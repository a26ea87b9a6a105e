/** Live events, as they come: server-sent events (WHATWG HTML, section 9.2). */
import type { ServerResponse } from 'node:http';
import { Problem } from './problem.ts';
import { route } from './route.ts';
import { sample } from './routes/history.ts';
import type { Served } from './served.ts';

/** In the OpenAPI document; what is sent is below. */
export const events = route({
  path: '/api/events',
  summary: 'Live events: `sample` whenever the store changed, at most once a second',
  reply: sample.describe('data of an event `sample`'),
  media: 'text/event-stream',
  handle() {
    throw new Error('events are streamed');
  },
});

export interface EventStreams {
  /** Writes to the response until either side ends it. @throws Problem 503 where there are too many */
  open(response: ServerResponse): void;
  close(): void;
}

const MOST_STREAMS = 64;
/** A comment, so that neither side takes silence for death. */
const HEARTBEAT_MS = 15_000;
/** Bytes that may wait for a reader; one that is slower is let go, and comes again. */
const MOST_WAITING = 1 << 20;

export function eventStreams({ watch }: Served): EventStreams {
  const streams = new Set<ServerResponse>();
  const end = (response: ServerResponse) => {
    streams.delete(response);
    response.end();
  };
  const send = (response: ServerResponse, text: string) => {
    if (response.writableLength > MOST_WAITING) response.destroy();
    else response.write(text);
  };
  const toAll = (text: string) => {
    for (const response of streams) send(response, text);
  };
  const stop = watch.subscribe((now) => toAll(eventOf('sample', now)));
  const heartbeat = setInterval(() => toAll(': \n\n'), HEARTBEAT_MS);
  heartbeat.unref();

  return {
    open(response) {
      if (streams.size >= MOST_STREAMS) {
        throw new Problem(503, `${MOST_STREAMS} streams of events are open, and no more are given: close one`);
      }
      streams.add(response);
      response.on('close', () => streams.delete(response));
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      const now = watch.history().at(-1);
      response.write('retry: 1000\n\n');
      if (now !== undefined) send(response, eventOf('sample', now));
    },
    close() {
      stop();
      clearInterval(heartbeat);
      for (const response of streams) end(response);
    },
  };
}

function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
