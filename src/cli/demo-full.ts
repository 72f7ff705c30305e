import { ordersEvery } from '../../examples/shops/errand.ts';
import { sessionOf, shopSessions, shops, testHosts } from '../../examples/shops/sessions.ts';
import type { Connection } from '../client/connection.ts';
import { followProcessing } from '../client/follow.ts';
import { play } from '../client/play.ts';
import { renewed } from '../client/renew.ts';
import type { Source } from '../client/source.ts';
import {
  CreateDatasetDocument,
  DataRequestsDocument,
  FreezeDatasetDocument,
  FrozenDatasetDocument,
  StartTrainingDocument,
  ViewerDocument,
} from '../generated/client/graphql.ts';
import { atOnce } from '../lib/at-once.ts';
import { newId } from '../lib/ids.ts';
import { followEvaluations, printComparison } from './evaluate.ts';
import { CommandError } from './failure.ts';
import { deploy, printPrediction } from './predict.ts';
import { count, paint, print, width, wrap } from './print.ts';
import { openBoard } from './progress.ts';
import { watchTraining } from './train.ts';
import { until } from './until.ts';

/** Sessions on their way at once. */
const sentAtOnce = 6;
/** A learning curve takes its time; without one there are no requests to show. */
const requestsMs = 20_000;
const validationHosts = ['beanquarter.example'];
export type FullOptions = { perShop: number };

/** Goes on from the demo: from sessions to a model that is proved better, deployed and asked. */
export async function showFull(
  connection: Connection,
  signal: AbortSignal,
  { perShop }: FullOptions,
): Promise<void> {
  const sessionIds = await sendShops(connection, perShop, signal);
  const datasetId = await freeze(connection, sessionIds, signal);
  const modelId = await train(connection, datasetId, signal);

  print(
    `\n${paint.strong('Evaluation')}  by itself, on ${testHosts.join(', ')}: no session of them was learned from`,
  );
  const evaluations = await followEvaluations(connection, { datasetId, modelId }, signal);
  await printComparison(connection, evaluations, signal);

  const [own] = evaluations;
  if (!own) throw new CommandError('Expected an evaluation of the model.');
  await deploy(connection, { modelId, evaluationId: own.id, share: 1 }, signal);
  await printPrediction(connection, await freshQuestion(perShop), signal);
  await printRequests(connection, signal);
}

/** Sends generated sessions by the ordinary way, and waits until all are processed. */
async function sendShops(
  connection: Connection,
  perShop: number,
  signal: AbortSignal,
): Promise<string[]> {
  const { viewer } = await connection.run(ViewerDocument, {}, signal);
  const salt = `${viewer.project.id}/${viewer.participant?.id}`;
  const sources = shopSessions({ perShop }).map((source) => renewed(source, salt));
  print(
    `\n${paint.strong('More sessions')}  ${count(sources.length, 'generated session')} in ${shops.length} shops that are laid out and worded differently`,
  );
  const board = openBoard();
  const line = board.line('Send and process');
  const ready: string[] = [];
  let done = 0;
  try {
    await atOnce(from(sources), sentAtOnce, async (source) => {
      const { sessionId } = await play(source, connection, { signal });
      const { state } = await followProcessing(connection, sessionId, { signal, quietMs: 180_000 });
      done += 1;
      if (state === 'READY') ready.push(sessionId);
      line.set(done / sources.length, `${done} of ${sources.length}`);
    });
    line.end(`${ready.length} of ${sources.length} are ready`);
  } finally {
    board.close();
  }
  if (ready.length < sources.length)
    print(`  ${paint.warn(`${sources.length - ready.length} are not ready and are left out.`)}`);
  return ready;
}

async function freeze(
  connection: Connection,
  sessionIds: string[],
  signal: AbortSignal,
): Promise<string> {
  print(`\n${paint.strong('Dataset')}`);
  const id = newId();
  const input = {
    id,
    name: 'Shops',
    where: { sessionIds },
    split: { testSites: testHosts, validationSites: validationHosts, test: 0.3, validation: 0.1 },
  };
  accept((await connection.run(CreateDatasetDocument, { input }, signal)).createDataset);
  accept(
    (await connection.run(FreezeDatasetDocument, { input: { datasetId: id } }, signal))
      .freezeDataset,
  );
  const board = openBoard();
  const line = board.line('Freeze and prove');
  try {
    const dataset = await until(signal, async () => {
      const { dataset: now } = await connection.run(FrozenDatasetDocument, { id }, signal);
      line.set(now?.progress ?? 0, now?.message ?? '');
      return now?.state === 'FROZEN' || now?.state === 'FAILED' ? now : null;
    });
    if (dataset.state === 'FAILED')
      throw new CommandError(`The dataset could not be frozen: ${dataset.reason}`);
    line.end(`${dataset.sessions} sessions, ${dataset.examples} examples; no leak found`);
  } finally {
    board.close();
  }
  return id;
}

