/** What a document takes on a cluster, and what follows for a million and a billion of them: tables of what bench/scale.ts measured. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { STEPS } from '../pipeline/topology.ts';
import { type Topic, topics } from '../schemas/topics.ts';
import { table } from './results.ts';

export const PAIRS = ['tiny', 'gpt2-small'] as const;
export type PairName = (typeof PAIRS)[number];

/** Of one process. */
export interface LegCost {
  /** CPU milliseconds a document, its start not counted; null where all of them were handled between two looks. */
  readonly cpuMs: number | null;
  /** The most memory it held, in MiB. */
  readonly memoryMiB: number;
}

export interface Measured {
  readonly documents: number;
  /** Of each document; a window of 128 tokens holds fewer. */
  readonly words: number;
  /** `crawl`, and every step as a leg of its own. */
  readonly legs: Readonly<Record<string, LegCost>>;
  readonly brokerCpuMs: number;
  /** By topic, a document. */
  readonly bytes: Readonly<Record<string, number>>;
  readonly machine: string;
}

export type MeasuredPairs = Readonly<Partial<Record<PairName, Measured>>>;

const MEASURED = new URL('scale.json', import.meta.url);

const NAMES: Readonly<Record<PairName, string>> = { tiny: 'small pair', 'gpt2-small': 'GPT-2 small' };
const COPIES = 3;
/** For `--legs tokenize,gradient+score+select` these stay empty. */
const BETWEEN: readonly string[] = ['sketches', 'scores'];
/** They hold what is kept, however many documents there are. */
const BOUNDED: readonly string[] = ['selection', 'cursors', 'rules'];
const [CORE_HOUR, GB_MONTH] = [0.04, 0.1];
const [HOUR_S, DAY_S, DAYS_IN_MONTH] = [3600, 86_400, 30];
/** Workers of so many cores are reckoned with below. */
const [WORKERS, CORES, LARGE_CORES] = [12, 8, 16];

export function readMeasured(): MeasuredPairs {
  return existsSync(MEASURED) ? JSON.parse(readFileSync(MEASURED, 'utf8')) : {};
}

export function writeMeasured(measured: MeasuredPairs): void {
  writeFileSync(MEASURED, `${JSON.stringify(measured, null, 2)}\n`);
}

/** Of each pair, and the sums for the larger one. */
export function tables(measured: MeasuredPairs): readonly string[] {
  const pairs = PAIRS.filter((name) => measured[name] !== undefined);
  const large = measured['gpt2-small'];
  return [
    ...measuredTables(measured, pairs),
    ...(large === undefined
      ? []
      : ['', '### A million, and a billion documents', '', ...totals(large, measured.tiny ?? large)]),
  ];
}

function measuredTables(measured: MeasuredPairs, pairs: readonly PairName[]): readonly string[] {
  const of = (name: PairName) => measured[name]!;
  const names = pairs.map((name) => NAMES[name]);
  const bytes = topics
    .filter(({ name }) => pairs.some((pair) => (of(pair).bytes[name] ?? 0) > 0))
    .map((topic) => [
      `\`${topic.name}\``,
      kept(topic),
      ...pairs.map((pair) => (of(pair).bytes[topic.name] ?? 0).toLocaleString('en-US')),
    ]);
  const legs = ['crawl', ...STEPS].map((leg) => [
    `\`${leg}\``,
    ...pairs.map((pair) => milliseconds(of(pair).legs[leg]!.cpuMs)),
    ...pairs.map((pair) => `${of(pair).legs[leg]!.memoryMiB} MiB`),
  ]);
  const broker = ['broker', ...pairs.map((pair) => `${of(pair).brokerCpuMs} ms`), ...pairs.map(() => '')];
  return [
    `${pairs.map((name) => `${of(name).documents.toLocaleString('en-US')} documents with the ${NAMES[name]}`).join(', ')}.`,
    '',
    ...table(['bytes a document', 'kept', ...names], bytes),
    '',
    ...table(
      ['', ...names.map((name) => `CPU, ${name}`), ...names.map((name) => `memory, ${name}`)],
      [...legs, broker],
    ),
    '',
    ...pairs.map((name) => `${NAMES[name]}: ${of(name).machine}`),
  ];
}

