/** What a worker knows of scores: from the messages that it has committed. */
import { selectionCodec } from '../../schemas/codec.ts';
import { mergedSketch } from '../../stages/math/quantile.ts';
import { STATE } from '../../stages/select.ts';
import type { Commit } from '../kafka/watch.ts';
import { SELECTION } from '../store/messages.ts';
import type { ProcessMetrics } from './register.ts';
import { setScores } from './scores.ts';

export interface CommittedWatch {
  add(commit: Commit): void;
  /** Partitions came or went: the shares known are not all its own any more. */
  forget(): void;
}

export function watchCommitted({ gauge, onScrape }: ProcessMetrics): CommittedWatch {
  const [scored, quantiles] = [gauge('deltasift_scored'), gauge('deltasift_ranking_quantile')];
  /** The distribution of a delta's scores as last committed, by partition. */
  const shares = new Map<string, Map<number, Uint8Array>>();
  onScrape('deltasift_scored', () => {
    setScores(
      { scored, quantiles },
      Array.from(shares, ([id, parts]) => ({ id, sketch: mergedSketch(parts.values()) })),
    );
  });

  return {
    add({ partition, outgoing }) {
      for (const { topic, key, value } of outgoing) {
        if (value === null || topic !== SELECTION || !key.endsWith(`/state/${STATE.quantiles}`)) continue;
        const { delta, value: sketch } = selectionCodec.decode(value);
        shares.set(delta, (shares.get(delta) ?? new Map()).set(partition, sketch));
      }
    },

    forget: () => shares.clear(),
  };
}
