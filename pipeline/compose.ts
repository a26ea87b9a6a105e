/** The only file that knows which implementation stands behind a token. */
import 'reflect-metadata'; // tsyringe will not load without it; none of it is used
import { basename } from 'node:path';
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import { documentCodec, scoreCodec } from '../schemas/codec.ts';
import type { Document, Score } from '../schemas/types.ts';
import type { Rule } from '../stages/alert/rule.ts';
import { alert } from '../stages/alert.ts';
import type { NamedFilter } from '../stages/filters/filters.ts';
import { type Matched, match } from '../stages/match.ts';
import { score } from '../stages/score.ts';
import { type SavedSelection, type Selected, select } from '../stages/select.ts';
import { tokenize } from '../stages/tokenize.ts';
import { ruleState } from './alerts/rule-state.ts';
import type { ScanConfig } from './config/config.ts';
import type { Outgoing, Source, Stage } from './contract.ts';
import { bell } from './embedded/bell.ts';
import { embeddedTransport } from './embedded/embedded.ts';
import { type Admitting, admit, nearOf } from './legs/admit.ts';
import { type Chain, chain } from './legs/chain.ts';
import { leg } from './legs/leg.ts';
import { observed } from './legs/observed.ts';
import type { StageWatch } from './legs/timed.ts';
import { watched } from './legs/watched.ts';
import { SCORES, scoresFile } from './scan/scores-file.ts';
import { alertMessages, REPLAY, ruleMessage, selectionMessage } from './store/messages.ts';
import type { Settings } from './store/settings.ts';
import { openStore } from './store/store.ts';
import { measureOf } from './target/modes.ts';
import type { Target } from './target/target.ts';
import { CHANGED, LEG, SCAN, SINKS, STORE, TRANSPORT } from './tokens.ts';
import type { Spans } from './tracing/spans.ts';

export interface Parts {
  readonly config: ScanConfig;
  readonly target: Target;
  readonly source: Source;
  readonly filters: readonly NamedFilter[];
  /** What is told of; nothing where there are none. */
  readonly rules?: readonly Rule[];
  /** Seconds since 1970. */
  readonly clock?: () => number;
  /** Told of every batch that was scored, before it is committed. */
  readonly onScored: (scores: readonly Score[]) => void;
  /** Told how long batches take in each stage. */
  readonly stages?: StageWatch | undefined;
  readonly spans?: Spans | undefined;
}

/** Milliseconds after which documents of a source that waits, or is followed, are scored without more of them. */
const LINGER_MS = 1000;
const NO_SKETCH = new Float32Array();

/** Everything is made when first asked for, and once. */
export function compose({
  config,
  target,
  source,
  filters,
  rules = [],
  clock = () => 0,
  onScored,
  stages: watch,
  spans,
}: Parts): DependencyContainer {
  const root = container.createChildContainer();
  const { delta: own, tokenizer, windows, sketch } = target;
  const { scores } = config;

  root.register(STORE, {
    useFactory: instanceCachingFactory(() => openStore(config.store)),
  });
  root.register(SCAN, {
    useFactory: instanceCachingFactory((c) => c.resolve(STORE).scan(own.id, settingsOf(config))),
  });
  root.register(SINKS, {
    useFactory: instanceCachingFactory((c) => (scores === undefined ? [] : [scoresFile(scores, c.resolve(SCAN))])),
  });
  root.register(CHANGED, { useFactory: instanceCachingFactory(() => bell()) });
  root.register(TRANSPORT, {
    useFactory: instanceCachingFactory((c) =>
      embeddedTransport(c.resolve(SCAN), {
        changed: c.resolve(CHANGED),
        sinks: c.resolve(SINKS),
        ...(source.waits === true || config.follow === true ? { lingerMs: LINGER_MS } : {}),
      }),
    ),
  });
  root.register(LEG, {
    useFactory: instanceCachingFactory((c) => {
      const store = c.resolve(STORE);
      const { seen, signatures } = c.resolve(SCAN);
      const near = nearOf(config, signatures);
      const saved: SavedSelection = {
        best: (id) => store.members(id, 'top'),
        pool: (id) => store.members(id, 'pool'),
        other: store.members,
        state: store.state,
      };
      const pool = sketch === undefined ? undefined : { size: config.pool, width: sketch.definition.width };
      const saving = { rules, clock, saved: (name: string) => ruleState(store, name) };
      const { keep } = config;
      const rankBy = measureOf(config);
      return (gradient, deltas) => {
        let admitting: Admitting;
        const told = <In, Out>(stage: Stage<In, Out>) => watched(stage, { watch, spans });
        // seen-set and selection run ahead of the store: a batch that comes again finds them made anew
        const stages = (): Chain<Document, Selected & Partial<Matched>> => {
          admitting = admit({ seen, filters, near });
          const admitted = admitting.stages.map(told);
          const tokens = tokenize(tokenizer, windows);
          const scored = observed(score(deltas, { rankBy, labels: target.classifier?.words }), onScored);
          const selected = select({ deltas, keep, pool, others: config.pool }, saved);
          return rules.length === 0
            ? chain(...admitted, told(tokens), told(gradient), told(scored), told(selected))
            : chain(
                ...admitted,
                told(tokens),
                told(gradient),
                told(scored),
                told(selected),
                told(match<Selected>(saving)),
                told(alert<Selected & Matched>(saving)),
              );
        };
        return leg(stages, {
          decode: documentCodec.decode,
          encode: messagesOf,
          remember: (key) => admitting.remember(key),
          describe: (document) => document,
        });
      };
    }),
  });
  return root;

  /** The file of scores holds those of the scan's own delta. */
  function messagesOf({
    score: scored,
    changes,
    alerts = [],
    states = [],
  }: Selected & Partial<Matched>): readonly Outgoing[] {
    const { key, replay } = scored;
    const line = () => ({
      topic: SCORES,
      key,
      value: scoreCodec.encode({ ...scored, sketch: NO_SKETCH }),
      headers: {},
    });
    return [
      ...(scores === undefined || scored.delta !== own.id ? [] : [line()]),
      ...changes.map(selectionMessage),
      ...alerts.flatMap(alertMessages),
      ...states.map(ruleMessage),
      ...(replay === undefined ? [] : [{ topic: REPLAY, key, value: replay, headers: {} }]),
    ];
  }
}

/** What has to be the same whenever the scan goes on. */
function settingsOf({ dedup, scores, pool, filters, nearDuplicates, nearDuplicateThreshold }: ScanConfig): Settings {
  const file = scores === undefined ? 'none' : basename(scores);
  return {
    dedup,
    pool,
    scores: file,
    ...(filters.length === 0 ? {} : { filters: JSON.stringify(filters) }),
    ...(nearDuplicates === 'keep' ? {} : { 'near-duplicates from': nearDuplicateThreshold }),
  };
}
