/** What each command takes of the settings, and what it makes of them. */
import { z } from 'zod';
import { PLACE } from './kafka.ts';
import { settings } from './settings.ts';

type Settings = typeof settings;

function take<const Names extends readonly (keyof Settings)[]>(names: Names) {
  return z.strictObject(
    Object.fromEntries(names.map((name) => [name, settings[name]])) as Pick<Settings, Names[number]>,
  );
}

export const deltaConfig = take(['base', 'tuned', 'tokens', 'offline']);
/** Of the crawl's documents, rather than of those that a set is picked from. */
const admitted = settings.nearDuplicates
  .unwrap()
  .default('keep')
  .describe('documents that say nearly what one before them says: drop leaves them out');

export const scanConfig = take([
  ...(['base', 'tuned', 'source', 'store'] as const),
  ...(['bos', 'window', 'stride', 'maxWindows', 'positions', 'layers'] as const),
  ...(['at', 'tunedModel', 'rankBy', 'task', 'template', 'labels', 'labelLoss'] as const),
  ...([
    'keep',
    'pool',
    'sketchWidth',
    'onnx',
    'scores',
    'keepReplay',
    'keepRejects',
    'metrics',
    'serve',
    'serveHost',
    'serveCheckpoints',
    'alerts',
    'sinks',
    'digestSeconds',
    'threads',
    'limit',
    'follow',
    'followEvery',
    'dedup',
    'filters',
    'provider',
    'precision',
    'offline',
  ] as const),
  'nearDuplicateThreshold',
]).extend({ nearDuplicates: admitted });
export const topConfig = take(['store', 'delta', 'k', 'format']).extend({
  live: z
    .boolean()
    .optional()
    .describe('draw it anew as a scan goes on, until q; where there is no terminal, a line now and then'),
});
export const selectConfig = take([
  ...(['store', 'delta', 'strategy', 'n', 'perClass', 'maxPerHost', 'nearDuplicates', 'exactMemory'] as const),
  ...(['format', 'threads', 'provider', 'offline'] as const),
]).extend({ base: settings.base.optional() });
const studied = take(['store', 'delta', 'truth', 'seed', 'threads', 'provider', 'offline']).extend({
  base: settings.base.optional(),
  seeds: z.int().min(2).default(10).describe('draws, each with a seed of its own'),
});
const retrained = {
  epochs: z.int().min(1).optional().describe('passes over the picked documents; 3, or 30 of a classifier'),
  rate: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'step of Adam; .001, or .01 of a classifier', placeholder: 'RATE' }),
  batch: z.int().min(1).optional().describe('documents to a step; 16'),
} as const;
export const evaluateConfig = take(['truth', 'seed', 'resamples', 'delta', 'threads', 'provider', 'offline']).extend({
  scores: z.string().min(1).optional().meta({ description: "the scan's --scores", placeholder: 'FILE.jsonl' }),
  store: settings.store
    .optional()
    .describe('in place of --scores, a store that holds all documents: picks are measured too'),
  source: settings.source.optional().describe('with --scores the crawl again, for BM25 on its texts'),
  n: z
    .int()
    .min(1)
    .optional()
    .describe('documents to find or to pick; by default all that are true, or with --store half of them'),
  draws: z.int().min(2).default(5).describe('draws of the documents held out, over which picks are measured'),
  ...retrained,
  encoder: z.string().min(1).optional().meta({
    description:
      "text encoder for the distance, with its tokenizer.json beside it; by default the base's own hidden states",
    placeholder: 'FILE.onnx',
  }),
  report: z.string().min(1).optional().meta({ description: 'write a page with plots', placeholder: 'FILE.html' }),
  base: settings.base.optional(),
});
export const strategiesConfig = studied.extend({ ...retrained, n: settings.n });
const counts = (description: string, standard: readonly number[]) =>
  z
    .array(z.coerce.number().int().min(1))
    .min(1)
    .default([...standard])
    .meta({ description, placeholder: 'N,...' });
