import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { aReport, take } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';
import { maxMapBytes } from './source-maps.ts';

const SAVE = `mutation ($input: SaveSourceMapInput!) { saveSourceMap(input: $input) {
  ... on SourceMap { file bytes } ... on Problem { code message } ... on InvalidInput { field } } }`;
const aMap = JSON.stringify({ version: 3, sources: ['cart.ts'], names: [], mappings: 'AAAA' });

test('a source map is refused by the name of its field and limit: too large unpacked, none at all, one too many of a release', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['ADMIN'], participant: null });
  const save = (content: Buffer, file = 'app.js', release = '1') =>
    ask<{ saveSourceMap: object }>(app, viewer, SAVE, {
      input: { release, file, contentGzip: content.toString('base64') },
    }).then((data) => data.saveSourceMap);
  const refused = { code: 'INVALID_INPUT', field: 'input.contentGzip' };

  expect(await save(gzipSync(Buffer.alloc(maxMapBytes + 1, 32)))).toMatchObject({
    ...refused,
    message: expect.stringContaining(`${maxMapBytes} bytes`),
  });
  expect(await save(Buffer.from(aMap))).toMatchObject(refused);
  expect(await save(gzipSync('{"version":2}'))).toMatchObject(refused);
  expect(await app.db.sourceMap.count()).toBe(0);
  expect(await save(gzipSync(aMap))).toEqual({ file: 'app.js', bytes: aMap.length });

  const [row] = await app.db.sourceMap.findMany();
  if (!row) throw new Error('Expected a map.');
  await app.db.sourceMap.createMany({
    data: Array.from({ length: 4_999 }, (_, index) => ({
      ...row,
      ...{ id: newId(), file: `${index}.js`, objectKey: newId() },
    })),
  });
  const other = aMap.replace('cart.ts', 'a/cart.ts');
  expect(await save(gzipSync(aMap), 'more.js')).toMatchObject({
    field: 'input.release',
    message: expect.stringContaining('at most 5000 source maps'),
  });
  expect(await save(gzipSync(other))).toEqual({ file: 'app.js', bytes: other.length }); // replaced
});

test('one source map over the limit takes the place of those of the oldest release', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['ADMIN'], participant: null });
  const save = (release: string) =>
    ask<{ saveSourceMap: object }>(app, viewer, SAVE, {
      input: { release, file: 'app.js', contentGzip: gzipSync(aMap).toString('base64') },
    }).then((data) => data.saveSourceMap);
  for (const release of ['1', '2']) await save(release);
  const oldest = await app.db.sourceMap.findFirstOrThrow({ where: { release: '1' } });
  await app.db.sourceMap.createMany({
    data: Array.from({ length: 4_998 }, (_, index) => ({
      ...oldest,
      ...{ id: newId(), release: '2', file: `${index}.js`, objectKey: newId() },
    })),
  });

  expect(await save('3')).toEqual({ file: 'app.js', bytes: aMap.length });

  const left = await app.db.sourceMap.groupBy({ by: ['release'], _count: true });
  expect(left).toEqual(
    expect.arrayContaining([
      { release: '2', _count: 4_999 },
      { release: '3', _count: 1 },
    ]),
  );
  expect(left).toHaveLength(2);
  await expect(app.storage.get(oldest.objectKey)).rejects.toThrow();
});

test('while the database is slow reports are refused before any work, counted, and taken again after', async () => {
  const app = await openTestApp({ env: { MAX_POOL_WAIT_MS: '200' } });
  const projectId = await makeProject(app);
  await take(app, projectId, [aReport()]);
  const locker = new pg.Client({ connectionString: app.config.databaseUrl });
  await locker.connect();
  onTestFinished(() => locker.end());
  await locker.query('BEGIN; LOCK TABLE "ErrorEvent" IN ACCESS EXCLUSIVE MODE');
  const begunAt = performance.now();
  const stuck = take(app, projectId, [aReport()]);
  const waitsFor = async () => {
    const { rows } = await locker.query(
      'SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted',
    );
    return rows[0].n;
  };
  await expect.poll(waitsFor, { timeout: 10_000 }).toBeGreaterThan(0);
  const next = take(app, projectId, [aReport()]); // waits for the one before
  await expect.poll(() => performance.now() - begunAt, { timeout: 10_000 }).toBeGreaterThan(1_000);

  const refused = await take(app, projectId, [aReport(), aReport()]);

  expect(refused).toMatchObject({ accepted: 0, rateLimited: 2, retryAfterSeconds: 2 });
  await locker.query('ROLLBACK');
  expect([(await stuck).accepted, (await next).accepted]).toEqual([1, 1]);
  expect(await take(app, projectId, [aReport()])).toMatchObject({ accepted: 1 });
  const counted = () =>
    app.db.reportLedger.findMany({
      where: { outcome: 'RATE_LIMITED' },
      select: { reason: true, count: true },
    });
  await expect.poll(counted).toEqual([{ reason: 'overloaded', count: 2n }]);
});
