/**
 * The picked set while the stream runs. S is the sum of the members' gradients, c = cos(S, D); how much a document adds to what
 * the set explains of D is its residual gain
 *
 *     ρ(g) = (⟨g, D⟩/‖D‖ − c ⟨g, S⟩/‖S‖) / ‖g‖,
 *
 * the derivative of cos(S + εg, D) by ε, up to the scale ‖S‖/‖g‖; of an empty set it is cos(g, D). A candidate is taken in while
 * there is room, then in exchange for a member wherever that raises c.
 *
 * Alignments and lengths are exact; products between documents come from sketches, shrunk as shrinkage.ts says.
 */
import { type Shrinkage, shrinkageEstimate } from './shrinkage.ts';
import { dot } from './vector.ts';

export interface Candidate {
  /** ⟨g, D⟩ */
  readonly alignment: number;
  /** ‖g‖ > 0 */
  readonly norm: number;
  /** [k] Pg */
  readonly sketch: Float32Array;
}

export interface Exchange {
  readonly added: string;
  readonly removed: string | undefined;
}

/** What a restart needs, beside the members' own candidates. */
export interface RunningState {
  /** The members' keys, by place. */
  readonly keys: readonly string[];
  /** [k + 6] PS, then the state of the shrinkage estimate. */
  readonly values: Float64Array;
}

export interface RunningSet {
  readonly size: number;
  /** cos(S, D) as the sketches have it; 0 of an empty set. */
  readonly cosine: number;
  has(key: string): boolean;
  /** ρ(g) of a document that is not a member. */
  gain(candidate: Candidate): number;
  /** Takes the candidate in where that helps, and says what changed. A member's key changes nothing. */
  offer(key: string, candidate: Candidate): Exchange | undefined;
  /** The same offers from here on have the same results, to the last bit, as on the set it was taken from. */
  state(): RunningState;
}

export interface RunningOptions {
  /** n: how many documents the set holds */
  readonly capacity: number;
  /** ‖D‖ */
  readonly deltaNorm: number;
  /** k */
  readonly width: number;
}

interface Member extends Candidate {
  readonly key: string;
  /** ‖Pg‖² */
  readonly sketched: number;
}

/** The set with the member at `place` exchanged, and cos(S, D) then. */
interface Exchanged {
  readonly place: number;
  readonly cosine: number;
}

/** Members whose exchange is priced exactly: those that look best while ⟨g, member⟩ is taken to be at its mean. */
const SHORTLIST = 8;

/**
 * @param state of an earlier set; `find` gives its members' candidates by key
 * @throws RangeError where the state is of another width, or `find` does not know a member
 */
