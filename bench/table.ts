/** A cell; `null` is what was not or cannot be measured. */
export type Cell = string | number | null;

/**
 * A table for people: the first column to the left, the others to the right.
 *
 * @param rows a row of one cell is a heading
 */
export function tableOf(title: string, head: string[], rows: Cell[][]): string {
  const lines = [head, ...rows.map((row) => row.map(textOf))];
  const widths = head.map((_, column) =>
    Math.max(
      ...lines.filter(({ length }) => length > 1).map((line) => (line[column] ?? '').length),
    ),
  );
  const written = lines.map((line) =>
    line
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [title, rule, written[0], rule, ...written.slice(1), ''].join('\n');
}

/** Three figures that count, as `12,300`, `4.21`, `0.123`. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function textOf(cell: Cell): string {
  if (cell === null) return '–';
  return typeof cell === 'number' ? rounded(cell) : cell;
}
