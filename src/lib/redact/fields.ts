import type { PersonalDataKind } from './kinds.ts';
import { kindOfLabel } from './names.ts';

export interface FieldDescription {
  name?: string;
  id?: string;
  /** The `type` attribute of an input. */
  type?: string;
  /** The `autocomplete` attribute: a list of tokens, or `on` and `off`. */
  autocomplete?: string;
  label?: string;
}

/** Inputs that hold a choice or start an action; `Show password` is a checkbox. */
const NO_TEXT = /^(?:checkbox|radio|button|submit|reset|image|range|color|file)$/i;

/**
 * Whether what people type here must be masked, and as what; `null` when neither the type, nor
 * `autocomplete`, nor the name, id or label says so.
 *
 * The meaning of the tokens: HTML Living Standard, "Autofill",
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill-field. Only the
 * field name counts; `section-*`, `shipping`, `billing`, `home`, `work` and `webauthn` do not.
 */
export function isSensitiveField(field: FieldDescription): PersonalDataKind | null {
  const { name, id, type, autocomplete, label } = field;
  if (type) {
    if (NO_TEXT.test(type)) return null;
    if (/^password$/i.test(type)) return 'PASSWORD';
  }
  return (
    (autocomplete ? kindOfAutocomplete(autocomplete) : null) ??
    (type && /^email$/i.test(type) ? 'EMAIL' : null) ??
    (type && /^tel$/i.test(type) ? telephoneKind(field) : null) ??
    (name ? kindOfLabel(name) : null) ??
    (id ? kindOfLabel(id) : null) ??
    (label ? kindOfLabel(label) : null)
  );
}

/** Shops use `type=tel` for the digits keyboard, on card and code fields too. */
function telephoneKind({ name, id, label }: FieldDescription): PersonalDataKind {
  const named = kindOfLabel(name ?? '') ?? kindOfLabel(id ?? '') ?? kindOfLabel(label ?? '');
  return named ?? 'PHONE';
}

function kindOfAutocomplete(tokens: string): PersonalDataKind | null {
  for (const token of tokens.slice(0, 500).toLowerCase().split(/\s+/)) {
    if (token === 'current-password' || token === 'new-password' || token === 'one-time-code') {
      return 'PASSWORD';
    }
    if (token.startsWith('cc-')) return 'CARD';
    if (token === 'email') return 'EMAIL';
    if (token === 'tel' || token.startsWith('tel-')) return 'PHONE';
  }
  return null;
}
