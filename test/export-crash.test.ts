import { expect, onTestFinished, test } from 'vitest';
import { exportDataset } from '../src/datasets/exports.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import { others, pipeline } from '../src/pipeline.ts';
import type { App } from '../src/platform/app.ts';
import { makeViewer, openTestApp } from './app.ts';
import { startChild } from './children.ts';
import { makeFrozen } from './frozen.ts';

const gateNumber = 9_100; // any number that nothing else locks

test('an export survives kill -9 of its worker: it goes on at its next part and gives the same files', {
  timeout: 240_000,
}, async () => {
  const app = await openTestApp({ pipeline, others });
  const viewer = await makeViewer(app);
  const datasetId = await makeFrozen(app, viewer.projectId, { sessions: 20, steps: 250 });
  const calm = await ordered(app, viewer, datasetId);
  const first = await startChild(app, 'work');
  await expect.poll(() => stateOf(app, calm), { timeout: 60_000 }).toBe('SUCCEEDED');
  const open = await closeGate(app, 3);
  const broken = await ordered(app, viewer, datasetId);
  await expect.poll(() => partsOf(app, broken), { timeout: 60_000, interval: 20 }).toEqual([2]);
  await expect.poll(() => isHeld(app), { timeout: 60_000, interval: 20 }).toBe(true);

  await first.kill();
  const before = await storedPart(app, viewer, broken, 0);
  expect(await stateOf(app, broken)).toBe('RUNNING');
  await open();
  const second = await startChild(app, 'work');
  await expect.poll(() => stateOf(app, broken), { timeout: 90_000 }).toBe('SUCCEEDED');
  await second.stop();

  expect(await filesOf(app, broken)).toEqual(await filesOf(app, calm));
  expect((await filesOf(app, broken)).length).toBeGreaterThan(1);
  const after = await storedPart(app, viewer, broken, 0);
  expect(after.equals(before)).toBe(true); // sealed with another nonce, had it been written again
});

async function ordered(app: App, viewer: Viewer, datasetId: string): Promise<string> {
  const id = newId();
  await exportDataset(app, viewer, { id, datasetId, format: 'OPENAI_CHAT' });
  return id;
}

async function stateOf(app: App, id: string) {
  return (await app.db.datasetExport.findUniqueOrThrow({ where: { id } })).state;
}

const rowsOf = (app: App, exportId: string) =>
  app.db.exportFile.findMany({ where: { exportId }, orderBy: { position: 'asc' } });

async function partsOf(app: App, exportId: string): Promise<number[]> {
  return (await rowsOf(app, exportId)).map(({ parts }) => parts);
}

async function filesOf(app: App, exportId: string) {
  return (await rowsOf(app, exportId)).map(({ path, bytes, records, parts, sha256 }) => ({
    ...{ path, bytes, records, parts },
    sha256: Buffer.from(sha256 ?? []).toString('hex'),
  }));
}

async function storedPart(app: App, { projectId }: Viewer, exportId: string, part: number) {
  const [file] = await rowsOf(app, exportId);
  const row = await app.db.datasetExport.findUniqueOrThrow({ where: { id: exportId } });
  return app.storage.get(
    `${projectId}/datasets/${row.datasetId}/exports/${exportId}/${file?.id}/${part}`,
  );
}

/** Keeps a part of this number from being noted, once it is stored, until the gate is opened. */
async function closeGate(app: App, parts: number): Promise<() => Promise<void>> {
  await app.sql.query(`
    CREATE FUNCTION wait_at_part() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock_shared(${gateNumber}); RETURN NEW;
    END $$`);
  await app.sql.query(`
    CREATE TRIGGER gate BEFORE UPDATE ON "ExportFile"
    FOR EACH ROW WHEN (NEW."parts" = ${parts} AND NEW."sha256" IS NULL)
    EXECUTE FUNCTION wait_at_part()`);
  const holder = await app.sql.connect();
  await holder.query('SELECT pg_advisory_lock($1)', [gateNumber]);
  onTestFinished(() => holder.release(true));
  return async () => {
    await holder.query('SELECT pg_advisory_unlock($1)', [gateNumber]);
  };
}

async function isHeld(app: App): Promise<boolean> {
  const { rows } = await app.sql.query(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${gateNumber} AND NOT granted`,
  );
  return rows.length > 0;
}
