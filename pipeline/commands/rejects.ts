/** `deltasift rejects`: the records that were at fault, and another try for them. */
import { rejectsConfig } from '../config/config.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import type { RejectQuery, RejectRecord } from '../store/rejects.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';

export const listRejects = command({
  name: 'rejects list',
  summary: 'Lists rejected records: stage, code, reason and place in the crawl; with --json their bytes as well.',
  config: rejectsConfig,

  async run({ store: dir, code }, { out, json }) {
    const store = openStore(dir, { readonly: true });
    try {
      const rejects = store.rejects(query(code));
      if (json) {
        const whole = rejects.map((reject) => ({ ...reject, bytes: store.rejectBytes(reject.id)?.toString('base64') }));
        out.write(`${JSON.stringify(whole)}\n`);
      } else {
        out.write(table(COLUMNS, rejects, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
      }
    } finally {
      store.close();
    }
  },
});

export const replayRejects = command({
  name: 'rejects replay',
  summary: 'Sends rejected documents back to their stage: the next scan with the same settings takes them up.',
  config: rejectsConfig,

  async run({ store: dir, code }, { out, json }) {
    const store = openStore(dir);
    try {
      const { sent, left } = store.replay(query(code));
      if (json) out.write(`${JSON.stringify({ sent, left })}\n`);
      else
        out.write(
          `${sent} sent back: run the scan again to score them\n${left} left: their source could not read them\n`,
        );
    } finally {
      store.close();
    }
  },
});

function query(code: string | undefined): RejectQuery {
  return code === undefined ? {} : { code };
}

const COLUMNS: readonly Column<RejectRecord>[] = [
  { name: 'id', align: 'right', cell: ({ id }) => String(id) },
  { name: 'stage', align: 'left', cell: ({ stage }) => stage },
  { name: 'code', align: 'left', cell: ({ code }) => code },
  { name: 'bytes', align: 'right', cell: ({ size }) => String(size) },
  { name: 'source', align: 'left', cell: ({ source }) => printable(source ?? '') },
  { name: 'place', align: 'left', cell: ({ origin }) => printable(origin ?? '') },
  { name: 'reason', align: 'left', cell: ({ reason }) => printable(reason) },
];
