import type { TokenChance } from '../../platform/model.ts';

/** Only the ref of the last call is looked at: a model may think aloud before it. */
const refValue = /"ref"\s*:\s*"([^"]*)/g;

/**
 * How likely a chat model held each candidate to be, from the probabilities of the tokens that spell the ref: at
 * each of them what else it might have written leads to other refs. Tokens may be whole refs or parts of them;
 * what an alternative begins and several refs continue is shared among these. Pure.
 *
 * @param tokens of the whole answer, each with the likeliest alternatives
 * @returns the chosen ref first, then the others that came up, likeliest first, each 0 to 1, in all 1 at most;
 *   `null` where the tokens do not spell the chosen ref
 */
export function chancesFrom(
  tokens: readonly TokenChance[],
  chosen: string,
  refs: readonly string[],
): { ref: string; confidence: number }[] | null {
  const text = tokens.map(({ token }) => token).join('');
  const found = [...text.matchAll(refValue)].at(-1);
  if (!found || found[1] !== chosen) return null;
  const start = found.index + found[0].length - chosen.length;
  const end = start + chosen.length;
  const chances = new Map<string, number>(refs.map((ref) => [ref, 0]));
  let [at, before] = [0, 1];
  for (const { token, logprob, top } of tokens) {
    const from = at;
    at += token.length;
    // The token after the ref counts, too: it tells `e1` from what might have become `e12`.
    if (at <= start || from > end) continue;
    const prefix = text.slice(start, Math.max(start, from));
    const lead = token.slice(0, Math.max(0, start - from));
    for (const other of top) {
      if (other.token === token || !other.token.startsWith(lead)) continue;
      const guess = prefix + other.token.slice(lead.length);
      const [word = ''] = guess.split('"', 1);
      const meant = guess.includes('"')
        ? refs.filter((ref) => ref === word)
        : refs.filter((ref) => word !== '' && ref.startsWith(word));
      for (const ref of meant) add(chances, ref, (before * Math.exp(other.logprob)) / meant.length);
    }
    before *= Math.exp(logprob);
  }
  add(chances, chosen, before);
  const others = [...chances]
    .filter(([ref, chance]) => ref !== chosen && chance > 0)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([ref, confidence]) => ({ ref, confidence: Math.min(1, confidence) }));
  return [{ ref: chosen, confidence: Math.min(1, chances.get(chosen) ?? 0) }, ...others];
}

function add(chances: Map<string, number>, ref: string, chance: number): void {
  chances.set(ref, (chances.get(ref) ?? 0) + chance);
}
