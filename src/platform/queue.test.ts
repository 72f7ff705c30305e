import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { makeProject, openReplica, openTestApp } from '../../test/app.ts';
import { newId } from '../lib/ids.ts';
import type { App } from './app.ts';
import { defineEvent, defineJob, type JobDefinition, JobLostError, on } from './queue.ts';
import { currentTrace, withTrace } from './trace.ts';

const Payload = z.object({ projectId: z.uuid(), thingId: z.uuid() });
type Payload = z.infer<typeof Payload>;

/** A job for a test; `run` gets what every job gets. */
function aJob(
  run: JobDefinition<Payload>['run'],
  more: Partial<JobDefinition<Payload>> = {},
): JobDefinition<Payload> {
  return defineJob({ name: 'test.do', payload: Payload, run, ...more });
}

const aPayload = (projectId = newId()): Payload => ({ projectId, thingId: newId() });

const send = (app: App, job: JobDefinition<Payload>, payload = aPayload()) =>
  app.db.$transaction((tx) => app.queue.send(tx, job, payload));

/** States and attempts of the jobs of a queue, read past the queue. */
async function rowsOf({ sql }: App, name = 'test.do') {
  const { rows } = await sql.query<{ state: string; retries: number }>(
    'SELECT state::text, retry_count AS retries FROM pgboss.job WHERE name = $1 ORDER BY created_on, id',
    [name],
  );
  return rows;
}

/** A promise and what resolves it. */
function gate() {
  return Promise.withResolvers<void>();
}

const soon = { timeout: 15_000, interval: 25 };

test('a fact and the jobs that follow it are stored with its transaction, or not at all', async () => {
  const heard: string[] = [];
  const first = aJob(async (_app, { thingId }) => void heard.push(`first ${thingId}`), {
    name: 'test.first',
  });
  const second = aJob(async (_app, { thingId }) => void heard.push(`second ${thingId}`), {
    name: 'test.second',
  });
  const happened = defineEvent({ name: 'thing.happened', payload: Payload });
  const other = defineEvent({ name: 'thing.other', payload: Payload });
  const app = await openTestApp({ pipeline: [on(happened, first, second), on(other, first)] });
  const [undone, done] = [aPayload(), aPayload()];

  await app.db
    .$transaction(async (tx) => {
      await app.queue.emit(tx, happened, undone);
      throw new Error('no');
    })
    .catch(() => undefined);
  await app.db.$transaction(async (tx) => {
    await tx.project.create({ data: { id: done.projectId, name: 'Made with the jobs' } });
    await app.queue.emit(tx, happened, done);
  });
  await app.queue.work(app);

  await expect.poll(() => heard.length, soon).toBe(2);
  expect(heard.sort()).toEqual([`first ${done.thingId}`, `second ${done.thingId}`]);
  await expect
    .poll(async () => [await rowsOf(app, 'test.first'), await rowsOf(app, 'test.second')], soon)
    .toMatchObject([[{ state: 'completed' }], [{ state: 'completed' }]]);
});

test('a payload that does not fit is refused when it is sent and stores nothing', async () => {
  const job = aJob(async () => undefined);
  const happened = defineEvent({ name: 'thing.happened', payload: Payload });
  const app = await openTestApp({ pipeline: [on(happened, job)] });
  const bad = { projectId: newId(), thingId: 'one' };

  await expect(send(app, job, bad)).rejects.toThrow(z.ZodError);
  await expect(app.db.$transaction((tx) => app.queue.emit(tx, happened, bad))).rejects.toThrow(
    z.ZodError,
  );

  expect(await rowsOf(app)).toEqual([]);
});

test('a payload that was changed in the database is parsed again and never run', async () => {
  const heard: unknown[] = [];
  const job = aJob(async (_app, payload) => void heard.push(payload));
  const app = await openTestApp({ others: [job], env: { MAX_RETRIES: '0' } });
  await send(app, job);
  await app.sql.query(`UPDATE pgboss.job SET data = jsonb_set(data, '{payload,thingId}', '"one"')`);

  await app.queue.work(app);

  await expect.poll(() => rowsOf(app), soon).toMatchObject([{ state: 'failed' }]);
  expect(heard).toEqual([]);
});