export const sizeConfig = studied.extend({
  ...retrained,
  sizes: counts('documents picked', [10, 25, 50, 100]),
});
export const leakageConfig = strategiesConfig;
export const widthConfig = studied.omit({ seeds: true }).extend({
  n: settings.n.default(50),
  documents: z.int().min(2).default(250).describe('documents drawn; their gradients are all held in memory'),
  widths: z
    .array(
      z.coerce
        .number()
        .refine((width) => [...Array(13)].some((_, i) => 2 ** (i + 4) === width), 'a power of 2 from 16 to 65,536'),
    )
    .min(1)
    .default([512, 1024, 4096, 16_384, 65_536])
    .meta({ description: 'numbers of a sketch: powers of 2, at most 65,536', placeholder: 'K,...' }),
});
export const optimizerConfig = take(['truth', 'seed', 'resamples']).extend({
  stores: z.array(z.string().min(1)).min(2).meta({
    description: 'stores of tunings on the same data, each with one delta that holds all of its documents',
    placeholder: 'DIR,DIR,...',
  }),
});
export const rankingConfig = z.strictObject({
  stores: z.array(z.string().min(1)).min(3).meta({
    description: 'stores of pairs whose tuning data is known, each with one delta that holds all of its documents',
    placeholder: 'DIR,DIR,...',
  }),
  truths: z.array(z.string().min(1)).min(3).meta({
    description: 'the tuning data of each, in the order of the stores: JSON lines of {id}',
    placeholder: 'FILE,FILE,...',
  }),
});
export type SizeConfig = z.infer<typeof sizeConfig>;
export type WidthConfig = z.infer<typeof widthConfig>;
export type StrategiesConfig = z.infer<typeof strategiesConfig>;
export const mixtureConfig = take([
  ...(['store', 'delta', 'seed', 'resamples', 'exactMemory', 'threads', 'provider', 'offline'] as const),
]).extend({
  base: settings.base.optional(),
  by: z.enum(['host', 'language', 'label']).default('host').describe('what makes a group, where none are given'),
  groups: z.string().min(1).optional().meta({
    description: 'JSON lines with id and group: groups of your own; documents not named there are others',
    placeholder: 'FILE.jsonl',
  }),
});
export type MixtureConfig = z.infer<typeof mixtureConfig>;
export const liveConfig = take(['store', 'delta']).extend({
  since: z.int().min(0).optional().describe('list the exchanges after this one; the last 256 are kept'),
});
export type LiveConfig = z.infer<typeof liveConfig>;
const cluster = ['brokers', 'prefix', 'tls', 'tlsCa', 'sasl'] as const;
const wire = ['wire', 'registry'] as const;
const storeOrCluster = {
  store: settings.store.optional().describe('folder of the store; without it those of a cluster'),
};
export const addDeltaConfig = take([...cluster, ...wire, 'tuned', 'beside', 'offline']).extend(storeOrCluster);
export const listDeltasConfig = take([...cluster, ...wire]).extend(storeOrCluster);
export const oneDeltaConfig = take([...cluster, ...wire]).extend({
  ...storeOrCluster,
  id: z.string().min(1).meta({ description: 'id of a delta, or enough of its beginning', placeholder: 'ID' }),
});
export const replayConfig = take([
  ...(['store', 'delta', 'exact', 'threads', 'provider', 'offline'] as const),
  ...(['prefix', 'tls', 'tlsCa', 'sasl', 'registry'] as const),
]).extend({
  brokers: settings.brokers
    .unwrap()
    .optional()
    .describe(
      'read the records of this cluster, into a store that was gathered from it, rather than those of the store',
    ),
});
/** Of a cluster, where no store is named. */
const oneOf = {
  store: settings.store.optional(),
  brokers: settings.brokers.unwrap().optional().describe('in place of --store, some of the brokers of a cluster'),
};
export const listAlertsConfig = take(['k', ...cluster, 'registry']).extend({
  ...oneOf,
  rule: z.string().min(1).optional().meta({ description: 'only those of this rule', placeholder: 'RULE' }),
});
export const testAlertConfig = take(['alerts', 'sinks']).extend({
  rule: z.string().min(1).meta({ description: 'rule to send a sample of', placeholder: 'RULE' }),
});
export const simulateAlertsConfig = take(['store', 'alerts', 'sinks']).extend({
  since: z.iso
    .datetime({ offset: true })
    .or(z.iso.date())
    .optional()
    .meta({ description: 'only documents fetched then or later (2026-01-31)', placeholder: 'DATE' }),
});
export const statusConfig = take([...cluster, 'registry', 'legs', 'alerts', 'sinks']).extend({
  ...oneOf,
  nearDuplicates: admitted,
});
export const notifyConfig = take(['store', 'alerts', 'sinks', 'digestSeconds']);
export const showConfig = take(['id', 'store', 'delta', 'origin', 'bytes']).extend({
  source: settings.source.optional().describe('for --origin: the crawl, where its name does not say how to open it'),
});
export const rejectsConfig = take(['store', 'code']);
export const dropsConfig = take(['store', 'reason']);
export const listSourcesConfig = take([]);
export const checkSourceConfig = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe('source to try, as kind:rest (jsonl:PATH) or module:rest (./crawl.ts:REST, ./crawl:REST)'),
});
export const newSourceConfig = z.strictObject({
  name: z
    .string()
    .min(1)
    .describe('its name, and that of its folder: lower-case letters and digits, hyphens between words'),
});
export const doctorConfig = take([]);
export const topicsConfig = take([...cluster, ...wire, 'partitions', 'replicas', 'keepReplay']);
export const deleteTopicsConfig = take([...cluster, 'partitions', 'replicas', 'yes']);
export const createTopicsConfig = take([
  ...cluster,
  ...wire,
  'partitions',
  'replicas',
  'apply',
  'register',
  'keepReplay',
]);
export const lagConfig = take([...cluster, 'legs', 'alerts', 'sinks']).extend({ nearDuplicates: admitted });
export const tapConfig = take([...cluster, 'registry']).extend({
  topic: z.string().min(1).meta({ description: 'topic, named without the prefix', placeholder: 'TOPIC' }),
  store: settings.store.optional().describe('tap a store rather than a cluster'),
  limit: z.int().min(1).optional().describe('messages to show, the newest; 20 where left out, or with --follow no end'),
  follow: z.boolean().optional().describe('show what comes from now on, until told to stop'),
  key: z.string().min(1).optional().meta({ description: 'only messages of this key', placeholder: 'KEY' }),
  match: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'only messages that hold this in the key, a header or the value', placeholder: 'TEXT' }),
  poison: z.boolean().optional().describe('only what cannot be decoded'),
});
export type TapConfig = z.infer<typeof tapConfig>;
export const topologyConfig = take(['prefix', 'legs', 'alerts', 'sinks']).extend({ nearDuplicates: admitted });
const deadQuery = ['code', 'stage', 'topic', 'since'] as const;
export const listDeadConfig = take([...cluster, ...deadQuery, 'limitDead']);
export const showDeadConfig = take([...cluster]).extend({
  place: z
    .string()
    .regex(PLACE, 'PARTITION/OFFSET')
    .describe('partition and offset of the letter, as `dead list` has them'),
});
export const replayDeadConfig = take([...cluster, ...deadQuery, 'places', 'dryRun']);
export const crawlConfig = take([...cluster, ...wire, 'source', 'metrics', 'follow', 'followEvery', 'dedup', 'limit']);
const scoring = take([
  ...cluster,
  ...wire,
  ...(['legs', 'alerts', 'sinks', 'digestSeconds', 'metrics'] as const),
  ...(['base', 'tuned', 'bos', 'window', 'stride', 'maxWindows', 'positions', 'layers'] as const),
  ...(['at', 'tunedModel', 'rankBy', 'task', 'template', 'labels', 'labelLoss'] as const),
  ...(['keep', 'pool', 'sketchWidth', 'onnx', 'threads', 'provider', 'precision', 'offline'] as const),
  'filters',
  'keepReplay',
  'nearDuplicateThreshold',
]).extend({ nearDuplicates: admitted });
/** Legs of alerts have no need of checkpoints. */
export const workerConfig = scoring.extend({ base: settings.base.optional(), tuned: settings.tuned.optional() });

