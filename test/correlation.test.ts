import { afterAll, expect, onTestFinished, test } from 'vitest';
import { openSelfReports } from '../src/diagnostics/self/report.ts';
import { newId } from '../src/lib/ids.ts';
import { closeBrowser, openStarted, untilSent } from './outbox.ts';
import { bodyOf } from './reporting.ts';
import { storedReports } from './reports.ts';

afterAll(closeBrowser);

test('one id leads from the click in the extension to the report of the job that fails', async () => {
  const { product, page } = await openStarted();
  const { app } = product;
  const reporter = openSelfReports(app, 'worker');
  onTestFinished(() => reporter.close());
  await app.sql.query(`
    CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '23514', TABLE = 'QualityReport', CONSTRAINT = 'planted'; END $$;
    CREATE TRIGGER planted BEFORE INSERT ON "QualityReport" FOR EACH ROW EXECUTE FUNCTION planted()`);
  const id = newId();

  await page.do('record', { id, interactions: 1 });
  await page.do('stop', id);
  await untilSent(page, id);
  await app.queue.work(app);

  const told = async () =>
    (await storedReports(app)).find((report) => report.correlationId === id.replaceAll('-', ''));
  await expect.poll(told, { timeout: 60_000 }).toBeDefined();
  const stored = await told();
  const { projectId } = await app.db.session.findUniqueOrThrow({ where: { id } });
  expect(stored).toMatchObject({
    projectId,
    category: 'CONSTRAINT_VIOLATION',
    platform: 'DATABASE',
  });
  expect(bodyOf(stored)).toMatchObject({
    source: { service: 'codesight-worker', function: 'quality.score' },
    database: { code: '23514' },
  });
}, 120_000);
