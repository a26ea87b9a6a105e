/**
 * The tail of the graph: what the head's gradient says of each scored position, without ever forming that gradient.
 *
 * For final hidden states H [N,d] of the scored positions, P = softmax(H W0ᵀ) [N,V], one-hot targets Y and weights m [N],
 * the gradient of the weighted token loss by the head is G = Eᵀ H with E = (P − Y) ∘ m = (Q − c Y) ∘ m (distribution.ts). Then, for a
 * delta D = W0 − W1 [V,d]:
 *
 *     ⟨G, D⟩ = Σₜ mₜ (Qₜ D − cₜ D[yₜ]) · hₜ             |G|² = Σ (E Eᵀ) ∘ (H Hᵀ) within a window
 *     loss at W1 = logsumexp(H W0ᵀ − H Dᵀ) − (h W0[y] − h D[y])
 *
 * Where the gradient is taken at other points than the base, P is that of the head W0 − a D on the same H, or of the whole tuned
 * model on its own H; G is the mean over the points. A whole [N,V] never exists (distribution.ts), and each chunk's [N,c]
 * temporaries stay in cache.
 */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { BUCKETS } from '../math/sketch.ts';
import { type DeltaTerms, deltaTerms, type HeadDelta } from './delta-terms.ts';
import { chunkOf, type Distribution, headDistribution, mixture, movedDistribution } from './distribution.ts';
import { type MlpParts, mlpTerms } from './last-mlp.ts';
import type { Graph } from './onnx.ts';
import { concat, logSumExp, softmax, sumOf, transposed } from './operations.ts';
import type { Point } from './point.ts';
import { chunkLikely, type ReplayTail, replayOutputs } from './replay.ts';
import { type Rows, rangesOf } from './rows.ts';
import { squaredLength } from './squared-length.ts';

/** The sketch's part of the graph; project.ts makes it, beside the same map in plain code. */
export interface SketchTail {
  /** Probabilities p [N,c] of vocabulary rows [from, to), normalised over the chunk, to buckets [N,b]. */
  chunk(graph: Graph, p: string, rows: Rows): string;
  /** Sketches [B,k] of G from Q in buckets [B,S,b], c [B,S,1], targets [B,S], weights [B,S,1] and hidden states [B,S,d]. */
  finish(graph: Graph, at: SketchValues): string;
}

export interface SketchValues {
  readonly bucketed: string;
  readonly miss: string;
  readonly targets: string;
  readonly weights: string;
  readonly hidden: string;
}

/** The whole tuned model on the same windows. */
export interface TunedStates {
  /** Its last hidden states [B,T,d] */
  readonly hidden: string;
  /** Its head, as `graph` runs it: at least the base's rows. */
  readonly head: LocalTensor;
  readonly graph: Graph;
}

export interface HeadOptions {
  /** W0 [V,d] */
  readonly base: LocalTensor;
  readonly deltas: readonly HeadDelta[];
  /** The gradients that count, alignments and squared lengths summed over them; by default the head's alone. */
  readonly gradients?: { readonly head: boolean; readonly mlp: MlpParts | undefined };
  /** Where the gradient is taken, all different: G is the mean over them. By default the base alone; others take one delta. */
  readonly points?: readonly Point[];
  /** The whole tuned model, for its loss and the point `tuned`. */
  readonly tuned?: TunedStates | undefined;
  /** Makes the targets [B,S] from `rows` [B,S]; by default they are an input. */
  readonly targets?: ((rows: string) => string) | undefined;
  readonly norm: boolean;
  readonly lossTunedHead: boolean;
  readonly sketch?: SketchTail | undefined;
  /** Of the base. */
  readonly replay?: ReplayTail | undefined;
  /** Rows of the vocabulary to a chunk; by default V/32, at least 1,024, and a multiple of the sketch's buckets. */
  readonly chunkRows?: number | undefined;
}

/** Which positions are scored: B windows, S positions each. */
export const INPUTS = {
  /** [B,S] flat index b·T + t of the position that predicts; padding points anywhere */
  rows: 'rows',
  /** [B,S] the token predicted there; padding holds any valid id */
  targets: 'targets',
  /** [B,S] mₜ: 1/tokens of the window, 0 on padding */
  weights: 'weights',
} as const;

