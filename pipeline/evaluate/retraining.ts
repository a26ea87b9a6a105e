/** What a set of documents teaches: the head of the base trained on them, and how well it then predicts others. */
import { type CheckpointOptions, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { documentStates } from '../../stages/graph/document-states.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { headTrainer, type Positions } from '../../stages/graph/head-trainer.ts';
import type { ScoredWindow } from '../../stages/graph/matrix.ts';
import type { Provider } from '../../stages/graph/providers.ts';
import { joined, type Performance, performance, type RetrainOptions, retrain } from '../../stages/retrain.ts';

export interface Lesson extends ScoredWindow {
  readonly key: string;
}

export interface Retraining {
  /** Of the head as it is. */
  before(heldOut: readonly Lesson[]): Promise<Performance>;
  /** Of the head trained on the lessons. */
  after(lessons: readonly Lesson[], heldOut: readonly Lesson[], seed: number): Promise<Performance>;
  /** The sum of the documents' gradients by the head, at the base [V,d]. */
  sum(lessons: readonly Lesson[]): Promise<Float32Array>;
  /** Final hidden states of a document's scored positions; run once, then kept. */
  states(lesson: Lesson): Promise<Positions>;
  /** d */
  readonly width: number;
  close(): Promise<void>;
}

export interface RetrainingOptions extends Omit<RetrainOptions, 'seed'> {
  readonly base: string;
  readonly checkpoints: CheckpointOptions;
  /** Tokens of the longest window. */
  readonly window: number;
  readonly providers: readonly Provider[];
  readonly threads: number;
}

/** @throws CheckpointError where the base is refused */
export async function openRetraining(options: RetrainingOptions, signal: AbortSignal): Promise<Retraining> {
  const { window, providers, threads } = options;
  const base = await openCheckpoint(options.base, options.checkpoints, signal);
  const body = bodyOf(base);
  const weights = await base.local([...body.tensors, base.head.name], signal);
  const head = await base.read(base.head.name, [0, base.head.shape[0] ?? 0], signal);
  const trainer = await headTrainer(body.width, threads);
  const source = await documentStates({ body, weights, maxTokens: window }, { providers, threads });
  const known = new Map<string, Positions>();

  async function states(lesson: Lesson): Promise<Positions> {
    const found = known.get(lesson.key) ?? (await source.of(lesson));
    known.set(lesson.key, found);
    return found;
  }

  async function allStates(lessons: readonly Lesson[]): Promise<readonly Positions[]> {
    const all: Positions[] = [];
    for (const lesson of lessons) {
      signal.throwIfAborted();
      all.push(await states(lesson));
    }
    return all;
  }

  return {
    width: body.width,
    states,
    before: async (heldOut) => performance(head, await allStates(heldOut), trainer),

    async after(lessons, heldOut, seed) {
      const trained = await retrain(head, await allStates(lessons), { ...options, seed }, trainer, signal);
      return performance(trained, await allStates(heldOut), trainer);
    },

    async sum(lessons) {
      const all = await allStates(lessons);
      const weights = all.flatMap(({ targets }) => Array<number>(targets.length).fill(1 / targets.length));
      return trainer.gradient(head, joined(all), Float32Array.from(weights));
    },

    async close() {
      await source.close();
      await trainer.close();
    },
  };
}
