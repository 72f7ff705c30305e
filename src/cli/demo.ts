import { join, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Connection } from '../client/connection.ts';
import { renewed } from '../client/renew.ts';
import { type Source, sizeOf } from '../client/source.ts';
import { runProcess } from '../door.ts';
import { ViewerDocument } from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { readRecording } from '../record/recording.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { bytes, count, paint, print, printable, seconds, width, wrap } from './print.ts';
import { describeState, follow } from './processing.ts';
import {
  downloadTraining,
  printFirstExample,
  printQuality,
  printStorage,
  readReport,
} from './report.ts';
import { describeLosses, describeSize, send } from './sending.ts';
import {
  logFileIn,
  type Reached,
  reachServer,
  type ServerOptions,
  withConnection,
} from './server.ts';

type DemoOptions = { exit?: boolean; fresh?: boolean; full?: boolean; perShop: string };

const recordingDir = resolve(import.meta.dirname, '../../examples/shop/recording');

/** `codesight demo` */
export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .summary('see the main job done: a recorded session becomes training data')
    .description(
      'Plays a recorded session into the server exactly as the extension would, follows every stage, and shows what came of it. Starts everything itself unless a server runs on the data folder.',
    )
    .option('--full', 'go on: dataset, training, evaluation, gate, deployment, a prediction')
    .addOption(new Option('--per-shop <number>', 'generated sessions').default('6').hideHelp())
    .option('--fresh', 'play the recording as a new session')
    .option('--exit', 'stop what was started when everything has been shown');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  codesight demo            a second one shows the same result and sends nothing again
  codesight demo --fresh    plays the recording as a new session
  codesight demo --full     goes on to a model that is proved better, in two minutes
  codesight demo --exit     for scripts: ends when everything has been shown`,
    )
    .action((_options: unknown, self: Command) => demo(allOptions<DemoOptions>(self)));
}

async function demo(options: DemoOptions & ServerOptions): Promise<void> {
  const begunAt = performance.now();
  const interrupt = openInterrupt();
  print(`${paint.strong('CodeSight')}  a recorded session becomes training data\n`);
  const isForGood = !options.exit;
  let server: Reached | null = null;
  let isStaying = false;
  try {
    if (process.stdout.isTTY) process.stdout.write('  Starting …\r');
    const reached = await reachServer(options, {
      keyFile: options.full ? 'demo-full.json' : 'demo.json',
      label: 'demo',
      isForGood,
      scopes: options.full ? ['CAPTURE', 'READ', 'TRAIN'] : undefined,
    });
    server = reached;
    print(
      `  ${'Server'.padEnd(18)}${seconds(performance.now() - begunAt).padStart(6)}  ${whereIs(reached, isForGood)}`,
    );
    await withConnection(reached, interrupt.signal, (connection) =>
      show(connection, reached, options, interrupt.signal),
    );
    if (options.full) {
      // Loaded only here: the shops are of no use to any other command.
      const { showFull } = await import('./demo-full.ts');
      const full = { perShop: Number(options.perShop) };
      await withConnection(reached, interrupt.signal, (connection) =>
        showFull(connection, interrupt.signal, full),
      );
    }
    print(`\nDone in ${seconds(performance.now() - begunAt)}.`);
    isStaying = Boolean(reached.opened) && !options.exit;
  } finally {
    interrupt.close();
    if (!isStaying) await server?.close();
  }
  if (!isStaying) return;
  print('The server keeps running. Ctrl-C stops it.');
  const { opened } = server;
  if (opened) await runProcess(async () => opened);
  await new Promise(() => {}); // the process ends by its signals
}

async function show(
  connection: Connection,
  server: Reached,
  { fresh, exit }: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const source = await openSource(connection, Boolean(fresh), signal);
  const size = await sizeOf(source);
  print(`  ${'Recording'.padEnd(26)}${describeSize(size)}`);
  for (const line of wrap(`“${printable(source.head.task ?? '')}”`, width() - 28))
    print(`${' '.repeat(28)}${paint.faint(line)}`);

  print(`\n${paint.strong('Sending')}  by GraphQL over WebSocket, as the extension does`);
  const sentAt = performance.now();
  const played = await send(connection, source, size, { signal });
  if (played.isRepeat)
    print(
      '  This session was sent before, so nothing was sent again. --fresh plays it as a new one.',
    );
  else {
    print(
      `  Everything has arrived, once: ${bytes(played.uploads.sentBytes)} of pictures and pages in ${seconds(performance.now() - sentAt)}.`,
    );
    for (const line of describeLosses(played)) print(`  ${paint.warn(line)}`);
  }

  print(`\n${paint.strong('Processing')}`);
  const { state, reason } = await follow(connection, played.sessionId, { signal });
  print(`  ${describeState(state, reason)}`);

  const report = await readReport(connection, played.sessionId, signal);
  print(`\n${paint.strong('Quality')}`);
  printQuality(report);
  print(`\n${paint.strong('Storage')}`);
  printStorage(report);
  print(
    `\n${paint.strong('Examples')}  the first of ${report.examples.totalCount}, as a model reads it`,
  );
  printFirstExample(report);

  const { how, config } = server;
  const path = join(config.dataDir, 'demo', `${played.sessionId}.jsonl`);
  const download = await downloadTraining(report, connection, path, signal);
  print(`\n${paint.strong('Training data')}`);
  if (download)
    print(
      `  ${download.path}\n  ${count(download.lines, 'line')}, ${bytes(download.bytes)}; the checksum is right and every line is JSON.`,
    );
  else print('  There is none for a session in this state.');
  if (how !== 'REMOTE') printNext(server, played.sessionId, !exit);
  if (state === 'FAILED') throw new CommandError('The demo has failed; what to do is said above.');
}

/**
 * The recording under ids of this project and participant, so that it is the same session each time, and
 * nobody else's.
 */
async function openSource(
  connection: Connection,
  isFresh: boolean,
  signal: AbortSignal,
): Promise<Source> {
  const recording = await readRecording(recordingDir).catch((cause: unknown) => {
    throw new CommandError(
      `Expected the recording of the example shop in ${recordingDir}: ${cause instanceof Error ? cause.message : cause}. \`codesight record examples/shop/buy-a-jacket.ts --out ${relative(process.cwd(), recordingDir)}\` makes it anew.`,
      { cause },
    );
  });
  const { viewer } = await connection.run(ViewerDocument, {}, signal);
  return renewed(recording, isFresh ? newId() : `${viewer.project.id}/${viewer.participant?.id}`);
}

