import { parentPort } from 'node:worker_threads';
import type { Example } from '../../datasets/example.ts';
import { seededRandom } from '../../lib/page/random.ts';
import { modelBytes, readState, stateBytes } from '../ranker/bytes.ts';
import {
  type CurvePoint,
  type Prepared,
  prepare,
  type RankerOptions,
  training,
} from '../ranker/train.ts';

/** To the worker: examples in order, then `learn`. */
export type ToWorker =
  | { kind: 'examples'; split: 'TRAIN' | 'VALIDATION'; examples: Example[] }
  | { kind: 'learn'; options: RankerOptions; checkpoint: Uint8Array | null };

/** From the worker; `taken` asks for more examples. */
export type FromWorker =
  | { kind: 'taken' }
  | { kind: 'point'; point: CurvePoint }
  | { kind: 'checkpoint'; epoch: number; bytes: Uint8Array }
  | { kind: 'model'; bytes: Uint8Array };

/** Examples in memory at most, about 6 KB each; of more, a sample that the order of the dataset decides. */
const most = { TRAIN: 20_000, VALIDATION: 4_000 };

const held: Record<'TRAIN' | 'VALIDATION', Prepared[]> = { TRAIN: [], VALIDATION: [] };
const seen = { TRAIN: 0, VALIDATION: 0 };
const random = seededRandom('sample');

function take(split: 'TRAIN' | 'VALIDATION', example: Example): void {
  const place = seen[split] < most[split] ? seen[split] : Math.floor(random() * (seen[split] + 1));
  seen[split] += 1;
  if (place < most[split]) held[split][place] = prepare(example);
}

function learn(options: RankerOptions, checkpoint: Uint8Array | null): void {
  const state = checkpoint ? readState(Buffer.from(checkpoint)) : null;
  const run = training(held.TRAIN, held.VALIDATION, options, state);
  for (;;) {
    const next = run.next();
    if (next.done) {
      say({ kind: 'model', bytes: modelBytes(next.value) });
      return;
    }
    if ('point' in next.value) say({ kind: 'point', point: next.value.point });
    else {
      const { checkpoint: reached } = next.value;
      say({ kind: 'checkpoint', epoch: reached.epoch, bytes: stateBytes(reached) });
    }
  }
}

function say(message: FromWorker): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'learn') learn(message.options, message.checkpoint);
  else {
    for (const example of message.examples) take(message.split, example);
    say({ kind: 'taken' });
  }
});
