import type { SessionStep } from '../session-steps.ts';

type Selector = NonNullable<SessionStep['selectors']>[number];

/** From the most to the least likely to find the same element after a change of the page. */
const order = ['TEST_ID', 'ROLE_NAME', 'LABEL', 'ID', 'TEXT', 'CSS', 'XPATH', 'STRUCTURAL'];

/** Selectors that named one element when they were recorded, the most lasting first. */
export function lastingSelectors({ selectors }: SessionStep): Selector[] {
  const unique = (selectors ?? []).filter(
    ({ strategy, matchCount }) => strategy !== 'OTHER' && (matchCount ?? 1) === 1,
  );
  return unique.toSorted((a, b) => order.indexOf(a.strategy) - order.indexOf(b.strategy));
}

/** The parts of `role[name="…"]`, with the scope before ` >> ` where there is one; `null` for another form. */
export function readRoleName(
  value: string,
): { scope: string | null; role: string; name: string | null } | null {
  const cut = value.lastIndexOf(' >> ');
  const scope = cut < 0 ? null : value.slice(0, cut);
  const match = /^([a-z]+)(?:\[name=("(?:[^"\\]|\\.)*")\])?$/.exec(
    cut < 0 ? value : value.slice(cut + 4),
  );
  if (!match?.[1]) return null;
  return { scope, role: match[1], name: match[2] ? (JSON.parse(match[2]) as string) : null };
}

/** Names of values that the recorder masked, such as `NAME` for `[NAME]`. */
export function maskedIn(value: string): string[] {
  return [...value.matchAll(/\[([A-Z][A-Z0-9_]*)\]/g)].map((match) => match[1] as string);
}