export function runningSet(
  { capacity, deltaNorm, width }: RunningOptions,
  state: RunningState = { keys: [], values: new Float64Array(width + 6) },
  find: (key: string) => Candidate | undefined = () => undefined,
): RunningSet {
  if (!(capacity >= 1)) throw new RangeError(`running set: expected a capacity of at least 1, got ${capacity}`);
  if (state.values.length !== width + 6) {
    throw new RangeError(`running set: expected a state of ${width + 6} values, got ${state.values.length}`);
  }
  const members = state.keys.map((key) => {
    const candidate = find(key);
    if (candidate === undefined) throw new RangeError(`running set: member ${key} is not there any more`);
    return member(key, candidate);
  });
  const keys = new Set(state.keys);
  const sum = state.values.slice(0, width); // PS
  const estimate = shrinkageEstimate(state.values.subarray(width));
  /** PS as float32: the kernels see one type of array only. */
  const rounded = new Float32Array(width);
  /** [n] ⟨Pm, PS⟩ by place; made when first asked for after a change. */
  let products: Float64Array | undefined;
  let totals = totalsOf();

  function member(key: string, candidate: Candidate): Member {
    check(candidate);
    return { ...candidate, key, sketched: dot(candidate.sketch, candidate.sketch) };
  }

  function check({ norm, sketch }: Candidate): void {
    if (!(norm > 0 && norm < Infinity))
      throw new RangeError(`running set: expected a finite length above 0, got ${norm}`);
    if (sketch.length !== width)
      throw new RangeError(`running set: expected a sketch of ${width}, got ${sketch.length}`);
  }

  /** Sums over the members, in order of their places, so that a restart finds the same bits. */
  function totalsOf() {
    const sums = { alignment: 0, norm: 0, squares: 0, sketched: 0, product: 0 };
    for (const one of members) {
      sums.alignment += one.alignment;
      sums.norm += one.norm;
      sums.squares += one.norm ** 2;
      sums.sketched += one.sketched;
    }
    rounded.set(sum);
    sums.product = dot(rounded, rounded); // ‖PS‖²
    return sums;
  }

  /** ‖S‖² = Σ ‖g‖² + Σ of the shrunk products of different members */
  function squaredLength({ mean, factor }: Shrinkage): number {
    const { norm, squares, sketched, product } = totals;
    return squares + factor * (product - sketched) + (1 - factor) * mean * (norm ** 2 - squares);
  }

  /** ⟨g, S⟩ of a document that is not a member. */
  function withSum(candidate: Candidate, { mean, factor }: Shrinkage): number {
    return factor * dot(candidate.sketch, rounded) + (1 - factor) * mean * candidate.norm * totals.norm;
  }

  function cosine(alignment: number, squared: number): number {
    return squared > 0 ? alignment / (Math.sqrt(squared) * deltaNorm) : 0;
  }

  function replace(place: number, next: Member): void {
    const previous = members[place];
    members[place] = next;
    keys.add(next.key);
    for (let i = 0; i < width; i++) sum[i]! += next.sketch[i]! - (previous?.sketch[i] ?? 0);
    if (previous !== undefined) keys.delete(previous.key);
    products = undefined;
    totals = totalsOf();
  }

  /** The place whose member gives way best to the candidate, and the cosine then reached. */
  function bestExchange(candidate: Candidate, shrinkage: Shrinkage): Exchanged {
    const { mean, factor } = shrinkage;
    products ??= Float64Array.from(members, (one) => dot(one.sketch, rounded));
    const squared = squaredLength(shrinkage) + candidate.norm ** 2 + 2 * withSum(candidate, shrinkage);
    const rest = (1 - factor) * mean;

    /** cos(S − m + g, D), by the sketched product of g and m */
    const after = (place: number, product: number) => {
      const one = members[place]!;
      const own =
        one.norm ** 2 + factor * (products![place]! - one.sketched) + rest * one.norm * (totals.norm - one.norm); // ⟨m, S⟩
      const between = factor * product + rest * candidate.norm * one.norm;
      return cosine(
        totals.alignment + candidate.alignment - one.alignment,
        squared + one.norm ** 2 - 2 * own - 2 * between,
      );
    };

    const shortlist: Exchanged[] = []; // best first
    for (let place = 0; place < members.length; place++) {
      const reached = after(place, mean * candidate.norm * members[place]!.norm);
      if (shortlist.length === SHORTLIST && reached <= shortlist[SHORTLIST - 1]!.cosine) continue;
      const rank = shortlist.findIndex((other) => other.cosine < reached);
      shortlist.splice(rank < 0 ? shortlist.length : rank, 0, { place, cosine: reached });
      shortlist.length = Math.min(shortlist.length, SHORTLIST);
    }
    return shortlist
      .map(({ place }) => ({ place, cosine: after(place, dot(candidate.sketch, members[place]!.sketch)) }))
      .reduce((best, next) => (next.cosine > best.cosine ? next : best));
  }

  return {
    get size() {
      return members.length;
    },
    get cosine() {
      return cosine(totals.alignment, squaredLength(estimate.current()));
    },
    has: (key) => keys.has(key),

    gain(candidate) {
      check(candidate);
      const shrinkage = estimate.current();
      const squared = squaredLength(shrinkage);
      const along = candidate.alignment / deltaNorm;
      if (!(squared > 0)) return along / candidate.norm;
      const explained = cosine(totals.alignment, squared) * (withSum(candidate, shrinkage) / Math.sqrt(squared));
      return (along - explained) / candidate.norm;
    },

    offer(key, candidate) {
      if (keys.has(key)) return undefined;
      const offered = member(key, candidate);
      const partner = members[estimate.count % members.length];
      estimate.length(offered.sketched / offered.norm ** 2);
      if (partner !== undefined) estimate.pair(dot(partner.sketch, offered.sketch) / (partner.norm * offered.norm));

      if (members.length < capacity) {
        replace(members.length, offered);
        return { added: key, removed: undefined };
      }
      const shrinkage = estimate.current();
      const best = bestExchange(offered, shrinkage);
      if (!(best.cosine > cosine(totals.alignment, squaredLength(shrinkage)))) return undefined;
      const removed = members[best.place]!.key;
      replace(best.place, offered);
      return { added: key, removed };
    },

    state() {
      const values = new Float64Array(width + 6);
      values.set(sum);
      values.set(estimate.state(), width);
      return { keys: members.map((one) => one.key), values };
    },
  };
}
