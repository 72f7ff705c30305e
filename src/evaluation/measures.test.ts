import { expect, test } from 'vitest';
import { seededRandom } from '../lib/page/random.ts';
import { compare, type Judged, Measures, Tally } from './measures.ts';

const judged = (more: Partial<Judged> = {}): Judged => ({
  sessionId: 's1',
  site: 'a.example',
  operation: 'click',
  isElementRight: true,
  operationF1: 1,
  isStepRight: true,
  latencyMs: 10,
  costUsd: 0.01,
  ...more,
});

const tallyOf = (steps: Partial<Judged>[]) => {
  const tally = new Tally();
  for (const step of steps) tally.add(judged(step));
  return tally;
};

test('a step needs everything right, a task every step', () => {
  const measures = tallyOf([
    { sessionId: 's1' },
    { sessionId: 's1', isStepRight: false, operationF1: 0.5 },
    { sessionId: 's2', site: 'b.example', operation: 'select', latencyMs: 30 },
    { sessionId: 's2', isElementRight: false, isStepRight: false, latencyMs: 20 },
  ]).measures('suite');

  expect(Measures.parse(measures)).toEqual(measures);
  expect(measures).toMatchObject({ sessions: 2, steps: 4, costPerStepUsd: 0.01 });
  expect(measures.element.value).toBe(0.75);
  expect(measures.operation.value).toBe(0.875);
  expect(measures.step.value).toBe(0.5);
  expect(measures.task.value).toBe(0);
  expect(measures.progress?.value).toBe(0.5);
  expect(measures.latency).toMatchObject({ median: 15, mean: 17.5 });
  expect(measures.bySite.map(({ key, steps, sessions }) => [key, steps, sessions])).toEqual([
    ['a.example', 3, 2],
    ['b.example', 1, 1],
  ]);
  expect(measures.byOperation.map(({ key, step }) => [key, step.value])).toEqual([
    ['click', 1 / 3],
    ['select', 1],
  ]);
});

test('progress is the share of a session before its first wrong step, however right the rest is', () => {
  const session = (sessionId: string, right: string) =>
    [...right].map((one) => ({ sessionId, isStepRight: one === '+' }));
  const { progress, task } = tallyOf([
    ...session('s1', '++++'),
    ...session('s2', '-+++'),
    ...session('s3', '++-+'),
  ]).measures('suite');

  expect(progress?.value).toBeCloseTo((1 + 0 + 0.5) / 3);
  expect(task.value).toBeCloseTo(1 / 3);
});

test('the order in which sessions were answered changes nothing', () => {
  const random = seededRandom('order');
  const steps = Array.from({ length: 60 }, (_, at) => ({
    sessionId: `s${at % 7}`,
    isStepRight: random() < 0.5,
  }));

  const others = Map.groupBy(steps, ({ sessionId }) => sessionId);

  const backwards = [...others.values()].toReversed().flat();
  expect(tallyOf(steps).measures('suite')).toEqual(tallyOf(backwards).measures('suite'));
});

test('a small but steady lead is sure though the intervals overlap, and a cost that is not known stays so', () => {
  const random = seededRandom('lead');
  const sessions = Array.from({ length: 30 }, (_, at) => ({ id: `s${at}`, ease: random() }));
  const steps = (lead: number) =>
    sessions.flatMap(({ id, ease }) =>
      Array.from({ length: 10 }, (_, step) => ({
        sessionId: id,
        isStepRight: step / 10 < ease * 0.8 + lead,
        costUsd: null,
      })),
    );
  const [better, worse] = [tallyOf(steps(0.1)), tallyOf(steps(0))];

  const difference = compare(better, worse, 'step', { seed: 'suite' });

  expect(difference.sessions).toBe(30);
  expect(difference.low).toBeGreaterThan(0);
  expect(better.measures('suite').step.low).toBeLessThan(worse.measures('suite').step.high);
  expect(better.measures('suite').costPerStepUsd).toBeNull();
});
