import type { MaskKind } from '../../src/contract/vocabulary.ts';
import { isSensitiveField } from '../../src/lib/redact/fields.ts';
import { findPersonalData, redactText } from '../../src/lib/redact/text.ts';
import { redactUrl } from '../../src/lib/redact/url.ts';
import { collapse, isTextField } from './dom.ts';
import { nameOf } from './names.ts';

export interface Sensitivity {
  /** Stands for the value; says the kind and not the length. */
  placeholder: string;
  mask: MaskKind;
}

/** Shorter values are found everywhere by accident. */
const SHORTEST_SECRET = 4;
const NAME_TOKENS =
  /^(?:name|honorific-.*|given-name|additional-name|family-name|nickname|username|bday.*|sex)$/;
const ADDRESS_TOKENS = /^(?:street-address|address-line\d|address-level[2-4]|postal-code)$/;
const NAME_LABEL =
  /^(?:(?:your |full |first |last |given |family |middle )?name|surname|date of birth|birthday)\b/i;
/** Of `name` and `id` attributes: `billing_street`, `lastName`. */
const NAME_WORD =
  /(?:first|last|full|given|family|sur|middle|maiden)[-_ ]?name|birth[-_ ]?da(?:y|te)|^dob$/i;
const ADDRESS_WORD =
  /street|(?:^|[-_])addr(?:ess)?(?:[-_]?(?:line)?[-_]?\d)?$|post(?:al)?[-_]?code|(?:^|[-_])zip/i;
const ADDRESS_LABEL =
  /^(?:(?:street|home|postal|billing|shipping|delivery) address|address|street|zip|post(?:al )?code)\b/i;

/** What was typed into personal fields in this session, also on earlier pages; oldest first. */
const secrets = new Set<string>();
/** What stood in personal fields while they were typed into: a page may echo it late. Oldest first. */
const unfinished = new Set<string>();
let matcher: RegExp | null = null;

/** More are not looked for; the oldest go first. */
const MOST_SECRETS = 300;
const MOST_UNFINISHED = 100;
/** Fields that held a password once; a page may show it as plain text on demand. */
const passwords = new WeakSet<Element>();

/** @returns whether it was not known before */
export function rememberSecret(value: string): boolean {
  const secret = value.trim();
  if (secret.length < SHORTEST_SECRET || secrets.has(secret)) return false;
  secrets.add(secret);
  for (const oldest of secrets) if (secrets.size > MOST_SECRETS) secrets.delete(oldest);
  matcher = null;
  return true;
}

/** What stands in a field that is still being typed into. @returns what is new of it */
export function expectSecrets(values: string[]): string[] {
  const now = values.map((value) => value.trim()).filter(({ length }) => length >= SHORTEST_SECRET);
  const fresh = now.filter((value) => !unfinished.has(value) && !secrets.has(value));
  if (fresh.length === 0) return fresh;
  for (const value of fresh) unfinished.add(value);
  for (const oldest of unfinished) if (unfinished.size > MOST_UNFINISHED) unfinished.delete(oldest);
  matcher = null;
  return fresh;
}

/** `Thank you, Jane.` is an echo of the whole name. */
export function secretsIn(value: string, { placeholder }: Sensitivity): string[] {
  return placeholder === '[NAME]' ? [value, ...value.split(/\s+/)] : [value];
}

/** Ends a session: the next one knows nothing of it. */
export function forgetSecrets(): void {
  secrets.clear();
  unfinished.clear();
  matcher = null;
}

/** Whether what stands in a field must be masked: by type, `autocomplete`, name and label. */
export function sensitivityOf(field: Element): Sensitivity | null {
  const type = field.getAttribute('type') ?? '';
  if (/^password$/i.test(type)) passwords.add(field);
  if (passwords.has(field)) return { placeholder: '[PASSWORD]', mask: 'PASSWORD' };
  const label = nameOf(field) || textBefore(field);
  const found = isSensitiveField({
    name: field.getAttribute('name') ?? '',
    id: field.id,
    type,
    autocomplete: field.getAttribute('autocomplete') ?? '',
    label,
  });
  if (found) return { placeholder: `[${found}]`, mask: maskOf(found) };
  if (!isTextField(field)) return null;
  const token = field.getAttribute('autocomplete')?.trim().split(/\s+/).at(-1) ?? '';
  const attributes = [field.getAttribute('name') ?? '', field.id];
  const isNamed = (pattern: RegExp): boolean => attributes.some((each) => pattern.test(each));
  if (NAME_TOKENS.test(token) || NAME_LABEL.test(label) || isNamed(NAME_WORD)) {
    return { placeholder: '[NAME]', mask: 'PERSONAL' };
  }
  if (ADDRESS_TOKENS.test(token) || ADDRESS_LABEL.test(label) || isNamed(ADDRESS_WORD)) {
    return { placeholder: '[ADDRESS]', mask: 'PERSONAL' };
  }
  return null;
}

/** What stands just before a field without a label, as forms made of plain boxes have it. */
function textBefore(field: Element): string {
  const before = field.previousElementSibling ?? field.parentElement?.previousElementSibling;
  const text = before && !before.matches('input,select,textarea') ? before.textContent : '';
  return text.length <= 60 ? collapse(text) : '';
}

/** The value of a field as it may leave the page. */
export function shownValueOf(field: Element): string {
  const value = rawValueOf(field);
  if (value === '') return '';
  return sensitivityOf(field)?.placeholder ?? cleanText(value);
}

export function rawValueOf(field: Element): string {
  if (field instanceof HTMLSelectElement) {
    return [...field.selectedOptions].map(({ label }) => label).join(', ');
  }
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) return field.value;
  return field.textContent;
}

export function cleanText(text: string): string {
  const known = secretMatcher();
  return redactText(known ? text.replace(known, '[PERSONAL]') : text);
}

export function cleanUrl(url: string): string {
  const known = secretMatcher();
  return redactUrl(known ? url.replace(known, '[PERSONAL]') : url);
}

/** Stretches of the text that `cleanText` would replace. */
export function findPersonal(text: string): { start: number; end: number; mask: MaskKind }[] {
  const found = findPersonalData(text).map(({ kind, start, end }) => ({
    start,
    end,
    mask: maskOf(kind),
  }));
  const known = secretMatcher();
  for (const match of known ? text.matchAll(known) : []) {
    const [start, end] = [match.index, match.index + match[0].length];
    if (found.some((each) => each.start <= start && end <= each.end)) continue;
    found.push({ start, end, mask: 'PERSONAL' });
  }
  return found;
}

function maskOf(kind: string): MaskKind {
  if (/^(?:PASSWORD|TOKEN|JWT)$/.test(kind)) return 'PASSWORD';
  return /^(?:CARD|IBAN)$/.test(kind) ? 'PAYMENT' : 'PERSONAL';
}

/** Whole words only: `Anna` is not masked in `Savannah`. Also as it is written in an address. */
function secretMatcher(): RegExp | null {
  if (matcher || secrets.size + unfinished.size === 0) return matcher;
  const forms = [...secrets, ...unfinished].flatMap((secret) => {
    const encoded = encodeURIComponent(secret);
    return [secret, encoded, encoded.replaceAll('%20', '+')];
  });
  const patterns = [...new Set(forms)]
    .sort((a, b) => b.length - a.length)
    .map((form) => RegExp.escape(form).replaceAll('\\x20', '\\s+'));
  matcher = new RegExp(`(?<![\\p{L}\\p{N}])(?:${patterns.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
  return matcher;
}
