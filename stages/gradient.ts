/** Runs the model over every window: loss, alignment with each delta, gradient norm and sketch. The device's only stage. */
import { type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
import { provenanceOf } from '../schemas/provenance.ts';
import type { Basis, Gradients, Tokens } from '../schemas/types.ts';
import { INPUTS, OUTPUTS } from './graph/head.ts';
import { IDS } from './graph/model.ts';
import { REPLAY_OUTPUTS } from './graph/replay.ts';
import type { Feeds, Results, Session } from './graph/session.ts';
import type { WithReplay } from './replay/attached.ts';
import { replayRecord, type WindowStates } from './replay/record.ts';

export interface GradientOptions {
  /** A session over a model made by graph/model.ts. The stage closes it. */
  readonly session: Session;
  /** Measurement id, goes with every result. */
  readonly measurement: string;
  /** Delta ids, in the order of the model's columns. */
  readonly deltas: readonly string[];
  /** V: ids are checked against it, since ONNX Runtime takes negative ones from the end. */
  readonly vocabulary: number;
  /** Score every position from the window's first on, or its last one only. */
  readonly positions: 'all' | 'last';
  /** Tokens of a classifier's labels, where the model answers one of them: it is then what each window ends with. */
  readonly labels?: readonly number[] | undefined;
  /** Padded tokens to one run of the session: B·T is kept at or below it. */
  readonly tokenBudget: number;
  /** What replay records are written in, where the model has the outputs of graph/replay.ts; undefined makes none. */
  readonly basis?: Basis | undefined;
}

/** More do not make a run faster on a CPU, and their temporaries leave the cache. */
const TOKEN_BUDGET = 512;

/** Padded tokens to one run for windows of so many; at least one window fits. */
export function tokenBudgetOf(window: number): number {
  return Math.max(TOKEN_BUDGET, window);
}

const RUNS_AHEAD = 2;

/** One window of one document of the batch. */
interface Window {
  readonly ids: Int32Array;
  /** Index in the window of the first token scored. */
  readonly first: number;
  /** Scored tokens: the window's last ones. */
  readonly tokens: number;
}

/** What the model said of one window, sums in float64. */
interface MeasuredWindow {
  readonly loss: number;
  readonly gradientNorm: number;
  /** [n] */
  readonly alignment: Float64Array;
  readonly lossTunedHead: Float64Array;
  /** Undefined where the whole tuned model did not run. */
  readonly lossTuned: number | undefined;
  /** Number of the label that the tuned model answers; undefined where it is not asked. */
  readonly label: number | undefined;
  /** [tokens,n] */
  readonly tokenAlignment: Float32Array;
  /** [k], empty where the model makes none */
  readonly sketch: Float32Array;
  /** Undefined where the model says none. */
  readonly states: WindowStates | undefined;
}

/**
 * Windows run sorted by length, in groups of at most `tokenBudget` padded tokens; which group a window runs in is a function of
 * the batch alone. Results agree with those of another batching to rounding (float32 kernels sum in an order that depends on
 * the shape), and to the bit for the same batch.
 */
export function gradient(options: GradientOptions): Stage<Tokens, WithReplay<Gradients>> {
  const { session, vocabulary } = options;
  /** Settles when the call before has: a batch that needs no run must not overtake one that does. */
  let turn: Promise<unknown> = Promise.resolve();

  function process(batch: readonly Tokens[], signal: AbortSignal): Promise<readonly Outcome<WithReplay<Gradients>>[]> {
    const before = turn;
    const answer = measureBatch(batch, signal).finally(() => before);
    turn = answer.catch(() => {});
    return answer;
  }

  async function measureBatch(
    batch: readonly Tokens[],
    signal: AbortSignal,
  ): Promise<readonly Outcome<WithReplay<Gradients>>[]> {
    const documents = batch.map((tokens) => ({ tokens, bad: badToken(tokens, vocabulary) }));
    const windows = documents.map(({ tokens, bad }) => (bad === undefined ? windowsOf(tokens, options) : []));
    const measured = await measure(windows.flat(), signal);
    const rest = measured.values();
    return documents.map(({ tokens, bad }, d): Outcome<WithReplay<Gradients>> => {
      const own = windows[d]!.map(() => rest.next().value!);
      return bad ?? [withReplay(gradientsOf(tokens, windows[d]!, own, options), own, options.basis)];
    });
  }

  /** One result per window, in the order given. The next run is asked for before the last one ends, so that the device never waits. */
  async function measure(windows: readonly Window[], signal: AbortSignal): Promise<readonly MeasuredWindow[]> {
    const results: MeasuredWindow[] = [];
    const running: Promise<void>[] = [];
    try {
      for (const group of groupsOf(windows, options.tokenBudget)) {
        signal.throwIfAborted();
        running.push(measureGroup(group, windows, results));
        if (running.length > RUNS_AHEAD) await running.shift();
      }
      await Promise.all(running);
      return results;
    } finally {
      await Promise.allSettled(running);
    }
  }

  async function measureGroup(
    group: readonly number[],
    windows: readonly Window[],
    results: MeasuredWindow[],
  ): Promise<void> {
    const members = group.map((i) => windows[i]!);
    const outputs = await session.run(feedsOf(members, options.labels === undefined));
    for (const [b, i] of group.entries()) results[i] = readWindow(outputs, b, members[b]!, options.deltas.length);
  }

  return { name: 'gradient', process, close: () => session.close() };
}

function badToken({ ids }: Tokens, vocabulary: number): Reject | undefined {
  const at = ids.findIndex((id) => id < 0 || id >= vocabulary);
  if (at === -1) return undefined;
  return new Reject('bad-token', `token ${at} has id ${ids[at]}; the model knows ids 0 to ${vocabulary - 1}`);
}

function windowsOf({ ids, lengths, firsts }: Tokens, { positions, labels }: GradientOptions): readonly Window[] {
  let end = 0;
  return Array.from(lengths, (length, w) => {
    end += length;
    const window = ids.subarray(end - length, end);
    if (labels !== undefined) return { ids: window, first: length, tokens: 1 }; // the label comes behind it
    const first = positions === 'last' ? length - 1 : firsts[w]!;
    return { ids: window, first, tokens: length - first };
  });
}

/** Indices of `windows`, longest first, cut so that each group's count × longest stays within the budget. */
function groupsOf(windows: readonly Window[], budget: number): readonly (readonly number[])[] {
  const order = windows.map((_, i) => i).sort((a, b) => windows[b]!.ids.length - windows[a]!.ids.length || a - b);
  const groups: number[][] = [];
  for (const i of order) {
    const group = groups.at(-1);
    const longest = group === undefined ? 0 : windows[group[0]!]!.ids.length;
    if (group !== undefined && (group.length + 1) * longest <= budget) group.push(i);
    else groups.push([i]);
  }
  return groups;
}

function feedsOf(group: readonly Window[], withTargets: boolean): Feeds {
  const B = group.length;
  const T = Math.max(...group.map(({ ids }) => ids.length));
  const S = Math.max(...group.map(({ tokens }) => tokens));
  const ids = new BigInt64Array(B * T);
  const rows = new BigInt64Array(B * S);
  const targets = new BigInt64Array(B * S);
  const weights = new Float32Array(B * S);
  for (const [b, window] of group.entries()) {
    window.ids.forEach((id, t) => {
      ids[b * T + t] = BigInt(id);
    });
    for (let s = 0; s < window.tokens; s++) {
      const t = window.first + s;
      rows[b * S + s] = BigInt(b * T + t - 1);
      if (withTargets) targets[b * S + s] = BigInt(window.ids[t]!);
      weights[b * S + s] = 1 / window.tokens;
    }
  }
  return {
    [IDS]: { data: ids, dims: [B, T] },
    [INPUTS.rows]: { data: rows, dims: [B, S] },
    ...(withTargets ? { [INPUTS.targets]: { data: targets, dims: [B, S] } } : {}),
    [INPUTS.weights]: { data: weights, dims: [B, S] },
  };
}

function readWindow(outputs: Results, b: number, { tokens }: Window, n: number): MeasuredWindow {
  const perToken = (name: string, columns: number) => {
    const { data, dims } = outputs[name]!;
    const start = b * dims[1]! * columns;
    return data.subarray(start, start + tokens * columns);
  };
  const tokenAlignment = n === 0 ? new Float32Array() : perToken(OUTPUTS.tokenAlignment, n).slice();
  const tunedLosses =
    outputs[OUTPUTS.tokenLossTunedHead] === undefined ? undefined : perToken(OUTPUTS.tokenLossTunedHead, n);
  const sketch = outputs[OUTPUTS.sketch];
  const width = sketch?.dims[1] ?? 0;
  const meanOf = (name: string) => columnSums(perToken(name, 1), 1)[0]! / tokens;
  return {
    loss: meanOf(OUTPUTS.tokenLoss),
    label: outputs[OUTPUTS.label] === undefined ? undefined : perToken(OUTPUTS.label, 1)[0],
    lossTuned: outputs[OUTPUTS.tokenLossTuned] === undefined ? undefined : meanOf(OUTPUTS.tokenLossTuned),
    gradientNorm: Math.sqrt(Math.max(0, outputs[OUTPUTS.squaredNorm]!.data[b]!)),
    alignment: columnSums(tokenAlignment, n),
    lossTunedHead:
      tunedLosses === undefined ? new Float64Array(n).fill(NaN) : columnSums(tunedLosses, n).map((sum) => sum / tokens),
    tokenAlignment,
    sketch: sketch?.data.slice(b * width, (b + 1) * width) ?? new Float32Array(),
    states: statesOf(outputs, b, tokens),
  };
}

function statesOf(outputs: Results, b: number, tokens: number): WindowStates | undefined {
  if (outputs[REPLAY_OUTPUTS.coefficients] === undefined) return undefined;
  const rows = (name: string) => {
    const { data, dims } = outputs[name]!;
    const [, positions = 0, columns = 0] = dims;
    return data.slice(b * positions * columns, (b * positions + tokens) * columns);
  };
  return {
    coefficients: rows(REPLAY_OUTPUTS.coefficients),
    squares: rows(REPLAY_OUTPUTS.squares),
    likely: rows(REPLAY_OUTPUTS.likely),
    chances: rows(REPLAY_OUTPUTS.chances),
  };
}

/** Sums of the n columns of a row-major matrix. NaN stays NaN: a broken number must not pass for a score. */
function columnSums(matrix: Float32Array, n: number): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < matrix.length; i++) sums[i % n]! += matrix[i]!;
  return sums;
}

