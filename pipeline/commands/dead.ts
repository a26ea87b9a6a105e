/** `deltasift dead`: the dead letters of a cluster. */
import { deadConfig } from '../config.ts';
import { connectionOf } from '../kafka-config.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { DEAD } from '../store/messages.ts';
import { command } from './command.ts';

export const listDead = command({
  name: 'dead list',
  summary:
    'Lists the newest dead letters: stage, code, reason and where they came from; with --json their bytes as well.',
  config: deadConfig,

  async run({ code, limitDead, prefix, ...config }, { environment, out, json, signal }) {
    const [{ kafkaClient }, { readAll }] = await Promise.all([
      import('../kafka/client.ts'),
      import('../kafka/read-all.ts'),
    ]);
    const letters: Letter[] = [];
    await readAll(
      {
        client: kafkaClient(connectionOf(config, environment, 'deltasift'), 'patient'),
        topic: DEAD,
        topicOnCluster: prefix + DEAD,
        group: `${prefix}reader.${DEAD}`,
        each: ({ partition, offset, key, value, headers }) => {
          if (code !== undefined && headers['code'] !== code) return;
          letters.push({ place: `${partition}/${offset}`, key, headers, bytes: value });
          if (letters.length > limitDead) letters.shift();
        },
      },
      signal,
    );
    if (json) {
      const whole = letters.map((letter) => ({ ...letter, bytes: letter.bytes?.toString('base64') ?? null }));
      out.write(`${JSON.stringify(whole)}\n`);
    } else {
      out.write(table(COLUMNS, letters, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    }
  },
});

interface Letter {
  /** partition/offset in the topic of dead letters */
  readonly place: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer | null;
}

const COLUMNS: readonly Column<Letter>[] = [
  { name: 'place', align: 'right', cell: ({ place }) => place },
  { name: 'stage', align: 'left', cell: ({ headers }) => headers['stage'] ?? '' },
  { name: 'code', align: 'left', cell: ({ headers }) => headers['code'] ?? '' },
  { name: 'bytes', align: 'right', cell: ({ bytes }) => String(bytes?.length ?? 0) },
  { name: 'from', align: 'left', cell: ({ headers }) => printable(headers['came-from'] ?? headers['origin'] ?? '') },
  { name: 'reason', align: 'left', cell: ({ headers }) => printable(headers['reason'] ?? '') },
];
