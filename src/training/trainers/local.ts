import { on, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Example } from '../../datasets/example.ts';
import { readDataset } from '../../datasets/read.ts';
import { TrainingFailedError } from '../errors.ts';
import { keepObject, objectKeyOf, readObject } from '../job-key.ts';
import type { CurvePoint, RankerOptions } from '../ranker/train.ts';
import type { Point, Run, Trainer } from '../trainer.ts';
import type { FromWorker, ToWorker } from './local-worker.ts';
import { requireGoodDataset } from './preflight.ts';

const perMessage = 64;
const reportEveryMs = 250;
const modelName = 'model';

/**
 * The embedded trainer: a linear ranker that learns in a thread of its own, so that the process goes on
 * answering. It needs nobody and costs nothing. After each epoch a sealed checkpoint is kept; a stopped or
 * killed training goes on from there and comes to the same model, bit for bit.
 */
export const localTrainer: Trainer = {
  name: 'LOCAL',
  async preflight(run) {
    const { examples, validationExamples, sites, ...weak } = await requireGoodDataset(run);
    const warnings = [
      ...weak.warnings,
      ...(validationExamples === 0
        ? ['There is no validation split: nothing tells when it begins to learn by heart.']
        : []),
      ...(sites.length < 2 ? ['All examples are of one site: expect little on others.'] : []),
    ];
    await run.report({ examples, validationExamples, warnings, message: 'It can work.' });
  },
  upload: async () => undefined,
  start: async () => undefined,
  follow,
  cancel: async () => undefined,
  pause: async () => 'STILL',
  resume: async () => undefined,
  async result(run) {
    return {
      weights: await readObject(run, objectKeyOf(run, modelName)),
      inputPrice: 0,
      outputPrice: 0,
    };
  },
};

async function follow(run: Run) {
  const { app, job } = run;
  if (await app.storage.exists(objectKeyOf(run, modelName))) return { isDone: true } as const;
  const worker = new Worker(new URL('./local-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  });
  const stop = () => void worker.terminate();
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    await sendExamples(run, worker);
    const checkpoint = job.checkpointKey ? await readObject(run, job.checkpointKey) : null;
    const options = optionsOf(run);
    tell(worker, { kind: 'learn', options, checkpoint });
    return await listen(run, worker, options);
  } finally {
    run.signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

async function sendExamples(run: Run, worker: Worker): Promise<void> {
  const { app, job } = run;
  const { projectId, datasetId } = job;
  for (const split of ['TRAIN', 'VALIDATION'] as const) {
    let examples: Example[] = [];
    let sent = 0;
    const send = async () => {
      tell(worker, { kind: 'examples', split, examples });
      sent += examples.length;
      examples = [];
      await once(worker, 'message', { signal: run.signal }); // no more than it takes
      await run.report({ message: `Reading the dataset: ${sent} examples of ${split}.` });
    };
    for await (const { example } of readDataset(app, { projectId, datasetId, split })) {
      examples.push(example);
      if (examples.length === perMessage) await send();
    }
    if (examples.length > 0) await send();
  }
}

async function listen(run: Run, worker: Worker, { epochs }: RankerOptions) {
  const waiting: Point[] = [];
  let [latest, reportedAt]: [CurvePoint | null, number] = [null, performance.now()];
  const begun = { at: performance.now(), epoch: null as number | null };
  const flush = async (change: { checkpointKey?: string } = {}) => {
    reportedAt = performance.now();
    await run.report({ ...change, ...progressOf(latest, epochs, begun) }, waiting.splice(0));
  };
  // An error of the worker ends the loop, too.
  for await (const next of on(worker, 'message', { signal: run.signal })) {
    const [message] = next as [FromWorker];
    if (message.kind === 'point') {
      latest = message.point;
      begun.epoch ??= message.point.epoch;
      waiting.push(message.point);
      if (performance.now() - reportedAt > reportEveryMs) await flush();
    } else if (message.kind === 'checkpoint') {
      const checkpointKey = await keepObject(run, `checkpoint-${message.epoch}`, message.bytes);
      const before = run.job.checkpointKey;
      await flush({ checkpointKey });
      if (before && before !== checkpointKey) await run.app.storage.remove(before);
      // A long training makes room for others, and is no long run for the queue.
      if (performance.now() > run.endsAt && message.epoch < epochs)
        return { isDone: false, lookAgainMs: 0 } as const;
    } else if (message.kind === 'model') {
      await flush();
      await keepObject(run, modelName, message.bytes);
      return { isDone: true } as const;
    }
  }
  throw new Error('Expected a model of the worker, it ended without one.');
}

function progressOf(
  point: CurvePoint | null,
  epochs: number,
  begun: { at: number; epoch: number | null },
) {
  if (!point) return {};
  const { epoch, trainLoss } = point;
  const done = epoch - (begun.epoch ?? epoch);
  const elapsed = (performance.now() - begun.at) / 1_000;
  const remainingSeconds = done > 0 ? Math.ceil(((epochs - epoch) / done) * elapsed) : null;
  const message = `Epoch ${Math.ceil(epoch)} of ${epochs}: loss ${trainLoss.toFixed(3)}.`;
  return { progress: epoch / epochs, remainingSeconds, message };
}

function optionsOf({ job }: Run): RankerOptions {
  const given = job.hyperparameters as Record<string, number>;
  const need = (name: string): number => {
    const value = given[name];
    if (typeof value === 'number') return value;
    throw new TrainingFailedError('HYPERPARAMETER_MISSING', `Expected ${name}, got none.`, {
      advice: 'Start the training again: the proposal names every one.',
    });
  };
  return {
    seed: job.seed,
    epochs: Math.round(need('epochs')),
    learningRate: need('learning_rate'),
    l2: need('l2'),
  };
}

function tell(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
