/** What a scan measures: two checkpoints and their delta, the base's body and tokenizer, and the measurement that names it all. */
import { type Adapter, openAdapter } from '../../stages/checkpoint/adapter.ts';
import { type Checkpoint, openCheckpoint, type TokenizerFiles } from '../../stages/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { type Measurement, measurement, tensorsHash } from '../../stages/checkpoint/measurement.ts';
import { type Tokenizer, tokenizerOf } from '../../stages/checkpoint/tokenizer.ts';
import { openTuning, type Tuning } from '../../stages/checkpoint/tuning.ts';
import type { Classification } from '../../stages/classification.ts';
import { customBody } from '../../stages/graph/custom.ts';
import { type Body, bodyOf } from '../../stages/graph/families.ts';
import type { TunedModel } from '../../stages/graph/model.ts';
import type { Point } from '../../stages/graph/point.ts';
import { type Sketch, sketch } from '../../stages/math/sketch.ts';
import { projectionName } from '../../stages/project.ts';
import { bosOf, type TokenizeOptions } from '../../stages/tokenize.ts';
import type { ScanConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { classifierOf, pointsOf, tunedModelOf } from './modes.ts';

export interface Sides {
  readonly base: Checkpoint;
  readonly tuned: Checkpoint | Adapter;
}

export interface Target {
  readonly base: Checkpoint;
  readonly delta: Tuning;
  readonly body: Body;
  readonly files: TokenizerFiles;
  readonly tokenizer: Tokenizer;
  readonly windows: TokenizeOptions;
  /** Where the gradient is taken. */
  readonly points: readonly Point[];
  /** The whole tuned model, where it runs. */
  readonly tuned: TunedModel | undefined;
  /** Of a classifier: its prompt and its labels. */
  readonly classifier: Classification | undefined;
  /** The map of every gradient to a sketch; undefined where no pool is kept. */
  readonly sketch: Sketch | undefined;
  readonly measurement: Measurement;
  /** What the user should know, each a sentence. */
  readonly notes: readonly string[];
}

/** What of a scan's config says what is measured. */
export type TargetConfig = Omit<
  ScanConfig,
  | 'source'
  | 'store'
  | 'scores'
  | 'keepRejects'
  | 'limit'
  | 'follow'
  | 'followEvery'
  | 'dedup'
  | 'filters'
  | 'nearDuplicates'
  | 'nearDuplicateThreshold'
  | 'serveHost'
  | 'serveCheckpoints'
  | 'alerts'
  | 'sinks'
  | 'digestSeconds'
>;
type SidesConfig = Pick<ScanConfig, 'base' | 'tuned' | 'offline'>;

/** What lies before and after; of weights nothing is read but an adapter's. */
export async function openSides(config: SidesConfig, environment: Environment, signal: AbortSignal): Promise<Sides> {
  const { cache, hub, token } = environment;
  const options = { cache, hub, token, offline: config.offline ?? environment.offline };
  const base = await openCheckpoint(config.base, options, signal);
  const adapter = await openAdapter(config.tuned, options, signal);
  return { base, tuned: adapter ?? (await openCheckpoint(config.tuned, options, signal)) };
}

/**
 * @throws CheckpointError where a checkpoint is refused, or the base has no tokenizer
 * @throws ConfigError where the windows do not fit the model or the tokenizer
 */
export async function openTarget(config: TargetConfig, environment: Environment, signal: AbortSignal): Promise<Target> {
  const { base, tuned } = await openSides(config, environment, signal);
  const custom = config.onnx === undefined ? undefined : await customBody(config.onnx, base, signal);
  const body = custom ?? bodyOf(base);
  if (custom !== undefined && config.precision !== 'float32') {
    throw new ConfigError(`--precision ${config.precision}: a body given as --onnx keeps its own; expected float32`);
  }
  if (body.positions !== undefined && config.window > body.positions) {
    throw new ConfigError(
      `--window ${config.window}: ${base.ref} has ${body.positions} positions; expected a window of at most ${body.positions}`,
    );
  }
  const delta = await openTuning(base, tuned, { layers: config.layers, lastMlp: body.lastMlp }, signal);
  const { layers } = delta;
  const points = pointsOf(config, layers);
  const model = await tunedModelOf(config, base, body, tuned, signal);
  const { files, tokenizer } = await openTokenizer(base, signal);
  const classifier = classifierOf(config, tokenizer);
  const windows = { ...windowsOf(config, base), prompt: classifier?.prompt };
  const before = bosOf(tokenizer, windows);
  const map = config.pool === 0 || layers !== 'head' ? undefined : sketchOf(config, base);
  return {
    base,
    delta,
    body,
    files,
    tokenizer,
    windows,
    points,
    tuned: model?.model,
    classifier,
    sketch: map,
    measurement: measurement({
      base: await modelHash(base, body, custom?.sha256, signal),
      tokenizer: tokenizer.hash,
      window: config.window,
      stride: config.stride ?? config.window - before.length,
      maxWindows: config.maxWindows,
      bos: before.join(','),
      positions: config.positions,
      at: points.join(),
      layers,
      precision: config.precision,
      projection: map === undefined ? 'none' : projectionName(map),
      task: taskOf(classifier),
      delta: points.join() === 'base' && classifier === undefined ? undefined : delta.id,
      tuned: model?.hash,
    }),
    notes: [
      ...delta.notes,
      ...tokenizer.notes,
      ...(classifier?.notes ?? []),
      ...(map === undefined && config.pool > 0 ? [`no pool is kept: sketches are of the head's gradient`] : []),
    ],
  };
}

/** Everything that decides on a label and its loss. */
function taskOf(classifier: Classification | undefined): string | undefined {
  if (classifier === undefined) return undefined;
  const { prompt, tokens, labelLoss } = classifier;
  return JSON.stringify({ before: [...prompt.before], after: [...prompt.after], labels: tokens, loss: labelLoss });
}

/** Of all the tensors that say what the base computes; a body of the user's own is named by its file. */
async function modelHash(
  base: Checkpoint,
  body: Body,
  custom: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const tensors = await tensorsHash(base, [...body.tensors, base.head.name], signal);
  return custom === undefined ? tensors : `${tensors}+${custom}`;
}

export async function openTokenizer(
  base: Checkpoint,
  signal: AbortSignal,
): Promise<{ readonly files: TokenizerFiles; readonly tokenizer: Tokenizer }> {
  const files = await base.tokenizer(signal);
  if (files === undefined)
    throw new CheckpointError(`${base.ref}: has no tokenizer.json; the base must bring its tokenizer`);
  return { files, tokenizer: tokenizerOf(files, `tokenizer.json of ${base.ref}`) };
}

function windowsOf({ bos, window, stride, maxWindows }: TargetConfig, { config }: Checkpoint): TokenizeOptions {
  const id = config['bos_token_id'];
  return { bos, bosId: typeof id === 'number' ? id : undefined, window, stride, maxWindows };
}

/** The seed is fixed: sketches of different scans of one base can be compared. */
function sketchOf({ sketchWidth }: TargetConfig, { head }: Checkpoint): Sketch {
  const [vocabulary = 0, hidden = 0] = head.shape;
  return sketch({ kind: 'bucket', seed: 0, width: sketchWidth, vocabulary, hidden });
}
