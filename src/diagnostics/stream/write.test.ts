import { expect, test } from 'vitest';
import { makeProject, openTestApp } from '../../../test/app.ts';
import { aSignal, state } from '../../../test/signals.ts';
import type { App } from '../../platform/app.ts';
import { stateSignals } from '../state-signals.ts';

const rowsOf = async (app: App, projectId: string) => {
  const rows = await app.db.debugEvent.findMany({
    where: { projectId },
    orderBy: { sequence: 'asc' },
  });
  return rows.map(({ body }) => (body as { title: string }).title);
};

test('signals are rows of the ring in their order, many in one statement, one notification a project', async () => {
  const app = await openTestApp();
  const [one, two] = [await makeProject(app), await makeProject(app)];
  const signals = Array.from({ length: 100 }, (_, index) =>
    aSignal(index % 2 ? one : two, { title: `Signal ${index}` }),
  );
  let statements = 0;

  await app.db.$transaction(async (tx) => {
    const before = app.database.statements();
    await stateSignals(app, tx, signals);
    statements = app.database.statements() - before;
    await stateSignals(app, tx, [aSignal(one, { title: 'One more' })]);
  });

  expect(statements).toBe(3); // the ring, the notifications, the rules
  const odd = signals.filter(({ projectId }) => projectId === one).map(({ title }) => title);
  expect(await rowsOf(app, one)).toEqual([...odd, 'One more']);
  expect(await rowsOf(app, two)).toHaveLength(50);
  expect(
    await app.db.outbox.groupBy({
      by: ['subjectId'],
      _count: true,
      orderBy: { _count: { id: 'asc' } },
    }),
  ).toEqual([
    { subjectId: two, _count: 1 },
    { subjectId: one, _count: 2 },
  ]);
});

test('what is rolled back was never stated', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);

  const failing = app.db.$transaction(async (tx) => {
    await stateSignals(app, tx, [aSignal(projectId)]);
    throw new Error('made to fail');
  });

  await expect(failing).rejects.toThrow('made to fail');
  expect(await rowsOf(app, projectId)).toEqual([]);
});

test('what a caller forgot to redact is redacted before it is streamed or sent', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);

  await state(
    app,
    aSignal(projectId, {
      title: 'No mail for jo.doe@example.org',
      detail: { reason: 'card 4111 1111 1111 1111', count: 1 },
    }),
  );

  expect(await app.db.debugEvent.findMany()).toMatchObject([
    { body: { title: 'No mail for [EMAIL]', detail: { reason: 'card [CARD]', count: 1 } } },
  ]);
});
