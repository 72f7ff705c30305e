import { createHash } from 'node:crypto';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Connection } from '../client/connection.ts';
import {
  type DatasetSplit,
  ExportDatasetDocument,
  ExportFilesDocument,
  type ExportFilesQuery,
  type ExportFormat,
  ExportSessionDocument,
  ExportStateDocument,
} from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { bytes, count, print, printJson } from './print.ts';
import { openBoard } from './progress.ts';
import { withServer } from './server.ts';
import { until } from './until.ts';

const formats: Record<string, string> = {
  OPENAI_CHAT: 'OpenAI chat fine-tuning, a JSON object a line',
  OPENAI_CHAT_VISION: 'the same with the picture from before each action',
  OPENAI_DPO: 'OpenAI preference pairs',
  MIND2WEB: 'Mind2Web tasks, and rows with pictures',
  CHROME_RECORDER: 'Chrome Recorder JSON, for replay',
  PLAYWRIGHT: 'a Playwright test, with a fixture for masked values',
  PARQUET: 'Parquet, a row a step, with a Hugging Face card',
  AGENTNET: 'AgentNet trajectories, and their pictures',
  BROWSER_USE: 'browser-use histories',
};
const downloadTries = 5;

type File = NonNullable<NonNullable<ExportFilesQuery['export']>['files']['nodes'][number]>;

/** What `--format` takes. */
export function formatOption(): Option {
  return new Option('--format <format>', 'in which format; see below')
    .choices(Object.keys(formats))
    .default('OPENAI_CHAT');
}

/** The formats, for `--help`. */
export const formatHelp = Object.entries(formats)
  .map(([name, words]) => `  ${name.padEnd(20)}${words}`)
  .join('\n');

/** `codesight export SESSION` */
export function addExport(program: Command): void {
  const command = program
    .command('export')
    .argument('<session>', 'id of a session that is READY')
    .summary('write one session as a file of training data, a replay or a test')
    .description(
      'Writes one session in a format of your choice. Datasets: codesight dataset export.',
    )
    .addOption(formatOption())
    .option('--out <path>', 'file; a folder where there are several files. Default: by its format')
    .option('--json', 'what was written as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Formats:
${formatHelp}

Examples:
  codesight export 0199… --out session.jsonl
  codesight export 0199… --format CHROME_RECORDER --out replay.json
  codesight export 0199… --format PLAYWRIGHT --out tests/`,
    )
    .action(async (sessionId: string, _options: unknown, self: Command) => {
      const options = allOptions<{ format: ExportFormat; out?: string; json?: boolean }>(self);
      const { format, out, json: isQuiet = false } = options;
      const interrupt = openInterrupt();
      try {
        await withServer(
          options,
          interrupt.signal,
          async (connection) => {
            const files = await makeFiles(
              connection,
              { sessionId, format },
              interrupt.signal,
              isQuiet,
            );
            const written = await download(
              connection,
              files,
              out ?? `${sessionId}/`,
              interrupt.signal,
            );
            tell(written, isQuiet);
          },
          ['READ'],
        );
      } finally {
        interrupt.close();
      }
    });
}

/** Has files made and waits for them. */
export async function makeFiles(
  connection: Connection,
  what:
    | { sessionId: string; format: ExportFormat }
    | { datasetId: string; format: ExportFormat; splits?: DatasetSplit[] },
  signal: AbortSignal,
  isQuiet: boolean,
): Promise<File[]> {
  const id = newId();
  const answer =
    'sessionId' in what
      ? (await connection.run(ExportSessionDocument, { input: { id, ...what } }, signal))
          .exportSession
      : (await connection.run(ExportDatasetDocument, { input: { id, ...what } }, signal))
          .exportDataset;
  if (answer.__typename !== 'DatasetExport') throw new CommandError(answer.message);
  const board = isQuiet ? null : openBoard();
  try {
    const line = board?.line('Export');
    const ended = await until(signal, async () => {
      const row = (await connection.run(ExportStateDocument, { id }, signal)).export;
      line?.set(row?.progress ?? 0, row?.message ?? '');
      return row && !/^(QUEUED|RUNNING)$/.test(row.state) ? row : null;
    });
    line?.end(ended.message ?? ended.state, { isBad: ended.state !== 'SUCCEEDED' });
    if (ended.state !== 'SUCCEEDED')
      throw new CommandError(`The export ${ended.state}: ${ended.error}`);
  } finally {
    board?.close();
  }
  const files: File[] = [];
  for (let after: string | null = null; ; ) {
    const { export: row }: ExportFilesQuery = await connection.run(
      ExportFilesDocument,
      { id, after },
      signal,
    );
    files.push(...(row?.files.nodes ?? []).filter((node) => node !== null));
    if (!row?.files.pageInfo.hasNextPage) return files;
    after = row.files.pageInfo.endCursor ?? null;
  }
}

/**
 * Downloads files and checks them; a download that is cut goes on where it was.
 *
 * @param out a file when there is one only and this does not end in a slash, else a folder
 */
export async function download(
  connection: Pick<Connection, 'url'>,
  files: readonly File[],
  out: string,
  signal: AbortSignal,
): Promise<{ path: string; bytes: number; records: number }[]> {
  const isFolder =
    files.length !== 1 || out.endsWith('/') || (await stat(out).catch(() => null))?.isDirectory();
  const written: { path: string; bytes: number; records: number }[] = [];
  for (const file of files) {
    const path = isFolder ? join(out, file.path) : out;
    await mkdir(dirname(path), { recursive: true });
    await fetchFile(connection, file, path, signal);
    written.push({ path, bytes: Number(file.bytes), records: Number(file.records) });
  }
  return written;
}

/** Says what was written. */
export function tell(
  written: readonly { path: string; bytes: number; records: number }[],
  isQuiet: boolean,
): void {
  if (isQuiet) printJson(written);
  else
    for (const { path, bytes: size, records } of written)
      print(`  ${path}  ${bytes(size)}${records > 0 ? `, ${count(records, 'record')}` : ''}`);
}

async function fetchFile(
  { url }: Pick<Connection, 'url'>,
  file: File,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  if (!file.url) throw new CommandError(`Expected ${file.path} to be whole, it is not.`);
  const hash = createHash('sha256');
  const handle = await open(`${path}.part`, 'w', 0o600);
  let have = 0;
  try {
    for (let tries = 1; have < Number(file.bytes); tries++) {
      try {
        const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
        const response = await fetch(url + file.url, { headers, signal });
        if (!response.ok || !response.body)
          throw new CommandError(`Expected ${file.path}, got status ${response.status}.`);
        for await (const part of response.body) {
          await handle.writeFile(part);
          hash.update(part);
          have += part.length;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (tries >= downloadTries || error instanceof CommandError) throw error;
      }
    }
  } finally {
    await handle.close();
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== file.sha256)
    throw new CommandError(`Expected ${file.path} with SHA-256 ${file.sha256}, got ${sha256}.`);
  await rename(`${path}.part`, path);
}
