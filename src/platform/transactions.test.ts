import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openTestApp } from '../../test/app.ts';
import { newId } from '../lib/ids.ts';
import { bytesArray, instantArray, textArray, uuidArray } from '../lib/pg-arrays.ts';
import type { Transaction } from './transactions.ts';

const insert = (tx: Transaction, name: string) =>
  tx.query({
    text: `INSERT INTO "Project" ("id", "name") VALUES (gen_random_uuid(), $1)`,
    values: [name],
  });

test('plain statements and models are one transaction: what is thrown undoes both', async () => {
  const app = await openTestApp();
  const names = async () => (await app.db.project.findMany()).map(({ name }) => name).sort();

  const answer = await app.database.transact(async (tx) => {
    await insert(tx, 'plain');
    await tx.models(async (models) => {
      expect(await models.project.count()).toBe(1);
      await models.project.create({ data: { id: newId(), name: 'model' } });
    });
    return 'done';
  });
  const failing = app.database.transact(async (tx) => {
    await insert(tx, 'undone');
    await tx.models((models) =>
      models.project.create({ data: { id: newId(), name: 'undone, too' } }),
    );
    throw new Error('made to fail');
  });

  expect(answer).toBe('done');
  await expect(failing).rejects.toThrow('made to fail');
  expect(await names()).toEqual(['model', 'plain']);
});

test('a statement that fails is an error, and so is one whose failure nobody looked at', async () => {
  const app = await openTestApp();
  const fail = (tx: Transaction) => tx.query({ text: 'SELECT 1 / 0' });

  await expect(app.database.transact(fail)).rejects.toThrow('division by zero');
  const unseen = app.database.transact(async (tx) => {
    await insert(tx, 'undone');
    await fail(tx).catch(() => undefined);
  });

  await expect(unseen).rejects.toThrow('Expected a commit, got ROLLBACK.');
  expect(await app.db.project.count()).toBe(0);
});

test('models that fail undo plain statements', async () => {
  const app = await openTestApp();

  const failing = app.database.transact(async (tx) => {
    await insert(tx, 'undone');
    await tx.models((models) => models.project.findUniqueOrThrow({ where: { number: -1 } }));
  });

  await expect(failing).rejects.toThrow();
  expect(await app.db.project.count()).toBe(0);
});

test('transactions at once do not mix, and a connection that is lost is not used again', async () => {
  const app = await openTestApp();
  const pid = `SELECT pg_backend_pid() AS pid, pg_current_xact_id()::text AS xid`;
  type Row = { pid: number; xid: string };

  const pairs = await Promise.all(
    Array.from({ length: 20 }, () =>
      app.database.transact(async (tx) => {
        const plain = await tx.query<Row>({ text: pid });
        const models = await tx.models((inner) => inner.$queryRawUnsafe<Row[]>(pid));
        return [plain.rows[0], models[0]];
      }),
    ),
  );
  const lost = app.database.transact((tx) =>
    tx.query({ text: 'SELECT pg_terminate_backend(pg_backend_pid())' }),
  );

  for (const [plain, models] of pairs) expect(models).toEqual(plain);
  expect(new Set(pairs.map(([plain]) => plain?.xid)).size).toBe(20);
  await expect(lost).rejects.toThrow(/terminat/);
  await Promise.all(
    Array.from({ length: 20 }, () => app.database.transact((tx) => insert(tx, 'x'))),
  );
  expect(await app.db.project.count()).toBe(20);
});

test('an array of bytes is the array that it stands for', async () => {
  const app = await openTestApp();
  const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
  const listOf = <T>(value: fc.Arbitrary<T>) => fc.array(fc.option(value, { nil: null }));
  const ofYears = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z') };

  const property = fc.asyncProperty(
    listOf(text),
    listOf(fc.uint8Array().map((value) => Buffer.from(value))),
    listOf(fc.uuid()),
    listOf(fc.date({ ...ofYears, noInvalidDate: true })),
    async (texts, bytes, uuids, instants) => {
      const { rows } = await app.sql.query({
        text: 'SELECT $1::text[] AS texts, $2::bytea[] AS bytes, ($3::uuid[])::text[] AS uuids, $4::timestamptz[] AS instants',
        values: [textArray(texts), bytesArray(bytes), uuidArray(uuids), instantArray(instants)],
      });
      expect(rows[0]).toEqual({ texts, bytes, uuids, instants });
    },
  );
  await fc.assert(property, { numRuns: 50 });
});
