/** The only file that knows which implementation stands behind a token. */
import 'reflect-metadata'; // tsyringe will not load without it; none of it is used
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import { documentCodec } from '../schemas/codec.ts';
import type { Gradients, Tokens } from '../schemas/types.ts';
import { deduplicate } from '../stages/deduplicate.ts';
import { score } from '../stages/score.ts';
import { select } from '../stages/select.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import { tokenize } from '../stages/tokenize.ts';
import { chain } from './chain.ts';
import type { ScanConfig } from './config.ts';
import type { Source, Stage } from './contract.ts';
import { embeddedTransport } from './embedded.ts';
import { leg } from './leg.ts';
import { openStore } from './store.ts';
import { seenMessage, selectionMessage } from './store-messages.ts';
import type { Target } from './target.ts';
import { LEG, SCAN, SOURCE, STORE, TRANSPORT } from './tokens.ts';

export interface Parts {
  readonly config: ScanConfig;
  readonly target: Target;
  readonly source: Source;
  /** The stage that holds a session; whoever opened it closes it. */
  readonly gradient: Stage<Tokens, Gradients>;
}

/** Everything is made when first asked for, and once. */
export function compose({ config, target, source, gradient }: Parts): DependencyContainer {
  const root = container.createChildContainer();
  const { delta, measurement, tokenizer, windows } = target;

  root.register(SOURCE, { useValue: source });
  root.register(STORE, {
    useFactory: instanceCachingFactory(() => openStore(config.store)),
  });
  root.register(SCAN, {
    useFactory: instanceCachingFactory((c) => c.resolve(STORE).scan(delta.id, { dedup: config.dedup })),
  });
  root.register(TRANSPORT, {
    useFactory: instanceCachingFactory((c) => embeddedTransport(c.resolve(SCAN))),
  });
  root.register(LEG, {
    useFactory: instanceCachingFactory((c) => {
      const store = c.resolve(STORE);
      const { seen } = c.resolve(SCAN);
      const stages = () =>
        chain(
          deduplicate(seen),
          tokenize(tokenizer, windows),
          gradient,
          score([delta]),
          select({
            keep: config.keep,
            deltas: [delta.id],
            best: (id) => store.top(id, config.keep),
            quantiles: () => undefined,
          }),
        );
      return leg(stages, {
        decode: documentCodec.decode,
        encode: (change) => [selectionMessage(change)],
        remember: seenMessage,
      });
    }),
  });
  void measurement;
  void sourceOf;
  return root;
}
