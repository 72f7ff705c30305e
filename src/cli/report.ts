import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Connection } from '../client/connection.ts';
import { SessionReportDocument, type SessionReportQuery } from '../generated/client/graphql.ts';
import { CommandError } from './failure.ts';
import { bar, bytes, count, paint, print, printable, width, wrap } from './print.ts';

export type Report = NonNullable<SessionReportQuery['session']>;

type Quality = NonNullable<Report['quality']>;

const issuesShown = 6;
const exampleLines = 70;
const lastLines = 12;
const downloadTimeoutMs = 60_000;

/** @throws {CommandError} the session is gone */
export async function readReport(
  connection: Connection,
  id: string,
  signal: AbortSignal,
): Promise<Report> {
  const { session } = await connection.run(SessionReportDocument, { id }, signal);
  if (!session) throw new CommandError(`Expected session ${id}, the server has it no more.`);
  return session;
}

export function printQuality({ quality }: Report): void {
  if (!quality) {
    print('  There is no quality report.');
    return;
  }
  const rows: [string, number][] = [
    ['Completeness', quality.completeness],
    ['Reliability', quality.reliability],
    ['Accuracy', quality.accuracy],
  ];
  print(
    `  ${paint.strong('Score'.padEnd(16))}${bar(quality.score)}  ${paint.strong(quality.score.toFixed(2))}  of 1`,
  );
  for (const [name, share] of rows) print(`  ${name.padEnd(16)}${bar(share)}  ${share.toFixed(2)}`);
  printIssues(quality.issues);
}

export function printStorage({ storage }: Report): void {
  const original = Number(storage.originalBytes);
  const stored = Number(storage.storedBytes);
  if (original === 0) return;
  const share = 1 - stored / original;
  const saving = share > 0 ? `${Math.round(share * 100)} % less` : 'no less';
  print(
    `  ${bytes(original)} as the recorder sent them → ${bytes(stored)} stored, sealed: ${saving}`,
  );
}

export function printFirstExample({ examples }: Report): void {
  const [example] = examples.nodes;
  if (!example) {
    print('  There are no examples.');
    return;
  }
  const lines = printable(example.text).trimEnd().split('\n');
  const columns = width() - 4;
  const show = (line: string): void =>
    print(
      `  ${paint.faint('│')} ${line.length > columns ? `${line.slice(0, columns - 1)}…` : line}`,
    );
  const left = lines.length - exampleLines;
  // The answer stands at the end.
  const kept = left > 0 ? lines.slice(0, exampleLines - lastLines) : lines;
  for (const line of kept) show(line);
  if (left > 0) show(`… ${count(left, 'line')} more`);
  if (left > 0) for (const line of lines.slice(-lastLines)) show(line);
}

/** What was downloaded and checked. */
export type Download = { path: string; lines: number; bytes: number };

/**
 * Fetches the session's training data and checks it: its checksum, and that every line is JSON.
 *
 * @returns `null` when there is none
 * @throws {CommandError} the file is not as the server described it
 */
export async function downloadTraining(
  { exports }: Report,
  connection: Pick<Connection, 'url'>,
  path: string,
  signal: AbortSignal,
): Promise<Download | null> {
  const [found] = exports;
  if (!found) return null;
  const response = await fetch(connection.url + found.url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)]),
  });
  const body = Buffer.from(await response.arrayBuffer());
  if (!response.ok)
    throw new CommandError(
      `Expected the training data, got status ${response.status}: ${body.toString().slice(0, 200)}`,
    );
  const sha256 = createHash('sha256').update(body).digest('hex');
  if (sha256 !== found.sha256)
    throw new CommandError(`Expected training data with SHA-256 ${found.sha256}, got ${sha256}.`);
  const lines = body.toString('utf8').split('\n').filter(Boolean);
  for (const [index, line] of lines.entries())
    if (!isJson(line))
      throw new CommandError(
        `Expected JSON on every line, got something else on line ${index + 1}.`,
      );
  if (lines.length !== found.examples)
    throw new CommandError(
      `Expected ${found.examples} lines of training data, got ${lines.length}.`,
    );
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body, { mode: 0o600 });
  return { path, lines: lines.length, bytes: body.length };
}

function printIssues(issues: Quality['issues']): void {
  if (issues.length === 0) {
    print(`  ${paint.good('No issues.')}`);
    return;
  }
  print();
  for (const { severity, count: found, message, advice, sequences } of issues.slice(
    0,
    issuesShown,
  )) {
    const mark =
      severity === 'HIGH'
        ? paint.bad('HIGH  ')
        : severity === 'MEDIUM'
          ? paint.warn('MEDIUM')
          : 'LOW   ';
    const steps = sequences.slice(0, 8).join(', ') + (found > 8 ? ', …' : '');
    const where = sequences.length > 0 ? ` (${found === 1 ? 'step' : 'steps'} ${steps})` : '';
    const [first = '', ...others] = wrap(`${printable(message)}${where}`, width() - 12);
    print(`  ${mark}  ${first}`);
    for (const line of others) print(`          ${line}`);
    for (const [index, line] of wrap(printable(advice), width() - 14).entries())
      print(`          ${paint.faint(index === 0 ? '→' : ' ')} ${paint.faint(line)}`);
  }
  if (issues.length > issuesShown)
    print(`  … and ${count(issues.length - issuesShown, 'issue')} more.`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