function gradientsOf(
  tokens: Tokens,
  windows: readonly Window[],
  measured: readonly MeasuredWindow[],
  { measurement, deltas, labels }: GradientOptions,
): Gradients {
  /** With its label behind it, where there is one. */
  const whole = windows.map(({ ids }, w) => {
    const label = measured[w]!.label;
    return label === undefined || labels === undefined ? [...ids] : [...ids, labels[label]!];
  });
  return {
    key: tokens.key,
    id: tokens.id,
    url: tokens.url,
    text: tokens.text,
    ids: Int32Array.from(whole.flat()),
    lengths: Int32Array.from(whole, ({ length }) => length),
    tokens: Int32Array.from(windows, (window) => window.tokens),
    measurement,
    deltas: deltas.join(','),
    loss: Float64Array.from(measured, ({ loss }) => loss),
    gradientNorm: Float64Array.from(measured, ({ gradientNorm }) => gradientNorm),
    alignment: joined(
      Float64Array,
      measured.map(({ alignment }) => alignment),
    ),
    lossTunedHead: joined(
      Float64Array,
      measured.map(({ lossTunedHead }) => lossTunedHead),
    ),
    tokenAlignment: joined(
      Float32Array,
      measured.map(({ tokenAlignment }) => tokenAlignment),
    ),
    sketch: joined(
      Float32Array,
      measured.map(({ sketch }) => sketch),
    ),
    ...provenanceOf(tokens),
    lossTuned: Float64Array.from(measured.flatMap(({ lossTuned }) => lossTuned ?? [])),
    labels: Int32Array.from(measured.flatMap(({ label }) => label ?? [])),
  };
}

function withReplay(
  gradients: Gradients,
  windows: readonly MeasuredWindow[],
  basis: Basis | undefined,
): WithReplay<Gradients> {
  const states = windows.flatMap((window) => window.states ?? []);
  if (basis === undefined || states.length < windows.length) return gradients;
  return { ...gradients, replay: replayRecord(gradients, states, basis) };
}

function joined<T extends Float32Array | Float64Array>(make: new (length: number) => T, parts: readonly T[]): T {
  const all = new make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
