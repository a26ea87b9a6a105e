/**
 * Where a text may be cut so that its ids begin with those of its first part.
 *
 * A cut stands before the space of "letter, space, letter" (ASCII). It is sound where no token can hold "letter, space": then
 * the pre-tokenizer ends a piece there whatever follows, or, where it leaves the text whole, no merge can reach across.
 */
import { isRecord, type Json } from './json.ts';

/** Split patterns known to end a piece at every cut: those of GPT-2, Llama 3 and Qwen 2, as their tokenizer.json has them. */
const WORD_PATTERNS: ReadonlySet<unknown> = new Set([
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
]);

/** What SentencePiece writes for a space. */
const SPACE = '▁';

/** True where cuts are known to be sound for this tokenizer.json. */
export function hasWordCuts(tokenizer: Json): boolean {
  const { model, normalizer, pre_tokenizer: preTokenizer, added_tokens: added } = tokenizer;
  if (!isRecord(model) || (model['type'] ?? 'BPE') !== 'BPE') return false;
  if (!Array.isArray(added) || added.some((token) => !isRecord(token) || /[A-Za-z] /.test(String(token['content'])))) {
    return false;
  }
  const normalizers = steps(normalizer, 'normalizers');
  const pieces = steps(preTokenizer, 'pretokenizers');
  if (!normalizers.every(keepsLettersAndSpaces)) return false;
  const words = pieces.findIndex(endsPiecesAtWords);
  if (words !== -1) return pieces.every((step, i) => i === words || keepsPieces(step));
  return pieces.every((step) => step['type'] === 'Metaspace') && noMergeAcrossWords(model['merges']);
}

/** The first cut at or after `from`; undefined where there is none. */
export function wordCut(text: string, from: number): number | undefined {
  const pattern = /[A-Za-z](?= [A-Za-z])/g;
  pattern.lastIndex = Math.max(0, from - 1);
  const match = pattern.exec(text);
  return match === null ? undefined : match.index + 1;
}

/** One step or a sequence of them, as a list. */
function steps(step: unknown, members: 'normalizers' | 'pretokenizers'): readonly Json[] {
  if (!isRecord(step)) return [];
  if (step['type'] !== 'Sequence') return [step];
  const list: readonly unknown[] = Array.isArray(step[members]) ? step[members] : [];
  return list.map((member) => (isRecord(member) ? member : {}));
}

function keepsLettersAndSpaces({ type, prepend, pattern, content }: Json): boolean {
  if (type === 'NFC') return true;
  if (type === 'Prepend') return prepend === SPACE;
  return type === 'Replace' && isRecord(pattern) && pattern['String'] === ' ' && content === SPACE;
}

function endsPiecesAtWords({ type, use_regex: regex, pattern, behavior, invert }: Json): boolean {
  if (type === 'ByteLevel') return regex !== false;
  const known = isRecord(pattern) && WORD_PATTERNS.has(pattern['Regex']);
  return type === 'Split' && known && behavior === 'Isolated' && invert !== true;
}

/** Neither joins pieces nor looks beyond one. */
function keepsPieces({ type, use_regex: regex }: Json): boolean {
  return type === 'Digits' || (type === 'ByteLevel' && regex === false);
}

function noMergeAcrossWords(merges: unknown): boolean {
  if (!Array.isArray(merges)) return false;
  return merges.every((merge: unknown) => {
    const [left, right] = Array.isArray(merge) ? merge : String(merge).split(' ', 2);
    return !(/[A-Za-z]$/.test(String(left)) && String(right).startsWith(SPACE));
  });
}
