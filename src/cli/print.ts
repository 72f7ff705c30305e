import { styleText } from 'node:util';

/** Writes to standard output; results go there, and nothing else. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Writes to standard error: what is going on, beside a result that a machine reads. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export const paint = {
  strong: (text: string) => styleText('bold', text),
  faint: (text: string) => styleText('dim', text),
  good: (text: string) => styleText('green', text),
  warn: (text: string) => styleText('yellow', text),
  bad: (text: string) => styleText('red', text),
  bar: (text: string) => styleText('cyan', text),
};

/** Columns that text may use: the terminal's, within reason. */
export function width(): number {
  return Math.min(110, Math.max(60, process.stdout.columns ?? 100));
}

/** Milliseconds as `0.4 s` or `2 min 05 s`. */
export function seconds(ms: number): string {
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** A size with three digits, in units of 1,000. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  const [size, unit] = count < 999_500 ? [count / 1e3, 'KB'] : [count / 1e6, 'MB'];
  return `${size < 10 ? size.toFixed(1) : Math.round(size).toLocaleString('en')} ${unit}`;
}

/** `1 page`, `2 pages`, `1,200 pages`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** @param share 0 to 1 */
export function bar(share: number, cells = 20): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return paint.bar('█'.repeat(full)) + paint.faint('░'.repeat(cells - full));
}

/** Breaks text into lines of at most so many columns, between words where there are any. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) lines.push(line);
  return lines;
}

/** Rows as columns; the last one takes what is left of the width and breaks. */
export function table(rows: string[][], gap = 2): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const before = widths.slice(0, -1).reduce((sum, columns) => sum + columns + gap, 0);
  const left = Math.max(30, width() - before);
  return rows
    .flatMap((row) => {
      const start = row
        .slice(0, -1)
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap));
      const [first = '', ...others] = wrap(row.at(-1) ?? '', left);
      return [start.join('') + first, ...others.map((line) => ' '.repeat(before) + line)];
    })
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Text of others must neither break a line nor steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '�');
}
