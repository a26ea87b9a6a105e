/** Runs the tiny model through the real session and holds what comes out against the twin. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { gradient } from '../../stages/gradient.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { gradientModel } from '../../stages/graph/model.ts';
import type { Provider } from '../../stages/graph/providers.ts';
import { openSession } from '../../stages/graph/session.ts';
import { Drop, Reject } from '../contract.ts';
import { TINY, type TinyModel, tinyModel, tuned, writeCheckpoint } from './tiny-model.ts';
import { twin } from './twin.ts';

/** Largest relative error of a number that is right: float32 over sums of a few hundred terms, and what GPUs add to it. */
export const TOLERANCE = 1e-4;

/** Relative errors; the alignment's is relative to |G||D|, as an error of the score. */
export interface Errors {
  readonly loss: number;
  readonly lossTunedHead: number;
  readonly gradientNorm: number;
  readonly score: number;
}

/** @throws Error where the provider cannot run the model here; the message says why */
export async function selfCheck(provider: Provider, signal: AbortSignal): Promise<Errors> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'deltasift-doctor-')));
  try {
    const base = tinyModel(1);
    const moved = tuned(base, 2);
    const ids = Array.from({ length: TINY.positions }, (_, t) => (29 * t + 3) % TINY.vocabulary);
    const truth = twin(base, moved, ids);
    const measured = await measure(folder, base, moved, ids, provider, signal);
    const relative = (actual: number, expected: number, scale = expected) => Math.abs((actual - expected) / scale);
    return {
      loss: relative(measured.loss[0]!, truth.loss),
      lossTunedHead: relative(measured.lossTunedHead[0]!, truth.lossTunedHead),
      gradientNorm: relative(measured.gradientNorm[0]!, truth.gradientNorm),
      score: relative(measured.alignment[0]!, truth.alignment, truth.gradientNorm * truth.deltaNorm),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  folder: string,
  base: TinyModel,
  moved: TinyModel,
  ids: readonly number[],
  provider: Provider,
  signal: AbortSignal,
) {
  const open = async (name: string, model: TinyModel) => {
    const home = join(folder, name);
    mkdirSync(home);
    writeCheckpoint(home, model);
    return openCheckpoint(home, { cache: folder, offline: true }, signal);
  };
  const checkpoint = await open('base', base);
  const other = await open('tuned', moved);
  const body = bodyOf(checkpoint);
  const weights = await checkpoint.local([...body.tensors, checkpoint.head.name]);
  const tunedHead = (await other.local([other.head.name])).get(other.head.name)!;
  const model = gradientModel(
    { body, weights },
    {
      base: weights.get(checkpoint.head.name)!,
      deltas: [{ kind: 'full', tuned: tunedHead, shared: TINY.vocabulary }],
      norm: true,
      lossTunedHead: true,
    },
  );
  const session = await openSession({ model, providers: [provider], threads: 1 });
  const stage = gradient({
    session,
    measurement: '',
    deltas: [''],
    vocabulary: TINY.vocabulary,
    positions: 'all',
    tokenBudget: TINY.positions,
  });
  try {
    const document = { key: '', id: '', url: null, text: '', ...NO_PROVENANCE };
    const windows = { ids: Int32Array.from(ids), lengths: Int32Array.of(ids.length), firsts: Int32Array.of(1) };
    const [outcome] = await stage.process([{ ...document, ...windows }], signal);
    if (outcome instanceof Reject || outcome instanceof Drop)
      throw new Error(`the self-check's document: ${outcome.reason}`);
    return outcome![0]!;
  } finally {
    await stage.close?.();
  }
}
