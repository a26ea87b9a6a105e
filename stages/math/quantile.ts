/** The distribution of a stream of numbers in a few kilobytes: any quantile to 1 % of its value, and exact merging. */
import { DDSketch } from '@datadog/sketches-js';

/** Of the quantile's value. */
const RELATIVE_ACCURACY = 0.01;

export interface QuantileSketch {
  readonly count: number;
  add(value: number): void;
  /** The value that a share q in [0, 1] of the numbers are at or below; NaN of an empty sketch. */
  quantile(q: number): number;
  /** What the other has seen counts as seen here: the same sketch, whatever the order or split. */
  merge(other: QuantileSketch): void;
  bytes(): Uint8Array;
}

/** @param saved what `bytes` gave */
export function quantileSketch(saved?: Uint8Array): QuantileSketch {
  const sketch =
    saved === undefined ? new DDSketch({ relativeAccuracy: RELATIVE_ACCURACY }) : DDSketch.fromProto(saved);
  return {
    get count() {
      return sketch.count;
    },
    add: (value) => sketch.accept(value),
    quantile: (q) => sketch.getValueAtQuantile(q),
    merge: (other) => sketch.merge(DDSketch.fromProto(other.bytes())),
    bytes: () => sketch.toProto(),
  };
}
