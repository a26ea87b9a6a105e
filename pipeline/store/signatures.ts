/** What near duplicates of the documents let through are known by. On disk: nothing is forgotten, and memory does not grow. */
import type { Database } from 'better-sqlite3';
import { signatureCodec } from '../../schemas/codec.ts';

export interface SignatureTable {
  put(key: string, value: Uint8Array): void;
  /** Documents that share a band. */
  candidates(bands: Int32Array): Iterable<{ readonly key: string; readonly minima: Uint8Array }>;
}

/** Documents of one band that are looked at: what is on every page of a site makes bands that all its pages share. */
const MOST_OF_A_BAND = 64;

export function signatureTable(database: Database, scan: number): SignatureTable {
  const insert = database.prepare('INSERT OR REPLACE INTO signature (scan, key, minima) VALUES (?, ?, ?)');
  const insertBand = database.prepare('INSERT OR IGNORE INTO band (scan, hash, key) VALUES (?, ?, ?)');
  const select = database.prepare<[number, number], { readonly key: Buffer; readonly minima: Buffer }>(
    `SELECT signature.key AS key, minima FROM band JOIN signature ON signature.scan = band.scan AND signature.key = band.key
     WHERE band.scan = ? AND hash = ? LIMIT ${MOST_OF_A_BAND}`,
  );

  return {
    put(key, value) {
      const { minima, bands } = signatureCodec.decode(value);
      insert.run(scan, stored(key), minima);
      for (const band of bands) insertBand.run(scan, band, stored(key));
    },

    *candidates(bands) {
      for (const band of bands) {
        for (const { key, minima } of select.all(scan, band)) yield { key: keyOf(key), minima };
      }
    },
  };
}

/** A sha-256 takes half its hex in the file. */
export function stored(key: string): Buffer {
  const hash = key.length === 64 ? Buffer.from(key, 'hex') : undefined;
  return hash?.length === 32 ? hash : Buffer.from(key);
}

function keyOf(bytes: Buffer): string {
  return bytes.length === 32 ? bytes.toString('hex') : bytes.toString();
}
