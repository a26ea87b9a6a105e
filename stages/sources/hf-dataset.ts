/** `hf-dataset:FOLDER`, `hf-dataset:hf:org/name`: a data set as the Hugging Face hub has it: a card, and Parquet or JSON lines. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Source, SourcePlugin } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import type { Input } from './bytes/input.ts';
import { fieldsConfig } from './document/fields.ts';
import { placeSettings } from './fetch/settings.ts';
import { whileRead } from './fetch/while-read.ts';
import { filesSource } from './files/source.ts';
import { chosen, configsOf, splitOf } from './hf/card.ts';
import { folderFiles } from './hf/folder.ts';
import { hubFiles } from './hf/hub.ts';
import { jsonlFormat } from './jsonl.ts';
import { eitherFormat } from './listed/either-format.ts';
import { parquetFormat } from './parquet.ts';

const KIND = 'hf-dataset';
const PUBLIC_HUB = 'https://huggingface.co';
const PARQUET = /\.parquet$/i;
const DATA =
  /^(?!dataset_infos?\.json$|dataset_dict\.json$|state\.json$|config\.json$).*\.(parquet|(jsonl|ndjson|json)(\.(gz|zst))?)$/i;
const config = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      "hf:organisation/name on the hub, with @revision where it is not main; or a folder: a clone of it, or a snapshot in the hub's cache",
    ),
  http: placeSettings.http,
  config: z
    .string()
    .min(1)
    .optional()
    .describe('config of its card; by default the one that the card marks, or the only one'),
  split: z
    .string()
    .min(1)
    .default('train')
    .describe('split that is read: train, validation, test, or another; all for all of them'),
  fields: fieldsConfig('row', 'file:row, or file:byte').describe(
    'where a row holds what is wanted: a column or key, or several joined by dots',
  ),
  maxBytes: z
    .int()
    .min(1)
    .default(128 << 20)
    .describe('bytes of a line, and of these columns in a row group; larger ones are rejected as too-large'),
});

export const hfDataset: SourcePlugin<z.infer<typeof config>> = {
  name: KIND,
  summary: 'a data set of the Hugging Face hub, there or in a folder: Parquet or JSON lines, by config and split',
  config,
  short: (path) => ({ path }),

  create({ path, config: name, split, fields, maxBytes, http }, { folder, secret }): Source {
    if (/^https?:/i.test(path)) {
      throw new ConfigError(
        `source ${KIND}: ${path} is an address: of the hub, name the data set as hf:organisation/name; ` +
          'parquet: and jsonl: read single files by their address',
      );
    }
    const data = path.startsWith('hf:')
      ? hubFiles(path, { hub: secret('HF_ENDPOINT') ?? PUBLIC_HUB, token: secret('HF_TOKEN'), http })
      : folderFiles(resolve(folder, path));
    const either = eitherFormat(
      parquetFormat({ fields, maxBytes }),
      jsonlFormat({ fields, maxLine: maxBytes }),
      (file) => PARQUET.test(file),
    );

    async function list(mayBeEmpty: boolean): Promise<readonly Input[]> {
      const { signal } = new AbortController();
      const { card, files: found } = await data.look(DATA, mayBeEmpty, signal);
      const own = chosen(configsOf(card), name);
      const splits = found.map((input) => splitOf(input.name, own));
      const files = found.filter((_, i) => splits[i] === split || (split === 'all' && splits[i] !== undefined));
      if (files.length === 0 && !mayBeEmpty) {
        const there = [...new Set(splits)].filter((one) => one !== undefined).join(', ') || 'none';
        throw new ConfigError(`${path}, config ${own.name}, has no files of split ${split}: there are ${there}`);
      }
      for (const input of files) await data.assertFetched(input, signal);
      return files;
    }

    const part = `${name === undefined ? '' : `${name}/`}${split}`;
    const source = filesSource({ ...either, kind: KIND }, { path: `${data.address}#${part}`, waits: false, list });
    return whileRead(source, data.close);
  },
};
