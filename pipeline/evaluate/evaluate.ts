/** A scan held against documents that are known to be tuning data. */
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { advantage, type Finding, finding } from '../../stages/evaluate/finding.ts';
import { textBaseline } from '../../stages/evaluate/text-baseline.ts';
import { openEncoder } from '../../stages/graph/encoder.ts';
import type { Interval } from '../../stages/math/bootstrap.ts';
import { random } from '../../stages/math/random.ts';
import { MEASURE_NAMES, MEASURES, type Measured, measuredOf } from '../../stages/measure.ts';
import { sourceOf } from '../../stages/sources/sources.ts';
import type { DeltaConfig, EvaluateConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { jsonLines } from '../json-lines.ts';
import { drawn, type KnownPool } from '../study/known-pool.ts';
import { inspectDelta } from '../target/inspect-delta.ts';
import { picksOf, type Replaced, replacing } from './replacing.ts';
import { openRetraining, type Retraining } from './retraining.ts';

export interface Evaluation {
  readonly documents: number;
  /** True documents among them. */
  readonly truths: number;
  readonly n: number;
  readonly seed: number;
  readonly resamples: number;
  readonly scorers: readonly {
    readonly name: string;
    readonly finding: Finding;
    /** AUROC less that of the cosine, paired; 0 for the cosine itself. */
    readonly overCosine: Interval;
  }[];
  /** Of picks, where a store was given. */
  readonly replacing?: { readonly draws: number; readonly picks: readonly Replaced[] };
}

/** What a report shows beside an evaluation. */
export interface EvaluationDetail {
  readonly columns: ReadonlyMap<string, ArrayLike<number>>;
  readonly member: readonly boolean[];
  /** Held-out loss after retraining on the first documents of each pick. */
  readonly losses?: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
  /** Singular values of D, descending. */
  readonly spectrum?: readonly number[];
}

export interface Evaluated {
  readonly evaluation: Evaluation;
  readonly detail: EvaluationDetail;
}

export interface EvaluateWorld {
  readonly environment: Environment;
  readonly folder: string;
  readonly cores: number;
}

const LINE_FIELDS = ['score', 'alignment', 'loss', 'lossTunedHead'] as const;
/** Shares of n at which the report retrains. */
const PARTS = [1 / 8, 1 / 4, 1 / 2, 1] as const;

interface Documents {
  readonly ids: readonly string[];
  readonly measured: readonly Measured[];
  readonly texts: readonly string[] | undefined;
}

/**
 * @param pool of the store, where one is given; else the documents are those of `scores`
 * @throws ConfigError where a file is no JSON lines, or the truth names none or all of the documents
 */
export async function evaluate(
  config: EvaluateConfig,
  pool: KnownPool | undefined,
  world: EvaluateWorld,
  signal: AbortSignal,
): Promise<Evaluated> {
  const { seed, resamples } = config;
  const { ids, measured, texts } = pool === undefined ? await fromLines(config, world.folder, signal) : fromPool(pool);
  const truth = new Set(jsonLines(config.truth, 'truth', ['id']).map(({ id }) => id));
  const member = ids.map((id) => truth.has(id));
  const truths = member.filter(Boolean).length;
  if (truths === 0 || truths === ids.length) {
    throw new ConfigError(
      `--truth ${config.truth}: names ${truths} of the ${ids.length} documents of ${config.scores}; expected some of them`,
    );
  }
  const n = config.n ?? (pool === undefined ? truths : Math.floor(truths / 2));
  if (n > ids.length) throw new ConfigError(`-n ${n}: there are ${ids.length} documents`);

  const names = MEASURE_NAMES.filter((name) => measured.every((one) => !Number.isNaN(MEASURES[name](one))));
  const columns = new Map<string, ArrayLike<number>>([
    ...names.map((name) => [name, measured.map(MEASURES[name])] as const),
    ['random', random(seed).words(0, 0, ids.length)],
    ...(texts === undefined ? [] : [['bm25', textBaseline(texts, member)] as const]),
  ]);
  const cosine = columns.get('cosine')!;
  const evaluation: Evaluation = {
    documents: ids.length,
    truths,
    n,
    seed,
    resamples,
    scorers: [...columns].map(([name, scores]) => ({
      name,
      finding: finding(scores, member, { n, seed, resamples }),
      overCosine: advantage(scores, cosine, member, { seed, resamples }),
    })),
  };
  if (pool === undefined) return { evaluation, detail: { columns, member } };
  return replaced(pool, evaluation, { columns, member }, config, world, signal);
}

async function replaced(
  pool: KnownPool,
  evaluation: Evaluation,
  detail: EvaluationDetail,
  config: EvaluateConfig,
  { environment, cores }: EvaluateWorld,
  signal: AbortSignal,
): Promise<Evaluated> {
  const { n } = evaluation;
  const least = drawn(pool, config.seed, 1).truths.length;
  if (n > least)
    throw new ConfigError(`-n ${n}: with half of the true documents held out, ${least} are left to compare with`);
  const threads = config.threads ?? cores;
  const checkpoints = { ...environment, offline: config.offline ?? environment.offline };
  const base = config.base ?? pool.delta.base;
  const { provider: providers, epochs, batch, rate } = config;
  const encoder = config.encoder === undefined ? undefined : await openEncoder(config.encoder, threads);
  const retraining = await openRetraining(
    { base, checkpoints, window: pool.window, labels: pool.labels, providers, threads, epochs, batch, rate },
    signal,
  );
  try {
    const place = new Map(pool.documents.map(({ key }, i) => [key, i]));
    const scores = Object.fromEntries(
      [...detail.columns]
        .filter(([name]) => name !== 'random')
        .map(([name, column]) => [name, ({ key }: { readonly key: string }) => column[place.get(key)!]!]),
    );
    const options = {
      ...{ n, draws: config.draws, seed: config.seed, resamples: config.resamples, threads, scores },
      embed: encoder?.embed,
      atBase: pool.at === 'base',
    };
    const picks = await replacing(pool, retraining, options, signal);
    return {
      evaluation: { ...evaluation, replacing: { draws: config.draws, picks } },
      detail:
        config.report === undefined
          ? detail
          : {
              ...detail,
              losses: await lossesByN(pool, retraining, { n, threads, scores, seed: config.seed }, signal),
              ...(await spectrumBetween(
                { base, tuned: pool.delta.tuned, offline: config.offline },
                environment,
                threads,
                signal,
              )),
            },
    };
  } finally {
    await retraining.close();
    await encoder?.close();
  }
}

function fromPool({ documents }: KnownPool): Documents {
  return {
    ids: documents.map(({ id }) => id),
    measured: documents.map(measuredOf),
    texts: documents.map(({ text }) => text),
  };
}

/** Lines of earlier versions have not every measure: what is missing is no scorer. */
async function fromLines(config: EvaluateConfig, folder: string, signal: AbortSignal): Promise<Documents> {
  const lines = jsonLines(config.scores!, 'scores', ['id', ...LINE_FIELDS]) as unknown as readonly (Measured & {
    readonly id: string;
    readonly score: number;
  })[];
  const ids = lines.map(({ id }) => id);
  return {
    ids,
    measured: lines.map((line) => ({
      ...line,
      cosine: line.cosine ?? line.score,
      consistency: line.consistency ?? Number.NaN,
      lossTuned: line.lossTuned ?? null,
    })),
    texts: config.source === undefined ? undefined : await textsOf(config.source, folder, ids, signal),
  };
}

async function lossesByN(
  pool: KnownPool,
  retraining: Retraining,
  options: Parameters<typeof picksOf>[2] & { readonly seed: number },
  signal: AbortSignal,
): Promise<NonNullable<EvaluationDetail['losses']>> {
  const draw = drawn(pool, options.seed, 1);
  const before = (await retraining.before(draw.heldOut)).loss;
  const curves = new Map<string, [number, number][]>();
  for (const count of new Set(PARTS.map((part) => Math.max(1, Math.round(part * options.n))))) {
    for (const [name, documents] of await picksOf(pool, draw, { ...options, n: count }, signal)) {
      const { loss } = await retraining.after(documents, draw.heldOut, options.seed);
      curves.set(name, [...(curves.get(name) ?? [[0, before] as [number, number]]), [count, loss]]);
    }
  }
  return [...curves].map(([name, points]) => ({ name, points }));
}

/** None where the head is as it was, or the tuned side is not there any more. */
async function spectrumBetween(
  sides: Pick<DeltaConfig, 'base' | 'tuned' | 'offline'>,
  environment: Environment,
  threads: number,
  signal: AbortSignal,
): Promise<Pick<EvaluationDetail, 'spectrum'>> {
  try {
    const { spectrum } = await inspectDelta({ ...sides, tokens: 'off' }, environment, threads, signal);
    return spectrum === undefined ? {} : { spectrum: spectrum.values };
  } catch (error) {
    if (error instanceof CheckpointError) return {};
    throw error;
  }
}

/** The texts of the documents, in their order. */
async function textsOf(
  source: NonNullable<EvaluateConfig['source']>,
  folder: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const texts = new Map<string, string>();
  for await (const record of (await sourceOf(source, folder)).read(undefined, signal)) {
    if ('document' in record) texts.set(record.document.id, record.document.text);
  }
  return ids.map((id) => {
    const text = texts.get(id);
    if (text === undefined) throw new ConfigError(`--source: holds no document ${id}, which the scores have`);
    return text;
  });
}