test('the effects of a job are stored once though two attempts of it run', async () => {
  const started = gate();
  const lost = gate();
  onTestFinished(() => lost.resolve());
  const outcomes: string[] = [];
  const job = aJob(async (app, { projectId }, run) => {
    if (run.attempt === 1) {
      started.resolve();
      await lost.promise;
    }
    try {
      await app.db.$transaction(async (tx) => {
        await tx.project.create({ data: { id: newId(), name: `made for ${projectId}` } });
        await run.finish(tx);
      });
      outcomes.push(`attempt ${run.attempt} stored`);
    } catch (error) {
      outcomes.push(`attempt ${run.attempt} ${(error as Error).name}`);
      throw error;
    }
  });
  const app = await openTestApp({ others: [job] });
  await send(app, job);
  await app.queue.work(app);
  await started.promise;

  // As after a missed heartbeat: the attempt is given up and another one owns the job.
  await app.sql.query(
    "UPDATE pgboss.job SET state = 'retry', start_after = now() WHERE name = 'test.do'",
  );
  await expect.poll(() => outcomes, soon).toEqual(['attempt 2 stored']);
  lost.resolve();

  await expect.poll(() => outcomes, soon).toEqual(['attempt 2 stored', 'attempt 1 JobLostError']);
  expect(await app.db.project.count()).toBe(1);
  expect(await rowsOf(app)).toMatchObject([{ state: 'completed' }]);
});

test('an attempt that was given up cannot settle: its transaction is rolled back', async () => {
  let reason: unknown;
  const job = aJob(async (app, _payload, run) => {
    await app.sql.query("UPDATE pgboss.job SET state = 'cancelled' WHERE id = $1", [run.id]);
    await app.db
      .$transaction(async (tx) => {
        await tx.project.create({ data: { id: newId(), name: 'not to be' } });
        await run.finish(tx);
      })
      .catch((error: unknown) => {
        reason = error;
        throw error;
      });
  });
  const app = await openTestApp({ others: [job] });
  await send(app, job);
  await app.queue.work(app);

  await expect.poll(() => reason, soon).toBeInstanceOf(JobLostError);

  expect(await app.db.project.count()).toBe(0);
  expect(await rowsOf(app)).toMatchObject([{ state: 'cancelled' }]);
});

test('an attempt that fails is tried again after the delay, later each time, and a short delay does not wait for long', async () => {
  const attempts: { at: number; attempt: number; isLastAttempt: boolean }[] = [];
  const job = aJob(async (_app, _payload, { attempt, isLastAttempt }) => {
    attempts.push({ at: performance.now(), attempt, isLastAttempt });
    if (attempt < 3) throw new Error(`attempt ${attempt} fails`);
  });
  const env = { MAX_RETRIES: '2', RETRY_DELAY_SECONDS: '1' };
  const app = await openTestApp({ others: [job], env });
  await send(app, job);
  await app.queue.work(app);

  await expect.poll(() => rowsOf(app), soon).toMatchObject([{ state: 'completed', retries: 2 }]);

  expect(attempts).toMatchObject([
    { attempt: 1, isLastAttempt: false },
    { attempt: 2, isLastAttempt: false },
    { attempt: 3, isLastAttempt: true },
  ]);
  const [first = 0, second = 0, third = 0] = attempts.map(({ at }) => at);
  expect(second - first).toBeLessThan(5_000);
  expect(third - second).toBeLessThan(7_000);
  expect(third - second).toBeGreaterThan(900);
});

test('a job whose last attempt failed becomes a dead letter, and its `failed` is told once why', async () => {
  const told: unknown[] = [];
  const job = aJob(
    async () => {
      throw new Error('the disk is full');
    },
    { failed: async (_app, payload, reason) => void told.push([payload, reason]) },
  );
  const env = { MAX_RETRIES: '1', RETRY_DELAY_SECONDS: '1' };
  const app = await openTestApp({ others: [job], env });
  const payload = aPayload();
  await send(app, job, payload);
  await app.queue.work(app);

  await expect.poll(() => told, soon).toEqual([[payload, 'the disk is full']]);

  await expect
    .poll(() => rowsOf(app, 'dead-letters'), soon)
    .toMatchObject([{ state: 'completed' }]);
  expect(await rowsOf(app)).toMatchObject([{ state: 'failed', retries: 1 }]);
  expect(told).toHaveLength(1);
  const jobs = await app.metrics.jobs.get();
  const counts = jobs.values.map(({ labels, value }) => [labels.outcome, value]);
  expect(Object.fromEntries(counts)).toEqual({ failed: 2, dead: 1 });
});

test('fifty jobs that are sent at once have all run within a few seconds', async () => {
  const heard = new Set<string>();
  const job = aJob(async (_app, { thingId }) => void heard.add(thingId));
  const env = { MAX_CONCURRENT_JOBS: '2', MAX_JOBS_PER_PROJECT: '1000' };
  const app = await openTestApp({ others: [job], env });
  await app.queue.work(app);
  const payloads = Array.from({ length: 50 }, () => aPayload());

  await app.db.$transaction(async (tx) => {
    for (const payload of payloads) await app.queue.send(tx, job, payload);
  });

  await expect.poll(() => heard.size, { timeout: 8_000 }).toBe(50);
});

