import { redactDeep } from '../lib/redact/deep.ts';
import { isSensitiveField } from '../lib/redact/fields.ts';
import { redactText } from '../lib/redact/text.ts';
import { redactUrl } from '../lib/redact/url.ts';

/** What of an interaction tells which field it was about. */
type FieldBearing = {
  value?: string | null;
  key?: string | null;
  target?: {
    name?: string | null;
    text?: string | null;
    value?: string | null;
    attributes?: unknown;
  } | null;
};

/**
 * The interaction without personal data. The server trusts no client: what the recorder should have
 * masked is masked again, by field where the target is a sensitive one, by pattern everywhere. Of the
 * keys pressed in such a field those that type something are masked; together they are the value.
 * Answers with the same object where nothing was found.
 */
export function redactInteraction<T extends FieldBearing>(interaction: T): T {
  const { target, key } = interaction;
  const isTyped = key ? [...key].length === 1 : false;
  const attributes = isRecord(target?.attributes) ? target.attributes : {};
  const kind =
    target && (isTyped || interaction.value || target.value)
      ? isSensitiveField({
          name: textOf(attributes.name),
          id: textOf(attributes.id),
          type: textOf(attributes.type),
          autocomplete: textOf(attributes.autocomplete),
          label: target.name ?? undefined,
        })
      : null;
  if (!kind) return redactDeep(interaction);
  const placeholder = `[${kind}]`;
  return redactDeep({
    ...interaction,
    value: interaction.value ? placeholder : interaction.value,
    ...(isTyped ? { key: placeholder } : {}),
    target: {
      ...target,
      text: target?.text ? placeholder : target?.text,
      value: target?.value ? placeholder : target?.value,
      attributes:
        'value' in attributes ? { ...attributes, value: placeholder } : target?.attributes,
    },
  });
}

/** A page address without secrets and personal data. */
export function redactAddress(url: string): string {
  return redactUrl(url);
}

/** Free text without personal data; `null` stays `null`. */
export function redactWords(text: string): string;
export function redactWords(text: string | null | undefined): string | null;
export function redactWords(text: string | null | undefined): string | null {
  return text == null ? null : redactText(text);
}

/** Any JSON without personal data. */
export function redactJson<T>(value: T): T {
  return redactDeep(value);
}

/** The HTML of a page snapshot without what the detectors know. Markup stays markup: no detector matches `<`, `>` or quotes. */
export function redactHtml(html: string): string {
  return redactText(html);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
