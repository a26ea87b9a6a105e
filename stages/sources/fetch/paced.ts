import type { Answer } from './client.ts';
import type { Clock } from './clock.ts';
import { FetchError } from './error.ts';

/** Bytes a second that a server has to send, on average over this many ms: a body that trickles is as good as none. */
const MIN_PACE = 1024;
const PATIENCE_MS = 60_000;

/** The pieces of a body; throws where they come too slowly. Only the waiting is timed: whoever reads may take any time. */
export async function* paced({ body, url }: Answer, clock: Clock): AsyncGenerator<Buffer> {
  const pieces = body[Symbol.asyncIterator]();
  let waited = 0;
  let bytes = 0;
  try {
    for (;;) {
      const asked = clock.now();
      const { done, value } = await pieces.next();
      if (done === true) return;
      waited += clock.now() - asked;
      bytes += value.length;
      if (waited > PATIENCE_MS) {
        if (bytes < (MIN_PACE * waited) / 1000)
          throw new FetchError(`${url}: sends ${bytes} bytes in ${waited} ms`, 'busy');
        waited = 0;
        bytes = 0;
      }
      yield value;
    }
  } finally {
    await pieces.return?.();
  }
}