async function train(
  connection: Connection,
  datasetId: string,
  signal: AbortSignal,
): Promise<string> {
  const id = newId();
  const input = { id, datasetId, name: 'shops, local', trainer: 'LOCAL' as const };
  const started = accept(
    (await connection.run(StartTrainingDocument, { input }, signal)).startTraining,
  );
  print(`\n${paint.strong('Training')}  LOCAL, on this machine`);
  if ('reason' in started)
    for (const text of wrap(started.reason, width() - 2)) print(`  ${paint.faint(text)}`);
  const { job, points } = await watchTraining(connection, id, 'LOCAL', signal, false);
  if (!job.model) throw new CommandError(`The training ${job.state}: ${job.error} ${job.advice}`);
  const losses = points.flatMap(({ trainLoss }) => trainLoss ?? []);
  const checked = points.findLast(({ validationLoss }) => validationLoss !== null);
  print(
    `  Loss ${losses[0]?.toFixed(2)} → ${losses.at(-1)?.toFixed(2)} in ${points.at(-1)?.epoch} passes; ${checked?.validationLoss?.toFixed(2)} on a shop that it does not learn from.`,
  );
  return job.model.id;
}

/** A page of a shop that was not learned from, in the middle of an errand that is in no dataset. */
async function freshQuestion(number: number) {
  const shop = shops.find(({ host }) => host === testHosts[1]);
  if (!shop) throw new CommandError('Expected a shop for testing.');
  const source = sessionOf(shop, Math.ceil(number / ordersEvery) * ordersEvery);
  const steps = (await Array.fromAsync(source.interactions())).flatMap((item) =>
    'id' in item ? [item] : [],
  );
  const at = steps.findIndex(({ target }) => target?.name === shop.words.add);
  const step = steps[at];
  const snapshots = await Array.fromAsync(source.snapshots());
  const snapshot = snapshots.find(
    ({ interactionSequence }) => interactionSequence === step?.sequence,
  );
  if (!step || !snapshot) throw new CommandError('Expected a page to ask about.');
  const told = steps
    .slice(0, at)
    .map(({ type, target, value, url, pageTitle }) =>
      type === 'NAVIGATION'
        ? `arrive at ${JSON.stringify(pageTitle)}, ${JSON.stringify(url)}`
        : type === 'INPUT'
          ? `type ${JSON.stringify(value)} into ${target?.role} ${JSON.stringify(target?.name)}`
          : type === 'SELECT'
            ? `select ${JSON.stringify(value)} in ${target?.role} ${JSON.stringify(target?.name)}`
            : `click ${target?.role} ${JSON.stringify(target?.name)}`,
    );
  return {
    task: source.head.task ?? '',
    url: step.url,
    html: Buffer.from(await source.bytesOf(snapshot)).toString('utf8'),
    history: told,
  };
}

async function printRequests(connection: Connection, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + requestsMs;
  const wanted = await until(signal, async () => {
    const { dataRequests } = await connection.run(DataRequestsDocument, {}, signal);
    const found = dataRequests.nodes.flatMap((node) => node ?? []);
    return found.length > 0 || performance.now() > giveUpAt ? found : null;
  });
  if (wanted.length === 0) return;
  print(`\n${paint.strong('Wanted')}  what would help most, as participants see it`);
  for (const { text } of wanted) print(`  ${text}`);
}

/** What was asked for. @throws {CommandError} it was refused, with why */
function accept<T extends { __typename?: string }>(answer: T): Exclude<T, { code: string }> {
  if ('code' in answer && 'message' in answer)
    throw new CommandError(`${answer.code}: ${answer.message}`);
  return answer as Exclude<T, { code: string }>;
}

async function* from(sources: Source[]): AsyncGenerator<Source> {
  yield* sources;
}
