/** What of a scan's config says how documents are measured: by which models, where, and what is predicted. */
import { readFileSync, statSync } from 'node:fs';
import type { Adapter } from '../../stages/checkpoint/adapter.ts';
import type { Checkpoint } from '../../stages/checkpoint/checkpoint.ts';
import type { Tokenizer } from '../../stages/checkpoint/tokenizer.ts';
import type { Layers } from '../../stages/checkpoint/tuning.ts';
import { type Classification, classificationOf, PLACE } from '../../stages/classification.ts';
import type { Body } from '../../stages/graph/families.ts';
import { type Point, pointOf } from '../../stages/graph/point.ts';
import { type OpenedTunedModel, openTunedModel } from '../../stages/graph/tuned-model.ts';
import { type Measure, needsTunedModel } from '../../stages/measure.ts';
import { ConfigError } from '../error.ts';
import type { TargetConfig } from './target.ts';

/** @throws ConfigError for a point given twice, or points that the layers do not have */
export function pointsOf({ at }: TargetConfig, layers: Layers): readonly Point[] {
  const points = at.map((text) => pointOf(String(text))!);
  const twice = points.find((point, i) => points.indexOf(point) !== i);
  if (twice !== undefined) throw new ConfigError(`--at ${at}: ${twice} is there twice; a mean counts each point once`);
  const [only, ...more] = points;
  if (layers !== 'head' && (more.length > 0 || typeof only === 'number')) {
    throw new ConfigError(
      `--at ${at}: the gradient of --layers ${layers} is taken at base or at tuned; expected one of them`,
    );
  }
  return points;
}

/** Undefined where nothing asks for it. */
export async function tunedModelOf(
  { at, task, tunedModel, rankBy, onnx, window }: TargetConfig,
  base: Checkpoint,
  body: Body,
  tuned: Checkpoint | Adapter,
  signal: AbortSignal,
): Promise<OpenedTunedModel | undefined> {
  const why =
    (tunedModel === true && '--tuned-model') ||
    (task === 'classification' && '--task classification') ||
    (at.includes('tuned') && '--at tuned') ||
    (rankBy !== 'auto' && needsTunedModel(rankBy) && `--rank-by ${rankBy}`);
  if (why === false) return undefined;
  if (onnx !== undefined) {
    throw new ConfigError(
      `${why} runs the whole tuned model, and --onnx ${onnx} is the body of the base alone: leave one of them out`,
    );
  }
  const opened = await openTunedModel(base, body, tuned, signal);
  const { positions } = opened.model.body;
  if (positions === undefined || window <= positions) return opened;
  throw new ConfigError(
    `--window ${window}: ${tuned.ref} has ${positions} positions; expected a window of at most ${positions}`,
  );
}

/** Of the settings, what says which measure ranks. */
export type Ranking = Pick<TargetConfig, 'rankBy' | 'positions' | 'task'> & {
  readonly keepReplay?: string | undefined;
};

/**
 * What documents are ranked by. One token alone is always of one mind: where no more are scored, its cosine says more. And replay records
 * tell a sum of tokens better than each of them.
 */
export function measureOf({ rankBy, positions, task, keepReplay }: Ranking): Measure {
  if (rankBy !== 'auto') return rankBy;
  return positions === 'last' || task === 'classification' || keepReplay !== undefined ? 'cosine' : 'consistency';
}

/**
 * Undefined where a language model is measured.
 * @throws ConfigError where a classifier's settings are missing, or given for a language model
 */
export function classifierOf(config: TargetConfig, tokenizer: Tokenizer): Classification | undefined {
  const { task, template, labels, labelLoss, maxWindows, stride } = config;
  if (task === 'language-modelling') {
    const given = template !== undefined ? '--template' : labels !== undefined ? '--labels' : undefined;
    if (given === undefined) return undefined;
    throw new ConfigError(`${given} is of a classifier: expected --task classification beside it`);
  }
  if (template === undefined || labels === undefined) {
    const missing = template === undefined ? '--template' : '--labels';
    throw new ConfigError(
      `--task classification: ${missing} is missing; expected the prompt and the label words of the classifier`,
    );
  }
  if (maxWindows !== 1 || stride !== undefined) {
    throw new ConfigError('--task classification asks once for a document: expected --max-windows 1 and no --stride');
  }
  return classificationOf({ template: templateOf(template), labels, labelLoss }, tokenizer);
}

/** A text with a place for the document, or the file that holds one. */
function templateOf(template: string): string {
  if (template.includes(PLACE)) return template;
  if (statSync(template, { throwIfNoEntry: false })?.isFile()) return readFileSync(template, 'utf8');
  throw new ConfigError(`--template ${template}: expected a text with ${PLACE} in it, or a file that holds one`);
}
