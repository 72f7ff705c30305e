import { isTextField } from './dom.ts';
import { group } from './pieces.ts';
import { expectSecrets, rawValueOf, rememberSecret, secretsIn } from './privacy.ts';
import { forgetTexts, isWritten, lastWhole, survey } from './survey.ts';

/** Milliseconds to write what changed, so that an echo in it is seen. */
const PATIENCE = 4;

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
  const isKnown = isWritten() || survey(PATIENCE);
  const html = isKnown ? lastWhole()?.html.toLowerCase() : undefined;
  if (html === undefined || secrets.some((secret) => mayShow(html, secret))) forgetTexts();
}

/** By its longest word alone: the page may have cut or escaped the rest. */
function mayShow(html: string, secret: string): boolean {
  const words = secret.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
  return html.includes(longest) || html.includes(encodeURIComponent(longest).toLowerCase());
}
