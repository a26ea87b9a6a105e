/** `deltasift show`: one document with its tokens shaded by what each adds to the alignment, and where it came from. */
import { provenanceOf } from '../../schemas/provenance.ts';
import { showConfig } from '../config/config.ts';
import type { Origin } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { printable, printableLines } from '../render/printable.ts';
import { type Shaded, shade } from '../render/shade.ts';
import { type Column, table } from '../render/table.ts';
import { tokenTexts } from '../render/token-texts.ts';
import { scoreLine } from '../scan/score-line.ts';
import type { Ranked } from '../store/members.ts';
import { openStore } from '../store/store.ts';
import { type Context, command } from './command.ts';
import { deltaOf } from './ranking.ts';

/** Strongest tokens listed. */
const LISTED = 10;

interface Shown {
  readonly ranked: Ranked;
  readonly tokens: readonly Shaded[];
  /** Where it was asked for. */
  readonly origin: Origin | undefined;
}

export const show = command({
  name: 'show',
  summary: 'Shows a document of the ranking, its tokens shaded by what each adds to the alignment.',
  config: showConfig,
  argument: 'id',

  async run({ id, store: dir, delta, origin: traced, bytes, source }, context) {
    const store = openStore(dir, { readonly: true });
    try {
      const found = store.find(id, deltaOf(store, delta).id);
      if (found.length === 0) {
        throw new ConfigError(
          `no document of the ranking has the id or key ${id}: \`deltasift top --store ${dir}\` lists them`,
        );
      }
      if (bytes === true) return context.out.write(shownBytes((await originOf(only(found, id))).bytes, context));
      const { keptTokenizer } = await import('../target/kept-tokenizer.ts'); // loaded when asked for: other commands start sooner
      const { decode } = keptTokenizer(dir);
      const shown: Shown[] = [];
      for (const ranked of found) {
        const origin = traced === true ? await originOf(ranked) : undefined;
        shown.push({ ranked, tokens: tokensOf(ranked, decode), origin });
      }
      if (context.json) context.out.write(`${JSON.stringify(shown.map(whole))}\n`);
      else context.out.write(shown.map((one) => words(one, context)).join('\n'));
    } finally {
      store.close();
    }

    async function originOf(ranked: Ranked): Promise<Origin> {
      const { trace } = await import('../crawl/trace.ts');
      return await trace(ranked, { source, folder: context.folder }, context.signal);
    }
  },
});

function only(found: readonly Ranked[], id: string): Ranked {
  if (found.length === 1) return found[0]!;
  const keys = found.map(({ key }) => key).join(', ');
  throw new ConfigError(`${found.length} documents have the id ${id}: give the key of one, ${keys}`);
}

/** A terminal gets no controls. */
function shownBytes(bytes: Uint8Array, { out }: Context): string | Uint8Array {
  return out.isTerminal ? `${printableLines(Buffer.from(bytes).toString())}\n` : bytes;
}

/** Of the best window; its last `ranked.tokens` are scored. */
function tokensOf({ ids, tokens, tokenAlignment }: Ranked, decode: (ids: Int32Array) => string): readonly Shaded[] {
  const first = ids.length - tokens;
  return tokenTexts(ids, decode).map((text, i) => ({ text, value: i < first ? null : tokenAlignment[i - first]! }));
}

function whole({ ranked, tokens, origin }: Shown): object {
  const { rank, key, delta, text } = ranked;
  const found =
    origin === undefined ? {} : { found: { ...origin, bytes: Buffer.from(origin.bytes).toString('base64') } };
  return { rank, key, delta, ...scoreLine(ranked), ...provenanceOf(ranked), ...found, text, shaded: tokens };
}

function words({ ranked, tokens, origin }: Shown, { out, environment }: Context): string {
  const { rank, id, url, key, ranking, cosine, alignment, gradientNorm, loss, lossTunedHead, window, windows } = ranked;
  const safe = tokens.map(({ text, value }) => ({ text: printableLines(text), value }));
  return [
    `${printable(id)}  ${printable(url ?? '')}`.trimEnd(),
    `key ${key}`,
    ...described(ranked),
    ...(origin === undefined ? [] : placed(ranked, origin)),
    `rank ${rank}, ranking ${ranking.toFixed(5)}, score ${cosine.toFixed(5)}, alignment ${alignment.toPrecision(4)}, |G| ${gradientNorm.toPrecision(4)}`,
    `loss ${loss.toFixed(3)} nats per token, ${lossTunedHead.toFixed(3)} with the tuned head`,
    `window ${window + 1} of ${windows}, ${ranked.tokens} scored tokens`,
    '',
    shade(safe, environment.colors),
    '',
    table(COLUMNS, strongest(tokens), out.columns),
  ].join('\n');
}

/** What its crawl says of it, on a line where it says anything. */
function described({ title, canonicalUrl, url, host, language, fetchedAt, extraction }: Ranked): readonly string[] {
  const parts = [host, language, fetchedAt, extraction].filter((part) => part !== null);
  return [
    ...(title === null ? [] : [`title ${printable(title)}`]),
    ...(canonicalUrl === null || canonicalUrl === url ? [] : [`canonical ${printable(canonicalUrl)}`]),
    ...(parts.length === 0 ? [] : [printable(parts.join(', '))]),
  ];
}

function placed({ source, id }: Ranked, { file, offset, length, within }: Origin): readonly string[] {
  return [
    `source ${printable(source)}`,
    `record ${printable(id)}`,
    `file ${printable(file)}`,
    `bytes ${offset} to ${offset + length} (${length})${within === null ? '' : `: ${printable(within)}`}`,
  ];
}

/** Largest |value| first. */
function strongest(tokens: readonly Shaded[]): readonly Shaded[] {
  return tokens
    .filter(({ value }) => value !== null)
    .sort((a, b) => Math.abs(b.value!) - Math.abs(a.value!))
    .slice(0, LISTED);
}

const COLUMNS: readonly Column<Shaded>[] = [
  { name: 'alignment', align: 'right', cell: ({ value }) => value!.toPrecision(3) },
  { name: 'strongest tokens', align: 'left', cell: ({ text }) => JSON.stringify(printable(text)) },
];
