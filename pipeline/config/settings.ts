/**
 * Every setting there is. A setting is a flag of the commands that take it (`maxWindows` is `--max-windows`) and a key of
 * the YAML file; docs/cli.md and the errors are derived from what stands here.
 */
import { z } from 'zod';
import { LAYERS } from '../../stages/checkpoint/tuning.ts';
import { LABEL_LOSSES } from '../../stages/classification.ts';
import { filterSpec } from '../../stages/filters/filters.ts';
import { pointOf } from '../../stages/graph/point.ts';
import { PROVIDERS } from '../../stages/graph/providers.ts';
import { PRECISIONS } from '../../stages/graph/quantize.ts';
import { MEASURE_NAMES } from '../../stages/measure.ts';
import { alertSettings } from './alerts.ts';
import { BYTE_SIZE } from './byte-size.ts';
import { duration } from './duration.ts';
import { kafkaSettings } from './kafka.ts';

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
const STRATEGIES = [
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
    .enum(['auto', ...MEASURE_NAMES])
    .default('auto')
    .describe(
      'what documents are ranked by; auto is the consistency, or the cosine where a window has one scored token or replay records are kept; a likelihood that is not of the head runs the whole tuned model',
    ),
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
  keepRejects: z.string().regex(BYTE_SIZE, 'a size like 500MB or 20GB').default('1GB').meta({
    description: 'bytes of rejected records that are kept; above this size the oldest go, and stay counted',
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
  serveCheckpoints: z.array(z.string().min(1)).default([]).meta({
    description:
      'what may be added as a delta over the API and on the page, comma-separated: folders that checkpoints lie in, and beginnings as hf:ORG or https://HOST/PATH; nothing by default',
    placeholder: 'ROOT',
  }),
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
    .enum(['auto', ...STRATEGIES])
    .default('auto')
    .describe(
      'auto is topk, and of a classifier p_max, the same number of each label; greedy adds what raises cos(S, D) most; topk and bottomk go by the cosine, topk_balanced too, the same number of each label; p_max and p_min go by the loss under the tuned model, or its head where that alone ran',
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
