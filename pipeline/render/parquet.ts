/** A Parquet file of rows whose columns hold texts, 32-bit integers or float64s. */
import { parquetWriteBuffer } from 'hyparquet-writer';

export interface ParquetColumn {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'DOUBLE';
}

export function parquet(
  columns: readonly ParquetColumn[],
  rows: readonly Readonly<Record<string, unknown>>[],
): Uint8Array {
  const columnData = columns.map(({ name, type }) => ({
    name,
    type,
    nullable: true,
    data: rows.map((row) => row[name] ?? null),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
