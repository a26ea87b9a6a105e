/** Writes docs/plugins.md from the plug-ins and their configs: `node pipeline/commands/plugins-reference.ts`. */
import { writeFileSync } from 'node:fs';
import type { ZodType } from 'zod';
import { httpSettings, s3Settings } from '../../stages/sources/fetch/settings.ts';
import { type AnySourcePlugin, sources } from '../../stages/sources/sources.ts';
import { markdownTable } from '../render/markdown.ts';
import { filtersReference } from './filters-reference.ts';
import { type Schema, schemaOf, settingsIn, settingsTable } from './settings-table.ts';

export function pluginsReference(): string {
  return [
    '# Sources',
    '',
    'Written by pipeline/commands/plugins-reference.ts from the plug-ins themselves.',
    '',
    'A source is named as `kind:rest`; or as an object, which can hold every setting, in a YAML file or on the command line:',
    "`--source '{kind: warc, path: pages.warc.gz, keep: all}'`.",
    '`deltasift sources check kind:rest` shows what one yields before it is scanned.',
    '',
    ...sources.flatMap(section),
    '## Files on other machines',
    '',
    'Where a path is an address, files are read by ranges, on from where a connection broke, and never as two versions of one: a file',
    'that changes while it is read is an error. With `--follow` it is none: of a file that was only added to the rest is read, and of one that was',
    'made anew all, of which `--dedup` leaves out what it held before; each change counts as dropped, `changed-while-read`. A server that asks to be',
    'left alone, by 429, 503 or `Retry-After`, is, and asked half as',
    'often after that. Several crawlers divide `perSecond`: give all of them the same number of `crawlers`. No address of a private network, of this',
    "machine or of a cloud's own services is read, nor one that a redirect leads to, but for `allowHosts`.",
    '',
    ...settingsTable(Object.keys(SHARED).map((name) => ({ name, schema: SHARED[name]! }))),
    '',
    '`s3` needs the package `@aws-sdk/client-s3` beside deltasift, and takes credentials from where that looks for them.',
    '',
    '## Data sets of the hub',
    '',
    '`{kind: hf-dataset, path: hf:org/name, http: {contact: me@example.org, perSecond: 10}}` reads a data set where it is, with what HF_TOKEN holds where',
    'it is not public. At the start, and with `--follow` at every look, the revision is asked for its commit, and the files of that commit are',
    'read: those that the card names for the config and split, of Parquet what the columns take. `hf:org/name@COMMIT` stays as it is. Run again after',
    'the revision has moved, what is new is read; HF_ENDPOINT names another hub.',
    '',
    '## Sending documents',
    '',
    'An `http-push` source takes documents while a `scan` or a `crawl` runs, with the token that DELTASIFT_PUSH_TOKEN holds:',
    '',
    '```sh',
    'export DELTASIFT_PUSH_TOKEN=$(head -c 24 /dev/urandom | base64)',
    'npx deltasift scan --base examples/demo/base --tuned examples/demo/tuned --bos always \\',
    '  --source http-push:data/pushed --limit 3 --store data/from-others &',
    'send="curl -sS --retry 30 --retry-connrefused http://127.0.0.1:8177/documents"',
    '$send -H "Authorization: Bearer $DELTASIFT_PUSH_TOKEN" -H "Content-Type: application/json" -H "Idempotency-Key: 1" \\',
    '  --data \'{"id": "a", "url": "https://example.org/a", "text": "Dear Homeowner, rates are low"}\'',
    'printf \'%s\\n\' \'{"text": "Dear Sir"}\' \'{"text": "Dear Madam"}\' | gzip |',
    '  $send -H "Authorization: Bearer $DELTASIFT_PUSH_TOKEN" -H "Content-Type: application/x-ndjson" -H "Content-Encoding: gzip" \\',
    '    --data-binary @-',
    'wait',
    '```',
    '',
    ...markdownTable(
      ['answer', 'what it says'],
      [
        [
          '202',
          '`{"accepted": N, "first": P, "last": P}`: they are on the disk, and will be read, also after `kill -9` or a power cut',
        ],
        ['401', 'the token is missing or another one'],
        [
          '400, 415',
          'the body is no JSON (`application/json`: one document or an array) or NDJSON (`application/x-ndjson`), gzip, zstd or plain',
        ],
        ['413', 'more bytes or documents than are taken at a time'],
        [
          '422',
          'documents at fault, in `errors` with their line and a code of [rejects.md](rejects.md), and none was taken; or an idempotency key that came with another body',
        ],
        ['429', 'too much waits to be read, or too many send: again after `Retry-After` seconds'],
        ['507', 'the disk is full'],
      ],
    ),
    '',
    'A body is taken as a whole or not at all; errors are `application/problem+json`. A request with an `Idempotency-Key` may be sent again: it is',
    'answered as it was, and nothing is taken twice, for `keepDays`. Without one, a repeated document is left out by its text, unless `--dedup off`. `GET',
    '/healthz` needs no token. TLS, and who may reach it, are for a proxy in front. The spool belongs to one machine: on a cluster one crawler takes',
    'documents (decisions/0022).',
    '',
    '## Topics of others',
    '',
    'A `kafka` source is in no group and commits nothing: its place is in the store, or in the topic `cursors`, by partition. Only what is',
    'committed is read, up to what is there at the time; `--follow` looks again, also for partitions that were added. Where messages after',
    'the place are not kept any more, it goes on with the first that are. Batches may be packed with gzip, snappy, lz4 or zstd; one that cannot be unpacked ends the run with exit code 78. A message without a value is',
    'dropped as `tombstone`; one that cannot be read is rejected with its bytes ([rejects.md](rejects.md)). Several crawlers share the partitions.',
    'A broker that is away is waited for; a registry for a few seconds, then the run ends with exit code 78, and goes on from there.',
    '',
    '## A source of your own',
    '',
    'The kind may also be the path of a module, from the working directory, whose default export is a plug-in:',
    '`./crawl.ts:rest`, or `{kind: ./crawl.ts, ...}`; or the folder of a package, whose `main` is taken. `deltasift init source NAME` writes',
    'such a folder, with a source that works, and its test. [examples/custom-source](../examples/custom-source) is another one.',
    '',
    ...markdownTable(
      ['field', 'what it is'],
      [
        ['`name`', 'lower-case letters, hyphens between words'],
        ['`summary`', 'what it reads, in a few words'],
        ['`config`', 'a schema of its settings: anything with the `safeParse` of zod, whatever copy of zod made it'],
        ['`short`', 'the settings that the rest of `kind:rest` stands for'],
        ['`create`', 'the source, from checked settings'],
      ],
    ),
    '',
    'A source has a `name`, the same for the same crawl, and `read(cursor, signal)`, which yields what follows the cursor, always',
    'in the same order. Each record carries the `cursor` that resumes after it, any text of your choice, and one of',
    '',
    '- `document`: `{id, url, text}`; the id is the name by which the crawl knows it, the url may be null, the text may not be empty;',
    '  and what else the crawl says of it, each null or left out where it does not: `canonicalUrl`, `title`, `fetchedAt` (ISO 8601, UTC,',
    '  to the millisecond), `language` (ISO 639: `de`), `extraction` (`html-main`, `html-all`, `plain`, `wet` or `field`);',
    '- `reject` with `bytes`: a record that is broken, by one of the codes of [rejects.md](rejects.md), as it came;',
    '- `drop`: a record that is no document, with the reason under which it is counted.',
    '',
    'A source that has `locate(cursor, signal)` as well finds a record again, for `show --origin`: `{file, offset, length, within, bytes}`.',
    '',
    'A record that is at fault is yielded; what is wrong with the machine is thrown. `sourceContract` of',
    '`deltasift/kit` (test/kit/source.ts) holds a source to all this.',
    '',
  ].join('\n');
}

function section({ name, summary, config, short }: AnySourcePlugin): readonly string[] {
  const settings = settingsIn(schemaOf(config as ZodType)).map(({ name: key, schema, required = false }) => ({
    name: key,
    schema: key in SHARED ? { description: `${schema.description}: see below` } : schema,
    required,
  }));
  const [given] = Object.entries(short('PATH') as object).find(([, value]) => value === 'PATH') ?? [];
  const rest = (given ?? 'rest').toUpperCase();
  return [
    `## ${name}`,
    '',
    `Reads ${summary}. \`${name}:${rest}\` is short for \`{kind: ${name}, ${given}: ${rest}}\`.`,
    '',
    ...settingsTable(settings),
    '',
  ];
}

/** The settings that all sources share which read files, described once. */
const SHARED: Readonly<Record<string, Schema>> = { http: schemaOf(httpSettings), s3: schemaOf(s3Settings) };

if (import.meta.main) {
  writeFileSync(new URL('../../docs/plugins.md', import.meta.url), pluginsReference());
  writeFileSync(new URL('../../docs/filters.md', import.meta.url), filtersReference());
}