export const OUTPUTS = {
  /** [B,S] −log P(y), not weighted */
  tokenLoss: 'token_loss',
  /** [B,S,n] weighted: its sum over S is ⟨G, D⟩ */
  tokenAlignment: 'token_alignment',
  /** [B,S,n] −log P(y) under the tuned head, not weighted */
  tokenLossTunedHead: 'token_loss_tuned_head',
  /** [B,S] −log P(y) under the whole tuned model, not weighted */
  tokenLossTuned: 'token_loss_tuned',
  /** [B,S] which of the labels the tuned model answers, as a whole number */
  label: 'label',
  /** [B] |G|² */
  squaredNorm: 'squared_norm',
  /** [B,k] */
  sketch: 'sketch',
} as const;

const CHUNKS = 32;
const LEAST_CHUNK_ROWS = 1024;

/** Appends the tail to `hidden` [B,T,d] and declares its inputs and outputs. */
export function appendHead(g: Graph, hidden: string, options: HeadOptions): void {
  const { base, deltas, norm, lossTunedHead, sketch, replay, tuned, points = ['base'] } = options;
  const { head, mlp } = options.gradients ?? { head: true, mlp: undefined };
  const [vocabulary = 0, width = 0] = base.shape;
  const rows = g.input(INPUTS.rows, 'int64', ['B', 'S']);
  const targets = options.targets?.(rows) ?? g.input(INPUTS.targets, 'int64', ['B', 'S']);
  const weights = g.node('Unsqueeze', [g.input(INPUTS.weights, 'float32', ['B', 'S']), g.ints([2])]); // [B,S,1]
  const grid = g.node('Shape', [rows]);
  /** [N,x] as [B,S,x] */
  const byWindow = (value: string, x: number) =>
    g.node('Reshape', [value, g.node('Concat', [grid, g.ints([x])], { axis: 0 })]);

  /** [B,S,1] as [N,1] */
  const byPosition = (value: string) => g.node('Reshape', [value, g.ints([-1, 1])]);

  const atBase = distributionOf(g, hidden, base);
  const atTuned = tuned === undefined ? undefined : distributionOf(tuned.graph, tuned.hidden, tuned.head);
  const measured = points.map(distributionAt);
  const all = [...new Set(atTuned === undefined ? [atBase, ...measured] : [atBase, atTuned, ...measured])];
  const indices = measured.map((one) => all.indexOf(one));
  const pairs = indices.flatMap((k, at) => indices.slice(at).map((l) => [k, l] as const));

  const chunks = rangesOf(...walkOf(options)).map((range) => {
    const softmaxes = all.map((one) => chunkOf(g, one.logits(range)));
    const ofMeasured = <T>(make: (p: string, one: Distribution) => T) =>
      all.map((one, k) => (indices.includes(k) && softmaxes[k] !== undefined ? make(softmaxes[k].p, one) : undefined));
    const grouped = norm && head ? ofMeasured((p) => byWindow(p, range[1] - range[0])) : []; // [B,S,c]
    return {
      softmaxes,
      expected: ofMeasured((p, { terms }) => terms.map((term) => term?.expected(p, range))),
      lseTuned: lossTunedHead ? atBase.terms.map((term) => lseTuned(term, range)) : [],
      grams: pairs.map(([k, l]) => gram(grouped[k], grouped[l])), // p pᵀ [B,S,S]
      expectedRow: mlp === undefined ? [] : ofMeasured((p, one) => one.expectedRow(p, range)),
      bucketed: sketch === undefined || range[0] >= vocabulary ? [] : ofMeasured((p) => sketch.chunk(g, p, range)),
      likely: chunkLikely(g, replay, softmaxes[0]?.p, range),
    };
  });
  const mixed = all.map(({ targetLogit }, k) =>
    mixture(
      g,
      chunks.map(({ softmaxes }) => softmaxes[k]),
      byPosition(targetLogit),
    ),
  );

  const lossOf = (one: Distribution) => byWindow(mixed[all.indexOf(one)]!.loss, 1);
  const missOf = (k: number) => byWindow(mixed[k]!.miss, 1);
  const loss = lossOf(atBase); // [B,S,1]
  perToken(OUTPUTS.tokenLoss, loss);
  if (atTuned !== undefined) perToken(OUTPUTS.tokenLossTuned, lossOf(atTuned));
  const throughMlp = mlp === undefined ? undefined : mlpTerms(mlp.graph ?? g, error(indices[0]!), rows, mlp);
  if (deltas.length > 0) {
    perDelta(
      OUTPUTS.tokenAlignment,
      deltas.map((_, i) => alignment(i)),
    );
  }
  if (deltas.length > 0 && lossTunedHead) perDelta(OUTPUTS.tokenLossTunedHead, atBase.terms.map(tunedLoss));
  if (norm) {
    const squares = [...(head ? [squaredNorm()] : []), ...(throughMlp === undefined ? [] : [throughMlp.squaredNorm])];
    g.output(sumOf(g, squares), OUTPUTS.squaredNorm, 'float32', ['B']);
  }
  if (sketch !== undefined) g.output(sketchOf(sketch), OUTPUTS.sketch, 'float32', ['B', 'k']);
  if (replay !== undefined) {
    const { loss: missed, shares } = mixed[0]!;
    const target = { p: g.node('Exp', [g.node('Neg', [missed])]), ids: byPosition(targets) };
    const likely = chunks.map((chunk) => chunk.likely);
    replayOutputs(g, replay, { hidden: atBase.states.hidden, target, likely, shares, byWindow });
  }

  function perToken(name: string, values: string): void {
    g.output(g.node('Squeeze', [values, g.ints([2])]), name, 'float32', ['B', 'S']);
  }

  function perDelta(name: string, values: readonly string[]): void {
    g.output(concat(g, values, 2), name, 'float32', ['B', 'S', values.length]);
  }

  /** Of the model that `graph` runs, whose last hidden states are `states` [B,T,d]. */
  function distributionOf(graph: Graph, states: string, own: LocalTensor): Distribution {
    const scored = g.node('Gather', [g.node('Reshape', [states, g.ints([-1, width])]), rows], { axis: 0 }); // [B,S,d]
    const flat = g.node('Reshape', [scored, g.ints([-1, width])]); // [N,d]
    const made = headDistribution(graph, { hidden: scored, flat }, own, targets);
    const targetRows = own === base && graph === g ? made.targetRows : g.gather(base, targets);
    const values = { base, hidden: scored, flat, targets, targetRows };
    const shifted = lossTunedHead || points.some((point) => typeof point === 'number');
    return { ...made, terms: deltas.map((delta) => deltaTerms(g, delta, values, shifted)) };
  }

  function distributionAt(point: Point): Distribution {
    if (point === 'base') return atBase;
    if (point !== 'tuned') return movedDistribution(g, atBase, point);
    if (atTuned === undefined) throw new RangeError('the gradient is asked for at a tuned model that is not there');
    return atTuned;
  }

  /** log-sum-exp of H W0ᵀ − H Dᵀ on the rows [N,1]; undefined where they are not shared */
  function lseTuned(term: DeltaTerms | undefined, range: Rows): string | undefined {
    const [logits, shift] = [atBase.logits(range), term?.shift(range)];
    if (logits === undefined || shift === undefined) return undefined;
    return softmax(g, g.node('Sub', [logits, shift])).lse;
  }

  function gram(p: string | undefined, q: string | undefined): string | undefined {
    return p === undefined || q === undefined ? undefined : g.node('MatMul', [p, transposed(g, q)]);
  }

  /** ∂loss/∂H = E W [B,S,d] */
  function error(k: number): string {
    const expected = byWindow(mixed[k]!.of(chunks.map(({ expectedRow }) => expectedRow[k])), width);
    const came = g.node('Mul', [all[k]!.targetRows, missOf(k)]);
    return g.node('Mul', [g.node('Sub', [expected, came]), weights]);
  }

  /** Contributions to ⟨G, D⟩ over all that counts [B,S,1] */
  function alignment(i: number): string {
    const byHead = head ? indices.flatMap((k) => headAlignment(k, i) ?? []) : [];
    const parts = [
      ...(byHead.length > 0 ? [share(sumOf(g, byHead), 1 / points.length)] : []),
      throughMlp?.alignments[i],
    ];
    const there = parts.filter((part) => part !== undefined);
    return there.length > 0 ? sumOf(g, there) : g.node('Sub', [weights, weights]);
  }

  /** mₜ (Qₜ D − cₜ D[yₜ]) · hₜ [B,S,1]; undefined where D is 0 */
  function headAlignment(k: number, i: number): string | undefined {
    const term = all[k]!.terms[i];
    if (term === undefined) return undefined;
    const expected = term.contract(mixed[k]!.of(chunks.map((chunk) => chunk.expected[k]?.[i])));
    const came = g.node('Mul', [term.targetLogit, missOf(k)]);
    return g.node('Mul', [g.node('Sub', [byWindow(expected, 1), came]), weights]);
  }

  /** −log P(y) with the tuned head's logits H W0ᵀ − H Dᵀ [B,S,1] */
  function tunedLoss(term: DeltaTerms | undefined, i: number): string {
    if (term === undefined) return loss;
    const parts = chunks.flatMap((chunk) => chunk.lseTuned[i] ?? []);
    const others = byWindow(logSumExp(g, concat(g, [...parts, ...term.tunedOnly], 1)), 1);
    return g.node('Softplus', [g.node('Sub', [others, g.node('Sub', [atBase.targetLogit, term.targetLogit])])]);
  }

  function squaredNorm(): string {
    const expectations = new Map(
      indices.map((k) => {
        const logP = g.node('Sub', [all[k]!.targetLogits(), byWindow(mixed[k]!.lse, 1)]);
        return [k, { hidden: all[k]!.states.hidden, miss: missOf(k), targetP: g.node('Exp', [logP]) }];
      }),
    );
    const chunkShare = (k: number, c: number) => byWindow(mixed[k]!.shares[c]!, 1); // [B,S,1]
    const ofPairs = pairs.map(([k, l], i) => {
      const parts = chunks.flatMap(({ grams }, c) => {
        const outer = () => g.node('MatMul', [chunkShare(k, c), transposed(g, chunkShare(l, c))]);
        return grams[i] === undefined ? [] : g.node('Mul', [grams[i], outer()]);
      });
      return { one: expectations.get(k)!, other: expectations.get(l)!, qq: sumOf(g, parts) };
    });
    return squaredLength(g, ofPairs, targets, weights);
  }

  /** Of the mean over the points: on the states of each body, the mean of what is expected there. */
  function sketchOf({ finish }: SketchTail): string {
    const byStates = [...Map.groupBy(indices, (k) => all[k]!.states)];
    const parts = byStates.map(([states, own]) => {
      const buckets = own.map((k) => mixed[k]!.of(chunks.map(({ bucketed }) => bucketed[k]))); // [N,b]
      const miss = share(sumOf(g, own.map(missOf)), 1 / own.length);
      const bucketed = g.node('Reshape', [
        share(sumOf(g, buckets), 1 / own.length),
        concat(g, [grid, g.ints([-1])], 0),
      ]);
      const weighted = share(weights, own.length / points.length);
      return finish(g, { bucketed, miss, targets, weights: weighted, hidden: states.hidden });
    });
    return sumOf(g, parts);
  }

  function share(value: string, factor: number): string {
    return factor === 1 ? value : g.node('Mul', [value, g.floats([factor], [])]);
  }
}

/** Rows of the vocabulary, rows to a chunk, and boundaries: where a delta's shared rows end, and where the base's do. */
function walkOf({ base, deltas, tuned, chunkRows }: HeadOptions): Parameters<typeof rangesOf> {
  const [vocabulary = 0] = base.shape;
  const size = chunkRows ?? Math.max(LEAST_CHUNK_ROWS, BUCKETS * Math.ceil(vocabulary / (BUCKETS * CHUNKS)));
  const shared = deltas.flatMap((delta) => (delta.kind === 'full' ? [delta.shared] : []));
  return [Math.max(vocabulary, tuned?.head.shape[0] ?? 0), size, [vocabulary, ...shared]];
}
