import { limits } from '../../src/contract/limits.ts';
import { redactText } from '../../src/lib/redact/text.ts';
import { redactUrl } from '../../src/lib/redact/url.ts';
import type { Memory } from './memory.ts';

const key = 'secrets';
/** Shorter ones are found everywhere by accident. */
const shortest = 4;
const mostSecrets = 500;

/** What was typed into personal fields in this session, kept in memory only. */
export function openSecrets(memory: Memory) {
  let matcher: RegExp | null = null;
  const known = () => memory.get<string[]>(key) ?? [];

  const hide = (text: string): string => {
    matcher ??= matcherOf(known());
    return matcher ? text.replace(matcher, '[PERSONAL]') : text;
  };

  return {
    list: known,

    /** @returns whether one of them was new */
    async learn(values: string[]): Promise<boolean> {
      const before = new Set(known());
      const fresh = values.map((value) => value.trim()).filter((value) => value.length >= shortest);
      const all = new Set([...before, ...fresh]);
      if (all.size === before.size) return false;
      matcher = null;
      await memory.set(key, [...all].slice(-mostSecrets));
      return true;
    },

    async forget(): Promise<void> {
      matcher = null;
      await memory.remove([key]);
    },

    cleanUrl: (url: string): string => redactUrl(hide(url)).slice(0, limits.urlChars),
    cleanText: (text: string): string => redactText(hide(text)).slice(0, limits.nameChars),
  };
}

export type Secrets = ReturnType<typeof openSecrets>;

/** Whole words only: `Anna` is not hidden in `Savannah`. Also as they are written in addresses. */
function matcherOf(secrets: string[]): RegExp | null {
  if (secrets.length === 0) return null;
  const forms = secrets.flatMap((secret) => {
    const encoded = encodeURIComponent(secret.toWellFormed());
    return [secret, encoded, encoded.replaceAll('%20', '+')];
  });
  const patterns = [...new Set(forms)]
    .sort((a, b) => b.length - a.length)
    .map((form) => RegExp.escape(form).replaceAll('\\x20', '\\s+'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${patterns.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}
