/** Which groups of documents the delta points to: hosts, languages, labels, or groups of the user's own. */
import { type Block, mixture } from '../../stages/evaluate/mixture.ts';
import type { Interval } from '../../stages/math/bootstrap.ts';
import { countSketch } from '../../stages/math/count-sketch.ts';
import { dot } from '../../stages/math/vector.ts';
import type { MixtureConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { jsonLines } from '../json-lines.ts';
import type { Member } from '../store/members.ts';
import type { DeltaRecord, Store } from '../store/store.ts';
import { openBaseMatrices } from './base-matrices.ts';

export interface GroupShare {
  readonly group: string;
  /** Of the crawl's sample. */
  readonly documents: number;
  /** Of the tuning data, as the delta has it. */
  readonly share: Interval;
}

/** Blocks of a group, which the bootstrap draws. */
const BLOCKS = 20;
/** Groups of fewer documents are taken together: their mean gradient is not known. */
const LEAST = 8;
const OTHERS = 'others';
const BITS = 16;

/**
 * From the store's uniform sample of the crawl: groups that were ranked high are not over-represented there. Largest share first.
 *
 * @throws ConfigError where the store was not measured at the base by the head, or has fewer than two groups
 */
export async function mixtureOf(
  store: Store,
  delta: DeltaRecord,
  config: MixtureConfig,
  { environment, cores }: { readonly environment: Environment; readonly cores: number },
  signal: AbortSignal,
): Promise<readonly GroupShare[]> {
  const fields = store.measurement()?.fields ?? {};
  if (fields['layers'] !== 'head' || fields['at'] !== 'base') {
    throw new ConfigError(
      `the store was measured with layers ${fields['layers']} at ${fields['at']}; a mixture is told by gradients of the head at base`,
    );
  }
  const groups = grouped([...store.members(delta.id, 'sample')], groupingOf(config));
  const threads = config.threads ?? cores;
  const opening = { ...config, base: config.base ?? delta.base, window: Number(fields['window']), threads };
  const { matrices, shape } = await openBaseMatrices(opening, environment, signal);
  try {
    const entries = shape[0] * shape[1];
    const parts = [...groups.values()].flatMap((documents, group) =>
      blocksOf(documents).map((own) => ({ group, documents: own })),
    );
    const exact = parts.length * entries * Float32Array.BYTES_PER_ELEMENT <= config.exactMemory;
    const reduce = exact ? undefined : countSketch(0, BITS, entries);
    const sums: Float32Array[] = [];
    for (const { documents } of parts) {
      const sum = new Float32Array(entries);
      for (const document of documents) {
        signal.throwIfAborted();
        const gradient = await matrices.of(document);
        for (let i = 0; i < entries; i++) sum[i]! += gradient[i]!;
      }
      sums.push(reduce === undefined ? sum : reduce(sum));
    }
    const blocks = parts.map(
      ({ group, documents }): Block => ({
        group,
        documents: documents.length,
        alignment: documents.reduce((all, { alignment }) => all + alignment, 0),
        squares: documents.reduce((all, { gradientNorm }) => all + gradientNorm ** 2, 0),
      }),
    );
    const gram = sums.map((a) => Float64Array.from(sums, (b) => dot(a, b)));
    const shares = mixture(blocks, gram, { seed: config.seed, resamples: config.resamples });
    return [...groups]
      .map(([group, documents], k) => ({ group, documents: documents.length, share: shares[k]! }))
      .sort((a, b) => b.share.value - a.share.value || (a.group < b.group ? -1 : 1));
  } finally {
    await matrices.close();
  }
}

type Grouping = (document: Member) => string | undefined;

function groupingOf({ by, groups: file }: MixtureConfig): Grouping {
  if (file === undefined) {
    const of: Readonly<Record<MixtureConfig['by'], Grouping>> = {
      host: ({ host, url }) => host ?? (url !== null && URL.canParse(url) ? new URL(url).host : undefined),
      language: ({ language }) => language ?? undefined,
      label: ({ label }) => label ?? undefined,
    };
    return of[by];
  }
  const given = new Map(jsonLines(file, 'groups', ['id', 'group']).map(({ id, group }) => [id, String(group)]));
  return ({ id }) => given.get(id);
}

/** Those without a group, and those of small ones, are others. */
function grouped(documents: readonly Member[], groupOf: Grouping): ReadonlyMap<string, readonly Member[]> {
  const first = Map.groupBy(documents, (document) => groupOf(document) ?? OTHERS);
  const whole = Map.groupBy(documents, (document) => {
    const group = groupOf(document) ?? OTHERS;
    return first.get(group)!.length < LEAST ? OTHERS : group;
  });
  const others = whole.get(OTHERS);
  if (others !== undefined && others.length < 2) whole.delete(OTHERS);
  if (whole.size < 2) {
    throw new ConfigError(
      `the ${documents.length} documents of the store's sample are of ${whole.size} groups with at least ${LEAST} documents; expected two: ` +
        'name another grouping with --by or --groups, or scan with a larger --pool, which is the size of the sample too',
    );
  }
  return whole;
}

function blocksOf(documents: readonly Member[]): readonly (readonly Member[])[] {
  const count = Math.min(BLOCKS, Math.floor(documents.length / 2) || 1);
  return Array.from({ length: count }, (_, block) => documents.filter((_, i) => i % count === block));
}
