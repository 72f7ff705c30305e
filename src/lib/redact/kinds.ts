/** What a detector can recognise. The name is also the placeholder's text. */
export type PersonalDataKind =
  | 'EMAIL'
  | 'PHONE'
  | 'CARD'
  | 'IBAN'
  | 'SSN'
  | 'IP'
  | 'JWT'
  | 'TOKEN'
  | 'PASSWORD';

/** One find: UTF-16 offsets into the searched text, `end` exclusive. */
export interface Find {
  kind: PersonalDataKind;
  start: number;
  end: number;
}

/** A stretch that is nothing but one of our placeholders, with what may follow it. */
const ONLY_PLACEHOLDER =
  /^\[(?:EMAIL|PHONE|CARD|IBAN|SSN|IP|JWT|TOKEN|PASSWORD)\][.,;:!?)\]}\\]*(?:#.*)?$/s;

/** Every placeholder in a text. */
export const PLACEHOLDERS = /\[(?:EMAIL|PHONE|CARD|IBAN|SSN|IP|JWT|TOKEN|PASSWORD)\]/g;

export function placeholderOf(kind: PersonalDataKind): string {
  return `[${kind}]`;
}

export function isPlaceholder(text: string): boolean {
  return text.charCodeAt(0) === 0x5b && ONLY_PLACEHOLDER.test(text);
}
