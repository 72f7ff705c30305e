import { isTextField } from './dom.ts';
import { group, pieceOf } from './pieces.ts';
import { expectSecrets, rawValueOf, rememberSecret, secretsIn } from './privacy.ts';
import { forgetWords, isWritten, lastWhole } from './survey.ts';

/** Shorter ones are in every page. */
const SHORTEST_WORD = 4;

let announce: (secret: string) => void = () => {};

/** Hears of every secret that is learned from this document. */
export function whenLearned(listener: (secret: string) => void): void {
  announce = listener;
}

/**
 * Learns what stands in personal fields right now, so that an echo of it is known too.
 *
 * @param typing the field whose value is not finished: it is hidden, and not remembered
 */
export function learnSecrets(typing: Element | null): void {
  const unfinished: string[] = [];
  const fresh: string[] = [];
  for (const { element, sensitivity } of group('field')) {
    if (!sensitivity || !isTextField(element) || !element.isConnected) continue;
    const values = secretsIn(rawValueOf(element), sensitivity);
    if (element === typing) unfinished.push(...values);
    else fresh.push(...values.filter(rememberSecret));
  }
  for (const secret of fresh) announce(secret.trim());
  hide([...fresh, ...expectSecrets(unfinished)]);
}

/** A personal field has another value: its echoes are to come, so nothing is to be written again. */
export function expectEchoes(field: Element): void {
  const sensitivity = pieceOf(field)?.sensitivity ?? null;
  if (sensitivity) expectSecrets(secretsIn(rawValueOf(field), sensitivity));
}

/** Secrets of other documents, or of what is in no field. */
export function hearSecrets(values: string[]): void {
  hide(values.filter(rememberSecret));
}

/** As `hearSecrets`, and tells the other documents. */
export function learnSecret(value: string): void {
  if (!rememberSecret(value)) return;
  announce(value.trim());
  hide([value]);
}

/** What was written before they were known is written again, if it may show them. */
function hide(secrets: string[]): void {
  if (secrets.length === 0) return;
  const words = secrets.flatMap(wordsOf);
  const html = isWritten() ? lastWhole()?.html.toLowerCase() : undefined;
  if (html === undefined || words.some((word) => html.includes(word))) forgetWords(words);
}

/**
 * Each word that is long enough, as a text and as an address has it: the page may have cut or escaped the
 * rest, or another secret may stand for a part of it already.
 */
function wordsOf(secret: string): string[] {
  const words = secret.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
  const long = words.filter(({ length }) => length >= SHORTEST_WORD);
  const looked = long.length > 0 || longest === '' ? long : [longest];
  return looked.flatMap((word) => [word, encodeURIComponent(word).toLowerCase()]);
}
