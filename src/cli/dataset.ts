import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Connection } from '../client/connection.ts';
import {
  CreateDatasetDocument,
  DatasetPreviewDocument,
  type DatasetSessionFilter,
  type DatasetSplit,
  DatasetsDocument,
  type ExportFormat,
  FreezeDatasetDocument,
  FrozenDatasetDocument,
} from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { download, formatHelp, formatOption, makeFiles, tell } from './export.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { count, paint, print, printable, printJson, table } from './print.ts';
import { openBoard } from './progress.ts';
import { type ServerOptions, withServer } from './server.ts';
import { until } from './until.ts';

type FilterOptions = {
  site?: string[];
  task?: string;
  label?: string[];
  minQuality?: number;
  since?: Date;
  before?: Date;
  consentVersion?: string[];
  sessionLicence?: string[];
  session?: string[];
};
type CreateOptions = FilterOptions & {
  description?: string;
  licence?: string;
  validation: number;
  test: number;
  seed?: string;
  testSite?: string[];
  freeze: boolean;
};

/** `codesight dataset …` */
export function addDataset(program: Command): void {
  const dataset = program
    .command('dataset')
    .summary('choose, freeze, list and export datasets')
    .description(
      'Datasets: a choice of sessions that is frozen, divided by site, proved to be free of leaks, and never changes.',
    );
  addPreview(dataset);
  addCreate(dataset);
  addFreeze(dataset);
  addList(dataset);
  addExportOf(dataset);
}

function addPreview(dataset: Command): void {
  const command = addFilters(
    dataset
      .command('preview')
      .summary('count what a dataset would take, and what training on it would cost'),
  );
  finishCommand(command, async (connection, options: FilterOptions & Common, signal) => {
    const where = filterOf(options);
    const { datasetPreview: preview } = await connection.run(
      DatasetPreviewDocument,
      { where },
      signal,
    );
    if (options.json) return printJson(preview);
    print(
      `${count(preview.sessions, 'session')}, ${count(preview.examples, 'example')}, about ${Number(preview.estimatedTokens).toLocaleString('en')} tokens a pass`,
    );
    for (const [title, balance, parts] of [
      ['Sites', preview.siteBalance, preview.bySite],
      ['Operations', preview.operationBalance, preview.byOperation],
    ] as const) {
      print(`\n${paint.strong(title)}  spread ${balance.toFixed(2)} of 1`);
      const rows = parts.map(({ name, sessions, examples }) => [
        `  ${printable(name)}`,
        String(examples),
        count(sessions, 'session'),
      ]);
      print(table(rows));
    }
    print(`\n${paint.strong('Training')}  three passes, by list price`);
    print(
      table(preview.costs.map(({ model, costUsd }) => [`  ${model}`, `$${costUsd.toFixed(2)}`])),
    );
  }).addHelpText(
    'after',
    '\nExample:\n  codesight dataset preview --site shop.example --min-quality 0.8',
  );
}

function addCreate(dataset: Command): void {
  const command = addFilters(
    dataset
      .command('create')
      .argument('<name>', 'its name; another dataset of the name is its next version')
      .summary('describe a dataset and freeze it'),
  )
    .option('--description <words>', 'what it is for')
    .option('--licence <licence>', 'under which it is given on: an SPDX identifier, or words')
    .option('--validation <share>', 'to check with while training, 0 to 1', share, 0.1)
    .option('--test <share>', 'to judge models by, 0 to 1', share, 0.1)
    .option('--seed <seed>', 'decides what goes where')
    .addOption(new Option('--test-site <site...>', 'sites that must be in the test split'))
    .option('--no-freeze', 'describe it only');
  finishCommand(
    command,
    async (connection, options: CreateOptions & Common, signal, [name = '']) => {
      const id = newId();
      const { description, licence, validation, test, seed, testSite } = options;
      const split = { validation, test, ...(seed ? { seed } : {}), testSites: testSite ?? [] };
      const input = { id, name, description, licence, split, where: filterOf(options) };
      const { createDataset } = await connection.run(CreateDatasetDocument, { input }, signal);
      if (createDataset.__typename !== 'Dataset') throw new CommandError(createDataset.message);
      if (!options.freeze) return options.json ? printJson({ id }) : print(id);
      await freeze(connection, id, options.json ?? false, signal);
    },
  ).addHelpText(
    'after',
    '\nExample:\n  codesight dataset create shops --label good --test 0.2 --licence CC-BY-4.0',
  );
}

function addFreeze(dataset: Command): void {
  const command = dataset
    .command('freeze')
    .argument('<dataset>', 'id of a dataset')
    .summary('freeze a dataset that was described, or try one that failed again');
  finishCommand(command, (connection, { json = false }: Common, signal, [id = '']) =>
    freeze(connection, id, json, signal),
  );
}

