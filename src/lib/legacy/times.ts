/** Instants before 2000 or from 2100 on are taken for something else than a time. */
const EARLIEST = Date.UTC(2000, 0);
const LATEST = Date.UTC(2100, 0) - 1;

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * The instant in milliseconds since 1970, or `null` when the value is none between 2000 and 2099.
 *
 * Takes milliseconds and seconds since 1970 (their ranges do not meet), both also as a string, and ISO
 * 8601. An ISO time without a zone is taken as UTC, so that the answer does not depend on the machine.
 */
export function instantOf(value: unknown): number | null {
  if (typeof value === 'number') return instantOfNumber(value);
  if (typeof value !== 'string') return null;
  if (/^\d{9,13}(\.\d+)?$/.test(value)) return instantOfNumber(Number(value));
  const iso = ISO.exec(value);
  if (!iso) return null;
  const [, date, time = '00:00', zone = 'Z'] = iso;
  return within(Date.parse(`${date}T${time}${zone.toUpperCase()}`));
}

/** Whether the instant gives the written value back, so that the value need not be kept. */
export function isExactInstant(value: unknown, instant: number): boolean {
  return value === instant || value === new Date(instant).toISOString();
}

function instantOfNumber(value: number): number | null {
  return within(Math.floor(value)) ?? within(Math.floor(value * 1000));
}

function within(instant: number): number | null {
  return instant >= EARLIEST && instant <= LATEST ? instant : null;
}