export const devConfig = scoring
  .omit({ brokers: true, tls: true, tlsCa: true, sasl: true, wire: true, registry: true, metrics: true })
  .extend({
    ...take(['source', 'follow', 'followEvery', 'dedup', 'limit', 'partitions', 'port', 'devDir', 'wipe', 'leave'])
      .shape,
    store: settings.store.optional(),
  });
export type DevConfig = z.infer<typeof devConfig>;

export type DeltaConfig = z.infer<typeof deltaConfig>;
export type ScanConfig = z.infer<typeof scanConfig>;
export type TopConfig = z.infer<typeof topConfig>;
export type SelectConfig = z.infer<typeof selectConfig>;
export type ReplayConfig = z.infer<typeof replayConfig>;
export type EvaluateConfig = z.infer<typeof evaluateConfig>;
export type ShowConfig = z.infer<typeof showConfig>;
export type RejectsConfig = z.infer<typeof rejectsConfig>;
export type DoctorConfig = z.infer<typeof doctorConfig>;
export const gatherConfig = scoring
  .omit({
    legs: true,
    alerts: true,
    sinks: true,
    digestSeconds: true,
    metrics: true,
    filters: true,
    keepReplay: true,
    nearDuplicates: true,
    nearDuplicateThreshold: true,
  })
  .extend({ store: settings.store });
/** What a store that follows a cluster takes. */
const followConfig = gatherConfig.extend({
  ...take(['legs', 'alerts', 'sinks']).shape,
  nearDuplicates: admitted,
});
export type FollowConfig = z.infer<typeof followConfig>;
export const serveConfig = followConfig.extend({
  ...take(['serveHost', 'serveCheckpoints', 'metrics']).shape,
  base: settings.base.optional(),
  tuned: settings.tuned.optional(),
  brokers: settings.brokers
    .unwrap()
    .optional()
    .describe('follow a cluster, by some of its brokers: what its workers find comes into the store'),
  serve: z.string().min(1).default('8790').meta({
    description: 'where to listen; the host is the loopback by default',
    placeholder: '[HOST:]PORT',
  }),
});
export type GatherConfig = z.infer<typeof gatherConfig>;
export type TopicsConfig = z.infer<typeof topicsConfig>;
export type WorkerConfig = z.infer<typeof workerConfig>;
export type CrawlConfig = z.infer<typeof crawlConfig>;