function addList(dataset: Command): void {
  const command = dataset.command('list').summary('list datasets, the newest first');
  finishCommand(command, async (connection, { json }: Common, signal) => {
    const { datasets } = await connection.run(DatasetsDocument, { first: 100 }, signal);
    const found = datasets.nodes.filter((node) => node !== null);
    if (json) return printJson(found);
    if (found.length === 0)
      return print('There are none. codesight dataset create NAME makes one.');
    print(
      table(
        found.map(({ id, name, version, state, sessions, examples, reason }) => [
          id,
          `${printable(name)} v${version}`,
          state,
          count(sessions, 'session'),
          count(Number(examples), 'example'),
          printable(reason ?? ''),
        ]),
      ),
    );
  });
}

function addExportOf(dataset: Command): void {
  const command = dataset
    .command('export')
    .argument('<dataset>', 'id of a frozen dataset')
    .summary('write a dataset as files')
    .addOption(formatOption())
    .addOption(
      new Option('--split <split...>', 'of these splits only').choices([
        'TRAIN',
        'VALIDATION',
        'TEST',
      ]),
    )
    .option('--out <folder>', 'where to; default: a folder of its id');
  type ExportOptions = Common & { format: ExportFormat; split?: DatasetSplit[]; out?: string };
  finishCommand(command, async (connection, options: ExportOptions, signal, [datasetId = '']) => {
    const { format, split, out = datasetId, json = false } = options;
    const what = { datasetId, format, ...(split ? { splits: split } : {}) };
    const files = await makeFiles(connection, what, signal, json);
    tell(await download(connection, files, `${out}/`, signal), json);
  }).addHelpText(
    'after',
    `
Formats:
${formatHelp}

Example:
  codesight dataset export 0199… --format PARQUET --out shops/`,
  );
}

async function freeze(
  connection: Connection,
  id: string,
  isQuiet: boolean,
  signal: AbortSignal,
): Promise<void> {
  const input = { datasetId: id };
  const { freezeDataset } = await connection.run(FreezeDatasetDocument, { input }, signal);
  if (freezeDataset.__typename !== 'Dataset') throw new CommandError(freezeDataset.message);
  const board = isQuiet ? null : openBoard();
  try {
    const line = board?.line('Freeze');
    const ended = await until(signal, async () => {
      const { dataset } = await connection.run(FrozenDatasetDocument, { id }, signal);
      line?.set(dataset?.progress ?? 0, dataset?.message ?? '');
      return dataset && dataset.state !== 'FREEZING' ? dataset : null;
    });
    line?.end(ended.message ?? ended.state, { isBad: ended.state !== 'FROZEN' });
    if (ended.state !== 'FROZEN')
      throw new CommandError(`The dataset is ${ended.state}: ${ended.reason}`);
  } finally {
    board?.close();
  }
  if (isQuiet) printJson({ id, state: 'FROZEN' });
  else print(`  Dataset ${id} is frozen.`);
}

type Common = { json?: boolean };

/** What every command of datasets ends with: `--json`, the server, and its work. */
function finishCommand<T extends Common>(
  command: Command,
  work: (
    connection: Connection,
    options: T & ServerOptions,
    signal: AbortSignal,
    given: string[],
  ) => Promise<void> | void,
): Command {
  command.option('--json', 'as JSON, and nothing else');
  return addServerOptions(command).action(async (...all: unknown[]) => {
    const options = allOptions<T>(command);
    const interrupt = openInterrupt();
    try {
      await withServer(
        options,
        interrupt.signal,
        async (connection) => work(connection, options, interrupt.signal, command.args),
        ['READ', 'TRAIN'],
      );
    } finally {
      interrupt.close();
    }
    void all;
  });
}

function addFilters(command: Command): Command {
  return command
    .addOption(new Option('--site <site...>', 'sessions begun on these sites'))
    .option('--task <text>', 'with this text in the task')
    .addOption(new Option('--label <label...>', 'with one of these labels'))
    .option('--min-quality <score>', 'with at least this score, 0 to 1', share)
    .option('--since <date>', 'started then or later', instant)
    .option('--before <date>', 'started before', instant)
    .addOption(new Option('--consent-version <version...>', 'under these versions of the consent'))
    .addOption(new Option('--session-licence <licence...>', 'under these licences'))
    .addOption(new Option('--session <id...>', 'these sessions only'));
}

function filterOf(options: FilterOptions): DatasetSessionFilter {
  const { site, task, label, minQuality, since, before, consentVersion, sessionLicence, session } =
    options;
  return {
    ...(site ? { sites: site } : {}),
    ...(task ? { taskContains: task } : {}),
    ...(label ? { labels: label } : {}),
    ...(minQuality === undefined ? {} : { qualityFrom: minQuality }),
    ...(since ? { startedFrom: since.toISOString() } : {}),
    ...(before ? { startedBefore: before.toISOString() } : {}),
    ...(consentVersion ? { consentVersions: consentVersion } : {}),
    ...(sessionLicence ? { licences: sessionLicence } : {}),
    ...(session ? { sessionIds: session } : {}),
  };
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('expected a number from 0 to 1');
  return value;
}

function instant(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('expected a date, as 2026-01-31');
  return at;
}