test('one project does not take all slots of all workers, so that other projects do not wait for it', async () => {
  const running = { one: 0, other: 0 };
  let most = 0;
  const open = gate();
  onTestFinished(() => open.resolve());
  const projectId = newId();
  const job = aJob(async (_app, payload) => {
    const whose = payload.projectId === projectId ? 'one' : 'other';
    running[whose] += 1;
    most = Math.max(most, running.one);
    await open.promise;
    if (whose === 'one') running.one -= 1;
  });
  const env = { MAX_CONCURRENT_JOBS: '4', MAX_JOBS_PER_PROJECT: '2' };
  const app = await openTestApp({ others: [job], env });
  const replica = await openReplica(app, { others: [job] });
  for (let count = 0; count < 6; count += 1) await send(app, job, aPayload(projectId));
  await app.queue.work(app);
  await replica.queue.work(replica);
  await expect.poll(() => running.one, soon).toBeGreaterThanOrEqual(2);

  for (let count = 0; count < 2; count += 1) await send(app, job);
  await expect.poll(() => running.other, soon).toBe(2);

  // pg-boss counts and claims in two steps: fetches at the same moment may pass the limit together.
  expect(most).toBeLessThan(6);
  open.resolve();
  await expect
    .poll(async () => (await rowsOf(app)).every(({ state }) => state === 'completed'), soon)
    .toBe(true);
});

test('of the waiting jobs of a queue the one with the higher priority goes first', async () => {
  const order: string[] = [];
  const run: JobDefinition<Payload>['run'] = async (_app, { thingId }) => void order.push(thingId);
  const low = aJob(run);
  const high = aJob(run, { priority: 10 });
  const app = await openTestApp({ others: [low], env: { MAX_CONCURRENT_JOBS: '1' } });
  const payloads = [aPayload(), aPayload(), aPayload()];
  for (const [index, payload] of payloads.entries())
    await send(app, index === 2 ? high : low, payload);

  await app.queue.work(app);

  await expect.poll(() => order.length, soon).toBe(3);
  expect(order[0]).toBe(payloads[2]?.thingId);
});

test('a job runs in the trace of the work that sent it', async () => {
  const traces: (string | undefined)[] = [];
  const job = aJob(async () => void traces.push(currentTrace()?.traceId));
  const app = await openTestApp({ others: [job] });
  await app.queue.work(app);

  const traceId = await withTrace(null, async () => {
    await send(app, job);
    return currentTrace()?.traceId;
  });

  await expect.poll(() => traces, soon).toEqual([traceId]);
});

test('a schedule is kept once, however many workers start, and runs its job with its payload', async () => {
  const heard: unknown[] = [];
  const payload = aPayload();
  const job = aJob(async (_app, given) => void heard.push(given), {
    schedule: { rule: () => '* * * * *', payload },
  });
  const app = await openTestApp({ others: [job] });
  const replica = await openReplica(app, { others: [job] });
  await app.queue.work(app);
  await replica.queue.work(replica);

  const { rows } = await app.sql.query<{ name: string; cron: string; data: unknown }>(
    'SELECT name, cron, data FROM pgboss.schedule',
  );
  expect(rows).toEqual([
    { name: 'test.do', cron: '* * * * *', data: { payload, traceparent: null } },
  ]);

  // What the clock would do within the minute.
  await app.sql.query(
    `INSERT INTO pgboss.job (name, data, retry_limit, policy) SELECT name, $1, 0, 'standard' FROM pgboss.queue WHERE name = 'test.do'`,
    [JSON.stringify(rows[0]?.data)],
  );
  await expect.poll(() => heard, soon).toEqual([payload]);
});

test('the depth counts the jobs that wait, and the statistics tell the queues apart', async () => {
  const open = gate();
  onTestFinished(() => open.resolve());
  const begun = gate();
  const job = aJob(async () => {
    begun.resolve();
    await open.promise;
  });
  const idle = aJob(async () => undefined, { name: 'test.idle' });
  const app = await openTestApp({ others: [job, idle], env: { MAX_CONCURRENT_JOBS: '1' } });
  await app.queue.work(app);
  for (let count = 0; count < 4; count += 1) await send(app, job);
  await begun.promise;

  await expect.poll(() => app.queue.depth(), { timeout: 25_000 }).toBe(3);

  const stats = await app.queue.stats();
  expect(stats).toContainEqual({ name: 'test.do', waiting: 3, active: 1, failed: 0 });
  expect(stats).toContainEqual({ name: 'test.idle', waiting: 0, active: 0, failed: 0 });
  open.resolve();
});

test('a process that stops lets its running jobs end', async () => {
  const begun = gate();
  const open = gate();
  const job = aJob(async (app, { projectId }) => {
    begun.resolve();
    await open.promise;
    await makeProject(app, projectId);
  });
  const app = await openTestApp({ others: [job] });
  const replica = await openReplica(app);
  await app.queue.work(app);
  const payload = aPayload();
  await send(app, job, payload);
  await begun.promise;

  const closing = app.close();
  open.resolve();
  await closing;

  expect(await replica.db.project.findMany()).toMatchObject([{ name: payload.projectId }]);
  expect(await rowsOf(replica)).toMatchObject([{ state: 'completed' }]);
});
