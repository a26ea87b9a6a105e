/** `parquet:PATH`: a document a row, as data sets of web pages have them; a file, a folder or a glob. */
import { z } from 'zod';
import { Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { Damage } from './bytes/damage.ts';
import { type Fields, fieldsConfig } from './document/fields.ts';
import { documentIn, valueAt } from './document/record.ts';
import { placeSettings } from './fetch/settings.ts';
import { sourceAt } from './fetch/source-at.ts';
import { OtherFile } from './files/other-file.ts';
import type { Format, Found, Outcome } from './files/source.ts';
import type { Row } from './parquet/decoder.ts';
import { footOf, openParquet, type ParquetFile } from './parquet/file.ts';

const config = z.strictObject({
  ...placeSettings,
  fields: fieldsConfig('row', 'file:row').describe(
    'where a row holds what is wanted: a column, or a column and keys and indices in it joined by dots',
  ),
  maxBytes: z
    .int()
    .min(1)
    .default(128 << 20)
    .describe(
      'bytes of these columns in a row group as stored, and of what is unpacked of them at a time; larger groups are rejected as too-large',
    ),
});
type Config = z.infer<typeof config>;

export const parquet: Plugin<Config, Source> = {
  name: 'parquet',
  summary: 'rows of Parquet files, one document each: files, folders, globs, addresses',
  config,
  short: (path) => ({ path }),
  create: (settings) => sourceAt(parquetFormat(settings), settings, /\.parquet$/i),
};

/** Everything up to row `row` is read, counted from 0 over the groups of the file; all of the file where it is `end`. */
const place = z.strictObject({ foot: z.string(), row: z.union([z.int().min(0), z.literal('end')]) });
type Place = z.infer<typeof place>;

export function parquetFormat({ fields, maxBytes }: Pick<Config, 'fields' | 'maxBytes'>): Format<Place> {
  return {
    kind: 'parquet',
    place,

    async *read(input, after, signal) {
      if (input.size === null) throw new ConfigError(`${input.name} is a pipe: parquet reads files`);
      const foot = await footOf(input, signal);
      if (after !== undefined && after.foot !== foot) throw new OtherFile(input, 'it ends otherwise');
      if (after?.row === 'end') return;

      const file = await openParquet(input, maxBytes, signal).catch(damageOf);
      if (file instanceof Damage) {
        yield rejected(file, { foot, row: 'end' }, input.name);
        return;
      }
      try {
        const wanted = columnsOf(fields, file.columns);
        if (wanted instanceof Damage) yield rejected(wanted, { foot, row: 'end' }, input.name);
        else yield* rowsOf(file, wanted, after?.row);
      } finally {
        await file.close();
      }

      async function* rowsOf({ groups, rows }: ParquetFile, wanted: readonly string[], last = -1) {
        for (const { from, to } of groups) {
          let at = Math.max(from, last + 1);
          if (at >= to) continue;
          try {
            for await (const found of rows(at, to, wanted)) {
              for (const row of found) {
                yield { place: { foot, row: at }, ...outcomeOf(row, fields, `${input.name}:${at}`) };
                at++;
              }
            }
          } catch (error) {
            yield rejected(damageOf(error), { foot, row: to - 1 }, `${input.name}, rows ${at} to ${to - 1}`);
          }
        }
      }
    },

    async locate(input, at, signal) {
      if (at.row === 'end' || (await footOf(input, signal)) !== at.foot)
        throw new OtherFile(input, 'it ends otherwise');
      const file = await openParquet(input, maxBytes, signal).catch(refused);
      try {
        const { row } = at;
        const group = file.groups.find(({ from, to }) => from <= row && row < to);
        if (group === undefined) throw new OtherFile(input, 'it ends otherwise');
        const [[whole] = []] = await Array.fromAsync(file.rows(row, row + 1, file.columns)).catch(refused);
        const bytes = Buffer.from(JSON.stringify(whole, printed));
        const { offset, length, from } = group;
        return { offset, length, within: `row ${row - from} of the row group there, from 0, as JSON`, bytes };
      } finally {
        await file.close();
      }
    },
  };
}

/** @throws ConfigError of a file that cannot be read any more */
function refused(error: unknown): never {
  throw error instanceof Damage ? new ConfigError(error.message, { cause: error }) : error;
}

/** The columns that hold the fields; all but that of the text may be missing. */
function columnsOf(fields: Fields, columns: readonly string[]): readonly string[] | Damage {
  const columnOf = (field: string) =>
    columns.find((name) => name === field) ?? columns.find((name) => name === field.split('.')[0]);
  if (columnOf(fields.text) === undefined) {
    return new Damage(
      'malformed-record',
      `${fields.text} is none of its columns, which are ${columns.slice(0, 20).join(', ')}`,
    );
  }
  return [...new Set(Object.values<string>({ ...fields }).flatMap((field) => columnOf(field) ?? []))];
}

/** @throws what is no damage of the file */
function damageOf(error: unknown): Damage {
  if (error instanceof Damage) return error;
  throw error;
}

function rejected({ code, message }: Damage, at: Place, what: string): Found<Place> {
  return { place: at, reject: new Reject(code, `${what}: ${message}`), bytes: new Uint8Array() };
}

function outcomeOf(row: Row, fields: Fields, unnamed: string): Outcome {
  const text = valueAt(row, fields.text);
  if (text instanceof Uint8Array) {
    return { reject: new Reject('undecodable-text', 'the text is not valid UTF-8'), bytes: Buffer.from(text) };
  }
  const outcome = documentIn(row, fields, unnamed, () => valueAt(row, fields.id));
  if (outcome instanceof Reject) return { reject: outcome, bytes: Buffer.from(JSON.stringify(row, printed)) };
  return outcome instanceof Drop ? { drop: outcome } : { document: outcome };
}

function printed(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
