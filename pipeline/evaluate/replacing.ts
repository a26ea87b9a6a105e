/**
 * How well picked documents stand in for the tuning data: what they teach a head, how near they lie to it, which words they share, and
 * how much of D they explain. Of every draw half of the true documents are held out, and compared with; picks are made from the rest.
 */
import { bootstrap, type Interval, meanOf } from '../../stages/math/bootstrap.ts';
import { meanRow } from '../../stages/math/mean-row.ts';
import { vocabularyOverlap } from '../../stages/math/overlap.ts';
import { type Cloud, sinkhorn } from '../../stages/math/sinkhorn.ts';
import { norm } from '../../stages/math/vector.ts';
import { pickedFromStream } from '../../stages/pick/from-stream.ts';
import { type Draw, drawn, type KnownDocument, type KnownPool } from '../study/known-pool.ts';
import type { Retraining } from './retraining.ts';

export interface ReplacingOptions {
  readonly n: number;
  readonly draws: number;
  readonly seed: number;
  readonly resamples: number;
  readonly threads: number;
  /** By which every ranking picks its first n, by name. */
  readonly scores: Readonly<Record<string, (document: KnownDocument) => number>>;
  /** Of a text one vector; by default the mean of the base's own hidden states. */
  readonly embed?: ((text: string) => Promise<Float32Array>) | undefined;
  /** Alignments were measured at the base, where sums of gradients are. */
  readonly atBase: boolean;
}

export interface Replaced {
  readonly name: string;
  /** Of the way from n random documents to n true ones, in loss on those held out. */
  readonly gapClosed: Interval;
  /** Of the retrained head on those held out, nats a token. */
  readonly loss: Interval;
  /** Root of the Sinkhorn divergence between the pick and those held out, in the unit of the embedding. */
  readonly distance: Interval;
  /** Jaccard index of the tokens. */
  readonly vocabulary: Interval;
  /** cos(S, D), exact; undefined where gradients were not taken at the base. */
  readonly explained: Interval | undefined;
  /** Share of true documents. */
  readonly truths: number;
}

/** What one pick of one draw measured. */
interface Sample {
  readonly loss: number;
  readonly distance: number;
  readonly vocabulary: number;
  readonly explained: number;
  readonly truths: number;
}

const POOL_TO_SET = 4;

export async function replacing(
  pool: KnownPool,
  retraining: Retraining,
  options: ReplacingOptions,
  signal: AbortSignal,
): Promise<readonly Replaced[]> {
  const { draws, seed, resamples } = options;
  const samples = new Map<string, Sample[]>();
  for (let at = seed; at < seed + draws; at++) {
    const draw = drawn(pool, at, 1);
    const target = await cloudOf(draw.heldOut);
    for (const [name, documents] of await picksOf(pool, draw, options, signal)) {
      const { loss } = await retraining.after(documents, draw.heldOut, at);
      const sample = {
        loss,
        distance: Math.sqrt(Math.max(0, sinkhorn(await cloudOf(documents), target))),
        vocabulary: vocabularyOverlap(
          documents.map(({ ids }) => ids),
          draw.heldOut.map(({ ids }) => ids),
        ),
        explained: options.atBase ? await explainedBy(documents) : Number.NaN,
        truths: documents.filter(pool.isTrue).length / documents.length,
      };
      samples.set(name, [...(samples.get(name) ?? []), sample]);
    }
  }

  const interval = (values: readonly number[]) => bootstrap(draws, meanOf(values), { seed, resamples });
  const lossesOf = (name: string) => samples.get(name)!.map(({ loss }) => loss);
  const [worst, best] = [lossesOf('random'), lossesOf('true')];
  return [...samples].map(([name, own]) => {
    const of = (field: keyof Sample) => own.map((sample) => sample[field]);
    const saved = meanOf(worst.map((loss, i) => loss - own[i]!.loss));
    const whole = meanOf(worst.map((loss, i) => loss - best[i]!));
    return {
      name,
      gapClosed: bootstrap(draws, (counts) => saved(counts) / whole(counts), { seed, resamples }),
      loss: interval(of('loss')),
      distance: interval(of('distance')),
      vocabulary: interval(of('vocabulary')),
      explained: options.atBase ? interval(of('explained')) : undefined,
      truths: of('truths').reduce((sum, share) => sum + share, 0) / draws,
    };
  });

  async function cloudOf(documents: readonly KnownDocument[]): Promise<Cloud> {
    const points: Float32Array[] = [];
    for (const document of documents) {
      signal.throwIfAborted();
      const { embed } = options;
      points.push(
        embed === undefined
          ? meanRow((await retraining.states(document)).hidden, retraining.width)
          : await embed(document.text),
      );
    }
    const width = points[0]!.length;
    const all = new Float32Array(points.length * width);
    for (const [i, point] of points.entries()) all.set(point, i * width);
    return { points: all, width };
  }

  /** cos(S, D): S is made of the documents' gradients, and ⟨S, D⟩ is the sum of their alignments. */
  async function explainedBy(documents: readonly KnownDocument[]): Promise<number> {
    const alignment = documents.reduce((sum, one) => sum + one.alignment, 0);
    return alignment / (norm(await retraining.sum(documents)) * pool.delta.norm);
  }
}

/** What each way to pick takes of a draw. */
export async function picksOf(
  pool: KnownPool,
  { stream, truths }: Draw,
  { n, threads, scores }: Pick<ReplacingOptions, 'n' | 'threads' | 'scores'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly KnownDocument[]>> {
  const options = { n, poolToSet: POOL_TO_SET, deltaNorm: pool.delta.norm, batch: 1, threads };
  const byScore = Object.entries(scores).map(([name, score]) => {
    const ranked = stream.map((one) => ({ one, at: score(one) })).sort((a, b) => b.at - a.at);
    return [name, ranked.slice(0, n).map(({ one }) => one)] as const;
  });
  return new Map<string, readonly KnownDocument[]>([
    ['random', stream.slice(0, n)],
    ['true', truths.slice(0, n)],
    ...byScore,
    ['greedy', await pickedFromStream(stream, options, signal)],
  ]);
}
