/** `hf-dataset:FOLDER`: a data set as the Hugging Face hub has it, cloned or downloaded: a card, and Parquet or JSON lines. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Source, SourcePlugin } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import type { Input } from './bytes/input.ts';
import { fieldsConfig } from './document/fields.ts';
import { filesOf } from './files/list.ts';
import { filesSource } from './files/source.ts';
import { chosen, configsOf, splitOf } from './hf/card.ts';
import { jsonlFormat } from './jsonl.ts';
import { eitherFormat } from './listed/either-format.ts';
import { parquetFormat } from './parquet.ts';

const KIND = 'hf-dataset';
const PARQUET = /\.parquet$/i;
const DATA =
  /^(?!dataset_infos?\.json$|dataset_dict\.json$|state\.json$|config\.json$).*\.(parquet|(jsonl|ndjson|json)(\.(gz|zst))?)$/i;
/** What git keeps of a file that was not fetched. */
const POINTER = 'version https://git-lfs.github.com/spec/';

const config = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe("folder of the data set: a clone of its repository, or a snapshot in the hub's cache"),
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
  summary: 'a data set in the layout of the Hugging Face hub: Parquet or JSON lines, by config and split',
  config,
  short: (path) => ({ path }),

  create({ path, config: name, split, fields, maxBytes }, { folder }): Source {
    if (/^(hf|https?):/i.test(path)) {
      throw new ConfigError(
        `source ${KIND}: ${path} is an address: download the data set, as with git clone, and name its folder; ` +
          'parquet: and jsonl: read single files by their address',
      );
    }
    const root = resolve(folder, path);
    const either = eitherFormat(
      parquetFormat({ fields, maxBytes }),
      jsonlFormat({ fields, maxLine: maxBytes }),
      (file) => PARQUET.test(file),
    );

    async function list(mayBeEmpty: boolean): Promise<readonly Input[]> {
      const found = await filesOf(root, DATA, mayBeEmpty);
      const own = chosen(configsOf(await cardOf(root)), name);
      const splits = found.map((input) => splitOf(input.name, own));
      const files = found.filter((_, i) => splits[i] === split || (split === 'all' && splits[i] !== undefined));
      if (files.length === 0 && !mayBeEmpty) {
        const there = [...new Set(splits)].filter((one) => one !== undefined).join(', ') || 'none';
        throw new ConfigError(`${path}, config ${own.name}, has no files of split ${split}: there are ${there}`);
      }
      for (const input of files) await assertFetched(input);
      return files;
    }

    const part = `${name === undefined ? '' : `${name}/`}${split}`;
    return filesSource({ ...either, kind: KIND }, { path: `${root}#${part}`, waits: false, list });
  },
};

async function cardOf(root: string): Promise<string> {
  return await readFile(join(root, 'README.md'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

async function assertFetched(input: Input): Promise<void> {
  if (input.size === null || input.size > 1024) return;
  const head = await input.peek(0, POINTER.length, new AbortController().signal);
  if (head.toString('latin1') === POINTER) {
    throw new ConfigError(`${input.address} is a pointer of git LFS, not the file: fetch it with \`git lfs pull\``);
  }
}