function kept({ cleanup }: Topic): string {
  return cleanup === 'compact' ? 'compacted' : `${cleanup.deleteAfterMs / 1000 / DAY_S} days`;
}

function milliseconds(cpuMs: number | null): string {
  return cpuMs === null ? '' : `${cpuMs} ms`;
}

/** @param small what legs that are too fast for the documents of `one` are taken from: they know nothing of the model's size */
function totals(one: Measured, small: Measured): readonly string[] {
  const counts = [1e6, 1e9];
  const cpu = (leg: string) => (one.legs[leg]!.cpuMs ?? small.legs[leg]!.cpuMs ?? Number.NaN) / 1000;
  const gradient = cpu('gradient');
  const rest = ['crawl', ...STEPS].filter((leg) => leg !== 'gradient').reduce((sum, leg) => sum + cpu(leg), 0);
  const perDocument = rest + small.brokerCpuMs / 1000; // over more documents: its own start weighs less
  const stored = (joined: boolean) =>
    topics.filter(({ name }) => !BOUNDED.includes(name) && !(joined && BETWEEN.includes(name)));
  const disk = (joined: boolean) => sum(stored(joined).map(({ name }) => COPIES * (one.bytes[name] ?? 0)));
  const months = (joined: boolean) =>
    sum(stored(joined).map((topic) => COPIES * (one.bytes[topic.name] ?? 0) * monthsOf(topic)));
  const price = (n: number, joined: boolean) =>
    ((n * (gradient + perDocument)) / HOUR_S) * CORE_HOUR + ((n * months(joined)) / 1e9) * GB_MONTH;
  const row = (name: string, of: (n: number) => string) => [name, ...counts.map(of)];
  const bytes = (n: number) => (n >= 1e12 ? `${short(n / 1e12)} TB` : `${short(n / 1e9)} GB`);
  return [
    `Reckoned from the columns of GPT-2 small (float32, one window of 128 tokens), and where one is empty, and for the broker, from the small pair's; ${COPIES} copies of each partition, at ${CORE_HOUR} a core-hour and ${GB_MONTH.toFixed(2)} a GB-month. With n documents:`,
    '',
    ...table(
      ['', '10⁶', '10⁹'],
      [
        row(`core-hours of \`gradient\`: n · ${short(gradient)} s / 3600`, (n) => short((n * gradient) / HOUR_S)),
        row(`core-hours of the rest and the broker: n · ${short(perDocument)} s / 3600`, (n) =>
          short((n * perDocument) / HOUR_S),
        ),
        row(`disk, legs joined: n · ${short(disk(true))} bytes`, (n) => bytes(n * disk(true))),
        row(`disk, a topic between all legs: n · ${short(disk(false))} bytes`, (n) => bytes(n * disk(false))),
        row('price, legs joined: core-hours, and disk for as long as each topic is kept', (n) => short(price(n, true))),
        row('price, a topic between all legs', (n) => short(price(n, false))),
        row('cores to be through in a day', (n) => short((n * (gradient + perDocument)) / DAY_S)),
        row(`hours with ${WORKERS} \`gradient\` workers of ${CORES} cores`, (n) =>
          short((n * gradient) / WORKERS / CORES / HOUR_S),
        ),
        row(
          `\`gradient\` workers of ${LARGE_CORES} cores to be through in ${DAYS_IN_MONTH} days`,
          (n) => `${Math.ceil((n * gradient) / LARGE_CORES / DAY_S / DAYS_IN_MONTH)}`,
        ),
      ],
    ),
  ];
}

/** What is compacted stays: a year of it is paid for. */
function monthsOf({ cleanup }: Topic): number {
  return cleanup === 'compact' ? 12 : cleanup.deleteAfterMs / 1000 / DAY_S / DAYS_IN_MONTH;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Two digits that say something. */
function short(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}
