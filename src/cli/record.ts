import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type Capture, startCapture } from '../client/capture.ts';
import type { Connection } from '../client/connection.ts';
import { type Played, resendFrom } from '../client/play.ts';
import { readRecording, writeRecording } from '../record/recording.ts';
import { loadScript, type RecordScript } from '../record/script.ts';
import type { Sink } from '../record/sink.ts';
import type { Summary } from '../record/summary.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { finish, requireProcessed } from './finish.ts';
import { addServerOptions, allOptions } from './options.ts';
import { bytes, count, note, print, printJson } from './print.ts';
import { type ServerOptions, withServer } from './server.ts';

type RecordOptions = {
  out?: string;
  headed?: boolean;
  browser?: string;
  searchPath?: string;
  task?: string;
  json?: boolean;
  wait: boolean;
};

/** `codesight record SCRIPT` */
export function addRecord(program: Command): void {
  const command = program
    .command('record')
    .argument('<script>', 'a module that exports `task`, `url` or `open()`, and `run(page, url)`')
    .summary('record what a Playwright script does, as the extension records a person')
    .description(
      'Runs a Playwright script in Chromium and records it: interactions, pictures and pages, masked. Goes straight to the server, or into a folder with --out.',
    )
    .option('--out <dir>', 'write a recording there, and send nothing unless --url is given, too')
    .option('--task <words>', 'what is to be done, in words; else as the script says')
    .option('--headed', 'show the browser')
    .option('--browser <path>', 'program of the browser; else the first Chromium that is found')
    .addOption(new Option('--search-path <folders>').env('PATH').hideHelp())
    .option('--no-wait', 'do not wait for processing')
    .option('--json', 'the outcome as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  codesight record examples/shop/buy-a-jacket.ts
  codesight record examples/shop/buy-a-jacket.ts --out ./recording && codesight play ./recording
  codesight record my-task.ts --headed --task "Find the cheapest flight"`,
    )
    .action((script: string, _options: unknown, self: Command) => record(script, self));
}

async function record(path: string, command: Command): Promise<void> {
  const options = allOptions<RecordOptions>(command);
  const { out, browser, searchPath, task, headed = false } = options;
  const loaded = await loadScript(path);
  const script: RecordScript = { ...loaded, task: task ?? loaded.task };
  const isMoving = process.stdout.isTTY && !options.json;
  const run = async (sink: Sink): Promise<Summary> => {
    // Loaded only here: other commands need no browser.
    const { findChromium } = await import('../record/browser.ts');
    const { recordScript } = await import('../record/recorder.ts');
    const executablePath = findChromium(browser, searchPath);
    const onProgress = isMoving ? showProgress : undefined;
    try {
      return await recordScript(script, {
        out: sink,
        executablePath,
        headless: !headed,
        onProgress,
      });
    } finally {
      if (isMoving) process.stdout.write('\r\u001b[K');
    }
  };
  if (out && !options.url) {
    const summary = await run(writeRecording(out));
    if (options.json) printJson({ ...summary, folder: out });
    else print(`${describeSummary(summary)} are in ${out}. Send them with: codesight play ${out}`);
    return;
  }
  await recordToServer(options, run);
}

/** Writes a folder beside, so that nothing is lost when the server cannot be reached to the end. */
async function recordToServer(
  options: RecordOptions & ServerOptions,
  run: (sink: Sink) => Promise<Summary>,
): Promise<void> {
  const { wait, json: isQuiet = false } = options;
  const folder = options.out ?? (await mkdtemp(join(tmpdir(), 'codesight-recording-')));
  const interrupt = openInterrupt();
  const { signal } = interrupt;
  let isWritten = false;
  try {
    await withServer(options, signal, async (connection, server) => {
      const stream = streamTo(connection, folder, signal);
      const summary = await run(
        both(writeRecording(folder), stream.sink, () => {
          isWritten = true;
        }),
      );
      if (!isQuiet) print(`${describeSummary(summary)} have arrived.`);
      const outcome = await finish(connection, stream.played(), { wait, signal, isQuiet, server });
      if (isQuiet) printJson(outcome);
      requireProcessed([outcome]);
    });
    if (!options.out) await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if (isWritten) note(`The recording is kept. Send it again with: codesight play ${folder}`);
    else if (!options.out) await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    interrupt.close();
  }
}

/** Streams to the server what the recorder sees, while it sees it. */
function streamTo(connection: Connection, folder: string, signal: AbortSignal) {
  let capture: Capture | null = null;
  let ended: Played | null = null;
  const started = (): Capture => {
    if (!capture) throw new CommandError('Expected the recorder to start before it sends.');
    return capture;
  };
  const sink: Sink = {
    async start(session) {
      capture = await startCapture(connection, session, {
        signal,
        onWait: (message) => note(message),
      });
    },
    interaction: (item) => started().interaction(item),
    screenshot: (item, body) => started().screenshot(item, async () => body),
    snapshot: (item, body) => started().snapshot(item, async () => body),
    async end(endedAt) {
      const resend = resendFrom(await readRecording(folder));
      const state = await started().end(endedAt, resend);
      const { sessionId, tally } = started();
      ended = { ...tally, sessionId, state, isRepeat: false };
    },
  };
  return {
    sink,
    played(): Played {
      if (!ended) throw new CommandError('Expected the recorder to end the session.');
      return ended;
    },
  };
}

/** One sink after the other; the second one may read what the first one wrote. */
function both(first: Sink, second: Sink, onWritten: () => void): Sink {
  return {
    async start(session) {
      await first.start(session);
      await second.start(session);
    },
    async interaction(item) {
      await first.interaction(item);
      await second.interaction(item);
    },
    async screenshot(item, body) {
      await first.screenshot(item, body);
      await second.screenshot(item, body);
    },
    async snapshot(item, body) {
      await first.snapshot(item, body);
      await second.snapshot(item, body);
    },
    async end(endedAt) {
      await first.end(endedAt);
      onWritten();
      await second.end(endedAt);
    },
  };
}

function describeSummary({
  interactions,
  screenshots,
  snapshots,
  screenshotBytes,
  snapshotBytes,
}: Summary): string {
  return `${count(interactions, 'interaction')}, ${count(screenshots, 'picture')} and ${count(snapshots, 'page')} (${bytes(screenshotBytes + snapshotBytes)})`;
}

/** On one line of a terminal, which the next one replaces. */
function showProgress(summary: Summary): void {
  process.stdout.write(`\r\u001b[K  Recording: ${describeSummary(summary)}`);
}
