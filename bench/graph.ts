/** What each part of the tail costs beside the body and the logits. */
import { appendHead, type HeadOptions } from '../stages/graph/head.ts';
import { IDS } from '../stages/graph/model.ts';
import { type Graph, graph } from '../stages/graph/onnx.ts';
import { type Feeds, openSession, type Session } from '../stages/graph/session.ts';
import { random } from '../stages/math/random.ts';
import { sketch } from '../stages/math/sketch.ts';
import { project } from '../stages/project.ts';
import { feedsOf, load, type Pair } from './pair.ts';
import { median, medianRatio, race } from './race.ts';
import { table } from './results.ts';

const [WINDOWS, TOKENS, RANK, WIDTH] = [4, 128, 32, 4096];
/** Vocabulary rows to a chunk of the plain logits: as fast as any, and faster than one product. */
const CHUNK = 1536;

interface Tail {
  readonly name: string;
  append(g: Graph, hidden: string): void;
  /** Speed as a share of that of body + logits. */
  readonly target?: number;
}

export async function graphSection(pair: Pair, rounds: number, signal: AbortSignal): Promise<readonly string[]> {
  const { body, weights, head, tunedHead } = await load(pair, signal);
  const [vocabulary = 0, width = 0] = head.shape;
  const uniform = (stream: number, n: number) =>
    Float32Array.from(random(2).words(stream, 0, n), (word) => word / 2 ** 31 - 1);
  const factors = {
    kind: 'factors',
    rank: RANK,
    a: uniform(0, vocabulary * RANK),
    b: uniform(1, width * RANK),
  } as const;
  const full = { kind: 'full', tuned: tunedHead, shared: vocabulary } as const;
  const map = project(sketch({ kind: 'bucket', seed: 0, width: WIDTH, vocabulary, hidden: width }));
  const tail = (options: Partial<HeadOptions>) => (g: Graph, hidden: string) =>
    appendHead(g, hidden, { base: head, deltas: [], norm: false, lossTunedHead: false, ...options });

  /** Every logit is made, and the largest of each chunk leaves the session: writing them all out would flatter the rest. */
  function logits(g: Graph, hidden: string): void {
    const flat = g.node('Reshape', [hidden, g.ints([-1, width])]);
    for (let from = 0; from < vocabulary; from += CHUNK) {
      const rows = [from, Math.min(from + CHUNK, vocabulary)] as const;
      const chunk = g.product(flat, { tensor: head, rows, transposed: true });
      g.output(g.node('ReduceMax', [chunk], { axes: [-1], keepdims: 1 }), `largest_${from}`, 'float32', ['N', 1]);
    }
  }

  const tails: readonly Tail[] = [
    { name: 'body + logits', append: logits },
    { name: 'low-rank alignment, sketch', append: tail({ deltas: [factors], sketch: map }), target: 0.84 },
    {
      name: 'low-rank alignment, norm, sketch',
      append: tail({ deltas: [factors], norm: true, sketch: map }),
      target: 0.78,
    },
    {
      name: 'all that --scores prints, full rank',
      append: tail({ deltas: [full], norm: true, lossTunedHead: true }),
      target: 0.62,
    },
    { name: 'the same, and sketch', append: tail({ deltas: [full], norm: true, lossTunedHead: true, sketch: map }) },
  ];

  const ids = Array.from({ length: WINDOWS }, (_, b) =>
    random(3)
      .words(b, 0, TOKENS)
      .map((word) => word % vocabulary),
  );
  const feeds = feedsOf(ids);
  const idsOnly: Feeds = { [IDS]: feeds[IDS]! };
  const sessions: Session[] = [];
  const racers: Record<string, () => Promise<unknown>> = {};
  for (const { name, append } of tails) {
    const g = graph('bench');
    append(g, body.build(g, weights, g.input(IDS, 'int64', ['B', 'T']), TOKENS));
    const session = await openSession({ model: g.finish(), providers: ['cpu'], threads: 1 });
    sessions.push(session);
    racers[name] = () => session.run(append === logits ? idsOnly : feeds);
  }
  const times = await race(racers, rounds);
  for (const session of sessions) await session.close();

  const first = times.get(tails[0]!.name)!;
  const rows = tails.map(({ name, target }) => {
    const own = times.get(name)!;
    const speed = (1000 * WINDOWS * TOKENS) / median(own);
    return [name, speed.toFixed(0), medianRatio(first, own).toFixed(3), target?.toFixed(2) ?? ''];
  });
  return [
    `GPT-2 small shapes, float32, ${WINDOWS} windows of ${TOKENS} tokens, one thread; rank ${RANK}, k = ${WIDTH}; medians of ${rounds} interleaved runs.`,
    '',
    ...table(['', 'tokens/s', 'ratio to body + logits', 'at least'], rows),
  ];
}
