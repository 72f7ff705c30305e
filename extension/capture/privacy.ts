import type { MaskKind } from '../../src/contract/vocabulary.ts';
import { isSensitiveField } from '../../src/lib/redact/fields.ts';
import { findPersonalData, redactText } from '../../src/lib/redact/text.ts';
import { redactUrl } from '../../src/lib/redact/url.ts';
import { isTextField, queryAll } from './dom.ts';
import { labelOf } from './names.ts';

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
const ADDRESS_LABEL =
  /^(?:(?:street|home|postal|billing|shipping|delivery) address|address|street|zip|post(?:al )?code)\b/i;

/** What was typed into personal fields in this session, also on earlier pages. */
const secrets = new Set<string>();
let matcher: RegExp | null = null;
let announce: (secret: string) => void = () => {};

/** Hears of every secret that is learned from this document. */
export function whenLearned(listener: (secret: string) => void): void {
  announce = listener;
}

/** @returns whether it was not known before */
export function rememberSecret(value: string): boolean {
  const secret = value.trim();
  if (secret.length < SHORTEST_SECRET || secrets.has(secret)) return false;
  secrets.add(secret);
  matcher = null;
  return true;
}

/** Whether what stands in a field must be masked: by type, `autocomplete`, name and label. */
export function sensitivityOf(field: Element): Sensitivity | null {
  const label = labelOf(field) || field.getAttribute('aria-label') || '';
  const found = isSensitiveField({
    name: field.getAttribute('name') ?? '',
    id: field.id,
    type: field.getAttribute('type') ?? '',
    autocomplete: field.getAttribute('autocomplete') ?? '',
    label: label || (field.getAttribute('placeholder') ?? ''),
  });
  if (found) return { placeholder: `[${found}]`, mask: maskOf(found) };
  if (!isTextField(field)) return null;
  const token = field.getAttribute('autocomplete')?.trim().split(/\s+/).at(-1) ?? '';
  if (NAME_TOKENS.test(token) || NAME_LABEL.test(label)) {
    return { placeholder: '[NAME]', mask: 'PERSONAL' };
  }
  if (ADDRESS_TOKENS.test(token) || ADDRESS_LABEL.test(label)) {
    return { placeholder: '[ADDRESS]', mask: 'PERSONAL' };
  }
  return null;
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

/** Fields with something in them that must not be seen. */
export function filledSensitiveFields(): { field: Element; sensitivity: Sensitivity }[] {
  const found = [];
  for (const field of queryAll('input,textarea,select,[contenteditable]')) {
    if (rawValueOf(field) === '') continue;
    const sensitivity = sensitivityOf(field);
    if (sensitivity) found.push({ field, sensitivity });
  }
  return found;
}

/** Learns what stands in personal fields right now, so that an echo of it is known too. */
export function learnSecrets(): void {
  for (const { field, sensitivity } of filledSensitiveFields()) {
    if (!isTextField(field)) continue;
    const value = rawValueOf(field);
    // `Thank you, Jane.` is an echo of the whole name.
    const words = sensitivity.placeholder === '[NAME]' ? value.split(/\s+/) : [];
    for (const secret of [value, ...words]) if (rememberSecret(secret)) announce(secret.trim());
  }
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
  if (matcher || secrets.size === 0) return matcher;
  const forms = [...secrets].flatMap((secret) => {
    const encoded = encodeURIComponent(secret);
    return [secret, encoded, encoded.replaceAll('%20', '+')];
  });
  const patterns = [...new Set(forms)]
    .sort((a, b) => b.length - a.length)
    .map((form) => RegExp.escape(form).replaceAll('\\x20', '\\s+'));
  matcher = new RegExp(`(?<![\\p{L}\\p{N}])(?:${patterns.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
  return matcher;
}
