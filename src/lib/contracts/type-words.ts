import type { Deviation } from './check.ts';

const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];
const words = new Set([
  ...types,
  ...['present', 'absent', 'undefined', 'a larger number', 'a smaller number'],
]);

/**
 * The deviation with types only: what a checker says of them in other words might be a value, and becomes
 * `other`. Of keywords only what can be one is kept.
 */
export function typesOnly<T extends Deviation>(deviation: T): T {
  const { keyword, expected, actual } = deviation;
  return {
    ...deviation,
    keyword: /^[$A-Za-z][A-Za-z0-9_-]*$/.test(keyword) ? keyword : keyword && 'other',
    expected: typeWords(expected),
    actual: typeWords(actual),
  };
}

function typeWords(said: string): string {
  const parts = said.split(/\s*(?:[|,]|\bor\b)\s*/);
  return said === '' || parts.every((part) => words.has(part) || /^one of \d+$/.test(part))
    ? said
    : 'other';
}