function whereIs({ how, url, config }: Reached, isForGood: boolean): string {
  if (how === 'REMOTE') return url;
  if (how === 'FOUND') return `${url}, which runs on ${config.dataDir}`;
  if (!isForGood) return `started for this demo, its data in ${config.dataDir}`;
  const isOther = config.port !== 0 && config.port !== Number(new URL(url).port);
  return `started at ${url}${isOther ? `, because port ${config.port} is taken` : ''}, its data in ${config.dataDir}`;
}

function printNext({ url, how, config }: Reached, sessionId: string, isForGood: boolean): void {
  const query = `{session(id:"${sessionId}"){state quality{score} interactions(first:3){nodes{type url}}}}`;
  const keyFile = join(config.dataDir, 'demo.json');
  print(`\n${paint.strong('Look next')}`);
  if (how === 'FOUND' || isForGood) {
    print(`  In a browser     ${url}/graphql?query=${encodeURIComponent(query)}`);
    print(
      `                   with the header {"authorization": "Bearer KEY"}; the key is in ${keyFile}`,
    );
  } else print('  The server       npm start');
  print('  Your own script  npm run -s codesight -- record examples/shop/buy-a-jacket.ts');
  print('  A legacy file    npm run -s codesight -- import FILE');
  print('  More             npm run -s codesight -- --help');
  if (how === 'STARTED') print(`  The server’s log ${logFileIn(config.dataDir)}`);
}
