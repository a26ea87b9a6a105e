/** Exact scores of documents that are known by their replay records. */

import { provenanceOf } from '../../schemas/provenance.ts';
import type { Replay, Score, Tokens } from '../../schemas/types.ts';
import type { Checkpoint } from '../../stages/checkpoint/checkpoint.ts';
import type { Tuning } from '../../stages/checkpoint/tuning.ts';
import { gradient, tokenBudgetOf } from '../../stages/gradient.ts';
import type { Body } from '../../stages/graph/families.ts';
import { openMeasure } from '../../stages/graph/open.ts';
import type { Provider } from '../../stages/graph/providers.ts';
import type { Precision } from '../../stages/graph/quantize.ts';
import type { Measure } from '../../stages/measure.ts';
import { unpackIds } from '../../stages/replay/packing.ts';
import { score } from '../../stages/score.ts';
import { passed } from '../legs/passed.ts';

export interface RescorerOptions {
  readonly base: Checkpoint;
  readonly body: Body;
  readonly tuning: Tuning;
  readonly rankBy: Measure;
  readonly measurement: {
    readonly id: string;
    readonly window: number;
    readonly positions: 'all' | 'last';
    readonly precision: Precision;
  };
  readonly providers: readonly Provider[];
  readonly threads: number;
}

export interface Rescorer {
  /** Of the windows that the records hold; those that the stages reject are left out. Texts are empty. */
  score(records: readonly Replay[], signal: AbortSignal): Promise<readonly Score[]>;
  close(): Promise<void>;
}

export async function openRescorer(options: RescorerOptions): Promise<Rescorer> {
  const { base, body, tuning, rankBy, measurement, providers, threads } = options;
  const { window, precision } = measurement;
  const session = await openMeasure(base, { body, deltas: [tuning], window, precision, providers, threads });
  const measure = gradient({
    session,
    measurement: measurement.id,
    deltas: [tuning.id],
    vocabulary: body.vocabulary,
    positions: measurement.positions,
    tokenBudget: tokenBudgetOf(window),
  });
  const rank = score([tuning], { rankBy });

  return {
    async score(records, signal) {
      const measured = passed(await measure.process(records.map(tokensOf), signal));
      return passed(await rank.process(measured, signal));
    },
    close: async () => measure.close?.(),
  };
}

function tokensOf(record: Replay): Tokens {
  const { key, id, url, lengths, tokens } = record;
  return {
    key,
    id,
    url,
    text: '',
    ids: unpackIds(record.ids, record.idBytes),
    lengths,
    firsts: lengths.map((length, w) => length - tokens[w]!),
    ...provenanceOf(record),
  };
}
