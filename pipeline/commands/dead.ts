/** `deltasift dead`: the dead letters of a cluster. */
import { listDeadConfig, replayDeadConfig, showDeadConfig } from '../config/config.ts';
import { connectionOf, type KafkaConfig } from '../config/kafka.ts';
import { ConfigError } from '../error.ts';
import type { DeadLetter, DeadQuery } from '../kafka/dead-letters.ts';
import { printable, printableLines } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { type Context, command } from './command.ts';

export const listDead = command({
  name: 'dead list',
  summary:
    'Lists the newest dead letters: stage, code, reason and where they came from, and how many there are of each code; with --json their bytes as well.',
  config: listDeadConfig,

  async run({ code, stage, topic, since, limitDead, ...config }, context) {
    const { out, json } = context;
    const letters: DeadLetter[] = [];
    const counts: Record<string, number> = {};
    await read(config, { code, stage, topic, since: timeOf(since, context) }, context, (letter) => {
      const own = letter.headers['code'] ?? '';
      counts[own] = (counts[own] ?? 0) + 1;
      letters.push(letter);
      if (letters.length > limitDead) letters.shift();
    });
    if (json) out.write(`${JSON.stringify({ counts, letters: letters.map(asJson) })}\n`);
    else {
      out.write(table(COLUMNS, letters, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
      out.write(
        `\n${
          Object.entries(counts)
            .map(([name, n]) => `${n} ${printable(name)}\n`)
            .join('') || 'none\n'
        }`,
      );
    }
  },
});

export const showDead = command({
  name: 'dead show',
  summary: 'Shows one dead letter: its headers, and its bytes as text where they are text, else in hexadecimal.',
  config: showDeadConfig,
  argument: 'place',

  async run({ place, ...config }, context) {
    const { out, json } = context;
    const found: DeadLetter[] = [];
    await read(config, { places: [place] }, context, (letter) => {
      found.push(letter);
    });
    const [letter] = found;
    if (letter === undefined) throw new ConfigError(`no dead letter ${place}: see \`deltasift dead list\``);
    if (json) return void out.write(`${JSON.stringify(asJson(letter))}\n`);
    const headers = Object.entries(letter.headers).map(([name, value]) => `${printable(name)}: ${printable(value)}\n`);
    const size = `${letter.bytes.length} bytes${letter.replayed ? ', sent again since' : ''}\n`;
    out.write(`key: ${printable(letter.key)}\n${headers.join('')}${size}\n${shown(letter.bytes)}`);
  },
});

export const replayDead = command({
  name: 'dead replay',
  summary:
    'Sends messages that were rejected back to the topics they came from, each once, whole and as they came; those that come back are sent again three times at most.',
  config: replayDeadConfig,

  async run({ code, stage, topic, since, places, dryRun = false, ...config }, context) {
    const { environment, out, json, signal } = context;
    const { replay } = await import('../kafka/replay.ts');
    const connection = connectionOf(config, environment, 'deltasift-replay');
    const query = { code, stage, topic, places, since: timeOf(since, context) };
    const { sent, left } = await replay(connection, config.prefix, query, { dryRun }, signal);
    if (json) return void out.write(`${JSON.stringify({ sent, left })}\n`);
    out.write(dryRun ? `${sent} would be sent back\n` : `${sent} sent back\n`);
    for (const [why, n] of Object.entries(left)) out.write(`${n} left: ${why}\n`);
  },
});

async function read(
  config: KafkaConfig & { readonly prefix: string },
  query: DeadQuery,
  { environment, signal }: Context,
  each: (letter: DeadLetter) => void,
): Promise<void> {
  // loaded when asked for: other commands start sooner
  const [{ kafkaClient }, { readDead }] = await Promise.all([
    import('../kafka/client.ts'),
    import('../kafka/dead-letters.ts'),
  ]);
  const client = kafkaClient(connectionOf(config, environment, 'deltasift'), 'patient');
  await readDead({ client, prefix: config.prefix }, query, each, signal);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2h` ago, or a date: ms since 1970. */
function timeOf(since: string | undefined, { clock }: Pick<Context, 'clock'>): number | undefined {
  if (since === undefined) return undefined;
  const unit = UNIT_MS[since.at(-1)!];
  const time = unit === undefined ? Date.parse(since) : clock() * 1000 - Number.parseInt(since, 10) * unit;
  if (Number.isFinite(time)) return Math.max(0, Math.round(time));
  throw new ConfigError(`--since: expected 90m, 2h, 3d or a date in UTC, got ${since}`);
}

function asJson({ bytes, ...letter }: DeadLetter) {
  return { ...letter, bytes: bytes.toString('base64') };
}

/** Bytes of a line in hexadecimal. */
const ROW = 32;
/** Bytes that are shown. */
const MOST = 4096;

function shown(bytes: Buffer): string {
  const start = bytes.subarray(0, MOST);
  const rest = bytes.length > MOST ? `... ${bytes.length - MOST} bytes more: --json has all of them\n` : '';
  const text = start.toString();
  if (!/[^\P{Cc}\n\r\t]|\ufffd/u.test(text)) return `${printableLines(text)}\n${rest}`;
  const rows = Array.from({ length: Math.ceil(start.length / ROW) }, (_, row) => {
    const own = start.subarray(row * ROW, (row + 1) * ROW);
    const hex = own.toString('hex').replaceAll(/(..)(?!$)/g, '$1 ');
    const letters = own.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.');
    return `${String(row * ROW).padStart(6)}  ${hex.padEnd(3 * ROW - 1)}  ${letters}\n`;
  });
  return rows.join('') + rest;
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  { name: 'place', align: 'right', cell: ({ place }) => place },
  { name: 'stage', align: 'left', cell: ({ headers }) => printable(headers['stage'] ?? '') },
  { name: 'code', align: 'left', cell: ({ headers }) => printable(headers['code'] ?? '') },
  { name: 'bytes', align: 'right', cell: ({ bytes }) => String(bytes.length) },
  { name: 'again', align: 'left', cell: ({ replayed }) => (replayed ? 'sent' : '') },
  { name: 'from', align: 'left', cell: ({ headers }) => printable(headers['came-from'] ?? headers['origin'] ?? '') },
  { name: 'reason', align: 'left', cell: ({ headers }) => printable(headers['reason'] ?? '') },
];
