/**
 * Every setting there is. A setting is a flag of the commands that take it (`maxWindows` is `--max-windows`) and a key of
 * the YAML file; docs/cli.md and the errors are derived from what stands here.
 */
import { z } from 'zod';
import { LAYERS } from '../stages/checkpoint/tuning.ts';
import { LABEL_LOSSES } from '../stages/classification.ts';
import { filterSpec } from '../stages/filters/filters.ts';
import { pointOf } from '../stages/graph/point.ts';
import { PROVIDERS } from '../stages/graph/providers.ts';
import { PRECISIONS } from '../stages/graph/quantize.ts';
import { MEASURE_NAMES } from '../stages/measure.ts';
import { alertSettings } from './alert-config.ts';
import { BYTE_SIZE } from './byte-size.ts';
import { duration } from './duration.ts';
import { kafkaSettings, PLACE } from './kafka-config.ts';

/** `placeholder`: what stands for the value in the help. */
declare module 'zod' {
  interface GlobalMeta {
    placeholder?: string;
  }
}

const reference = (side: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${side}: a folder, hf:org/model@revision or https://...`, placeholder: 'REF' });

/** The values of `at`, in words. */
const POINT =
  'base, the whole tuned model as tuned, or a number from 0 to 1, the way to the tuned head on the body of the base';

/** How a set is picked, by the names of arXiv 2506.15553. */
export const STRATEGIES = [
  'greedy',
  'greedy_batched',
  'topk',
  'topk_balanced',
  'bottomk',
  'p_max',
  'p_min',
  'random',
] as const;

export const settings = {
  base: reference('checkpoint before the tuning'),
  tuned: reference('checkpoint after the tuning'),
  source: z.union([z.string().min(1), z.record(z.string(), z.unknown())]).meta({
    description: 'crawl to read, as kind:rest (jsonl:PATH) or {kind: jsonl, ...its settings}',
    placeholder: 'SOURCE',
  }),
  store: z.string().min(1).meta({ description: 'folder that holds results and progress', placeholder: 'DIR' }),
  bos: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe("BOS token: auto adds what the tokenizer itself adds, always exactly the config's one, never none"),
  window: z.int().min(2).default(128).describe('tokens of a window, the BOS counted'),
  stride: z
    .int()
    .min(1)
    .optional()
    .describe('text tokens from one window to the next; by default those of a window; more leaves text out'),
  maxWindows: z.int().min(0).default(1).describe('windows of a document that are scored, from its start; 0 scores all'),
  positions: z
    .enum(['all', 'last'])
    .default('all')
    .describe('scored positions of a window: all but its first token, or its last one alone'),
  at: z
    .array(z.union([z.string(), z.number()]).refine((point) => pointOf(String(point)) !== undefined, POINT))
    .min(1)
    .default(['base'])
    .meta({ description: `where the gradient is taken, averaged over several: ${POINT}`, placeholder: 'POINT,...' }),
  tunedModel: z
    .boolean()
    .optional()
    .describe('run the whole tuned model too, for the loss under it: about twice the time'),
  rankBy: z
    .enum(MEASURE_NAMES)
    .default('cosine')
    .describe('what documents are ranked by; a likelihood that is not of the head runs the whole tuned model'),
  task: z
    .enum(['language-modelling', 'classification'])
    .default('language-modelling')
    .describe(
      'what is predicted: every next token, or the label that the tuned model answers to a prompt around the text',
    ),
  template: z.string().min(1).optional().meta({
    description: 'prompt of a classifier, {text} where the document goes; or a file with one',
    placeholder: 'TEXT|FILE',
  }),
  labels: z.array(z.string().min(1)).min(2).optional().meta({
    description: 'label words of a classifier as they follow the prompt, space included, comma-separated',
    placeholder: 'WORD,...',
  }),
  labelLoss: z
    .enum(LABEL_LOSSES)
    .default('labels')
    .describe("the softmax of a label's loss runs over the label words, or over the whole vocabulary"),
  layers: z
    .enum(LAYERS)
    .default('auto')
    .describe(
      "whose gradient is taken: the head's, that of the last block's MLP, or both; auto takes the head where tuning changed it, else the MLP",
    ),
  keep: z.int().min(1).default(10_000).describe('best documents kept in the store'),
  pool: z
    .int()
    .min(0)
    .default(1000)
    .describe('candidates kept by residual gain, with sketches, to pick a set from; 0 keeps none'),
  sketchWidth: z.int().min(16).default(4096).describe('numbers of a sketch'),
  onnx: z.string().min(1).optional().meta({
    description: "body of your own whose output is the last hidden state, in place of the base's",
    placeholder: 'FILE.onnx',
  }),
  keepReplay: z.string().regex(BYTE_SIZE, 'a size like 500MB or 20GB').optional().meta({
    description:
      'keep of each document what scores it against deltas that come later, 8 kB at most; above this size the oldest go',
    placeholder: 'SIZE',
  }),
  scores: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'write a line per scored document to this file', placeholder: 'FILE.jsonl' }),
  metrics: z.string().min(1).optional().meta({
    description: 'serve /metrics, /healthz and /readyz while it runs; the host is the loopback by default',
    placeholder: '[HOST:]PORT',
  }),
  serve: z.string().min(1).optional().meta({
    description: 'serve the API and the page while it runs; the host is the loopback by default',
    placeholder: '[HOST:]PORT',
  }),
  serveHost: z
    .array(z.string().regex(/^[\w.-]+$/, 'a host name'))
    .default([])
    .meta({ description: 'names the server goes by, besides IP addresses and localhost', placeholder: 'NAME' }),
  threads: z.int().min(1).optional().describe('threads of the model; by default one per core'),
  limit: z.int().min(1).optional().describe('stop after this many records of the source'),
  filters: z.array(filterSpec).default([]).meta({
    description:
      'rules that a document has to pass, in this order: c4, gopher-quality, gopher-repetition, language, or language:en+de to keep these',
    placeholder: 'FILTER,...',
  }),
  follow: z
    .boolean()
    .optional()
    .describe('go on looking for what is new in the source (files that came, changed or grew), until told to stop'),
  followEvery: duration.default('30s').meta({
    description: 'with --follow: from one look to the next, as 10s, 5m or 1h',
    placeholder: 'DURATION',
  }),
  dedup: z.enum(['on', 'off']).default('on').describe('score documents of equal text once'),
  provider: z
    .array(z.enum(PROVIDERS))
    .min(1)
    .default(['cpu'])
    .describe('execution providers in the order of preference, comma-separated'),
  precision: z
    .enum(PRECISIONS)
    .default('float32')
    .describe("products with the model's matrices: in float32, or faster on a CPU and near it, in int8"),
  offline: z.boolean().optional().describe('use cached files of the hub only'),
  tokens: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe("the tokens pushed up and down, for which the base's body runs: auto leaves them out where it is remote"),
  delta: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'delta id; needed where the store holds several', placeholder: 'ID' }),
  beside: z.string().min(1).optional().meta({
    description: 'delta whose scan the new one joins; needed where the store holds several scans',
    placeholder: 'ID',
  }),
  exact: z.int().min(0).default(200).describe('of the best estimates, so many are scored again, exactly, by the model'),
  k: z.int().min(1).optional().describe('documents to print; by default 20, or as many as are kept'),
  strategy: z
    .enum(STRATEGIES)
    .default('greedy')
    .describe(
      'greedy adds what raises cos(S, D) most; topk and bottomk go by score, topk_balanced too, the same number of each label; p_max and p_min go by the loss under the tuned head',
    ),
  n: z.int().min(1).default(100).describe('documents to pick'),
  perClass: z.boolean().optional().describe('the same number of documents of each label, as far as there are'),
  maxPerHost: z.int().min(1).optional().describe('documents of one host, at most'),
  nearDuplicates: z
    .enum(['drop', 'keep'])
    .default('drop')
    .describe('documents that share most stretches of five tokens'),
  nearDuplicateThreshold: z
    .number()
    .min(0.5)
    .max(0.99)
    .default(0.8)
    .describe('Jaccard index of the stretches of five words from which on two documents are near duplicates'),
  exactMemory: z
    .int()
    .min(0)
    .default(2_000_000_000)
    .describe(
      "bytes that the pool's gradients may take for exact products; above that, products come from wide sketches",
    ),
  truth: z.string().min(1).meta({
    description: 'JSON lines with the ids of the documents known to be tuning data',
    placeholder: 'FILE.jsonl',
  }),
  seed: z.int().min(0).default(0).describe('seed of all that is drawn'),
  resamples: z.int().min(20).default(200).describe('resamples of the documents for the intervals'),
  format: z.enum(['table', 'jsonl', 'csv', 'parquet']).default('table').describe('how to print them'),
  id: z.string().min(1).meta({ description: 'id of a document, or its key', placeholder: 'ID' }),
  origin: z.boolean().optional().describe('say where the document lies: file, byte offset, length'),
  bytes: z
    .boolean()
    .optional()
    .describe('print the record that the document came from, as it is there, and nothing else'),
  code: z.string().min(1).optional().meta({ description: 'only rejects of this code', placeholder: 'CODE' }),
  reason: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'only what was dropped for this reason', placeholder: 'REASON' }),
  ...alertSettings,
  ...kafkaSettings,
} as const;

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
    'metrics',
    'serve',
    'serveHost',
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
export const topConfig = take(['store', 'delta', 'k', 'format']);
export const selectConfig = take([
  ...(['store', 'delta', 'strategy', 'n', 'perClass', 'maxPerHost', 'nearDuplicates', 'exactMemory'] as const),
  ...(['format', 'threads', 'provider', 'offline'] as const),
]).extend({ base: settings.base.optional() });
const studied = take(['store', 'delta', 'truth', 'seed', 'threads', 'provider', 'offline']).extend({
  base: settings.base.optional(),
  seeds: z.int().min(2).default(10).describe('draws, each with a seed of its own'),
});
const retrained = {
  epochs: z.int().min(1).default(3).describe('passes over the picked documents'),
  rate: z.number().positive().default(0.001).meta({ description: 'step of Adam', placeholder: 'RATE' }),
  batch: z.int().min(1).default(16).describe('documents to a step'),
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
export const addDeltaConfig = take(['store', 'tuned', 'beside', 'offline']);
export const listDeltasConfig = take(['store']);
export const oneDeltaConfig = take(['store']).extend({
  id: z.string().min(1).meta({ description: 'id of a delta, or enough of its beginning', placeholder: 'ID' }),
});
export const replayConfig = take(['store', 'delta', 'exact', 'threads', 'provider', 'offline']);
export const listAlertsConfig = take(['store', 'k']).extend({
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
export const statusConfig = take(['store']);
export const notifyConfig = take(['store', 'alerts', 'sinks', 'digestSeconds']);
export const serveConfig = take(['store', 'serveHost']).extend({
  serve: z.string().min(1).default('8790').meta({
    description: 'where to listen; the host is the loopback by default',
    placeholder: '[HOST:]PORT',
  }),
});
export const showConfig = take(['id', 'store', 'delta', 'origin', 'bytes']).extend({
  source: settings.source.optional().describe('for --origin: the crawl, where its name does not say how to open it'),
});
export const rejectsConfig = take(['store', 'code']);
export const dropsConfig = take(['store', 'reason']);
export const listSourcesConfig = take([]);
export const checkSourceConfig = z.strictObject({
  source: z.string().min(1).describe('source to try, as kind:rest (jsonl:PATH) or module:rest (./crawl.ts:REST)'),
});
export const doctorConfig = take([]);
const cluster = ['brokers', 'prefix', 'tls', 'tlsCa', 'sasl'] as const;
const wire = ['wire', 'registry'] as const;
export const topicsConfig = take([...cluster, ...wire, 'partitions', 'replicas']);
export const deleteTopicsConfig = take([...cluster, 'partitions', 'replicas', 'yes']);
export const createTopicsConfig = take([...cluster, ...wire, 'partitions', 'replicas', 'apply', 'register']);
export const lagConfig = take([...cluster, 'legs']);
export const topologyConfig = take(['prefix', 'legs']);
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
export const workerConfig = take([
  ...cluster,
  ...wire,
  ...(['legs', 'metrics', 'base', 'tuned', 'bos', 'window', 'stride', 'maxWindows', 'positions', 'layers'] as const),
  ...(['at', 'tunedModel', 'rankBy', 'task', 'template', 'labels', 'labelLoss'] as const),
  ...(['keep', 'pool', 'sketchWidth', 'onnx', 'threads', 'provider', 'precision', 'offline'] as const),
  'filters',
  'nearDuplicateThreshold',
]).extend({ nearDuplicates: admitted });

export const devConfig = workerConfig
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
export const gatherConfig = workerConfig
  .omit({ legs: true, metrics: true, filters: true, nearDuplicates: true, nearDuplicateThreshold: true })
  .extend({ store: settings.store });
export type GatherConfig = z.infer<typeof gatherConfig>;
export type TopicsConfig = z.infer<typeof topicsConfig>;
export type WorkerConfig = z.infer<typeof workerConfig>;
export type CrawlConfig = z.infer<typeof crawlConfig>;
