/** A scan held against documents that are known to be tuning data. */
import { advantage, type Finding, finding } from '../stages/evaluate/finding.ts';
import { SCORERS, type Scored } from '../stages/evaluate/scorers.ts';
import { textBaseline } from '../stages/evaluate/text-baseline.ts';
import type { Interval } from '../stages/math/bootstrap.ts';
import { random } from '../stages/math/random.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import type { EvaluateConfig } from './config.ts';
import { ConfigError } from './error.ts';
import { jsonLines } from './json-lines.ts';

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
}

const MEASURED = ['score', 'alignment', 'loss', 'lossTunedHead'] as const satisfies readonly (keyof Scored)[];

interface ScoredLine extends Scored {
  readonly id: string;
}

/** @throws ConfigError where a file is no JSON lines, or the truth names none or all of the documents */
export async function evaluate(config: EvaluateConfig, folder: string, signal: AbortSignal): Promise<Evaluation> {
  const { seed, resamples } = config;
  const documents = jsonLines(config.scores, 'scores', ['id', ...MEASURED]) as unknown as readonly ScoredLine[];
  const truth = new Set(jsonLines(config.truth, 'truth', ['id']).map(({ id }) => id));
  const member = documents.map(({ id }) => truth.has(id));
  const truths = member.filter(Boolean).length;
  if (truths === 0 || truths === documents.length) {
    throw new ConfigError(
      `--truth ${config.truth}: names ${truths} of the ${documents.length} documents of ${config.scores}; expected some of them`,
    );
  }
  const columns: (readonly [string, ArrayLike<number>])[] = [
    ...Object.entries(SCORERS).map(([name, scorer]) => [name, documents.map(scorer)] as const),
    ['random', random(seed).words(0, 0, documents.length)],
  ];
  if (config.source !== undefined) {
    const ids = documents.map(({ id }) => id);
    columns.push(['bm25', textBaseline(await textsOf(config.source, folder, ids, signal), member)]);
  }
  const n = config.n ?? truths;
  if (n > documents.length) throw new ConfigError(`-n ${n}: there are ${documents.length} documents`);
  const [, cosine] = columns[0]!;
  return {
    documents: documents.length,
    truths,
    n,
    seed,
    resamples,
    scorers: columns.map(([name, scores]) => ({
      name,
      finding: finding(scores, member, { n, seed, resamples }),
      overCosine: advantage(scores, cosine, member, { seed, resamples }),
    })),
  };
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
