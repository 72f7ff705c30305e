import { expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { openChangedServer } from '../../test/changed-server.ts';
import { openProduct } from '../../test/product.ts';
import { createKey } from '../accounts/keys.ts';
import { registerOwnContracts } from '../diagnostics/contracts/own.ts';
import { ViewerDocument } from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { schema } from '../schema.ts';
import { openConnection } from './connection.ts';
import { RequestRefusedError } from './errors.ts';

const watcher = { service: 'shop-recorder', release: '7' };

/** A server that may change, and the client's connection to it. */
async function openWatched() {
  const product = await openProduct();
  const { app } = product;
  const { id: projectId } = await app.db.project.findFirstOrThrow();
  await registerOwnContracts(app, schema, { projectId, version: packageJson.version });
  const { url, changes } = await openChangedServer(product.server.url);
  const connection = openConnection({
    url,
    token: product.key,
    watcher,
    backoff: { firstMs: 20, lastMs: 200 },
  });
  onTestFinished(() => connection.close());
  await connection.ready(20_000);
  return { app, changes, connection };
}

test('the client tells of contracts that a changed server does not keep, and counts those that it does', async () => {
  const { app, changes, connection } = await openWatched();
  await connection.run(ViewerDocument, {});
  changes.Viewer = [
    { answered: ({ data }) => ({ data: { viewer: { ...Object(data).viewer, scopes: 'ALL' } } }) },
    {
      sent: (payload) => ({ ...payload, query: `${payload.query} query Other { viewer { id } }` }),
    },
    { isCut: true },
  ];

  await connection.run(ViewerDocument, {}); // answered in another shape
  const refused = connection.run(ViewerDocument, {}); // the server has other rules
  await expect(refused).rejects.toThrow(RequestRefusedError);
  await connection.run(ViewerDocument, {}); // cut, and asked again
  await connection.close();

  const violations = async () =>
    (await app.db.contractViolation.findMany({ include: { contract: true } }))
      .map(({ kind, pointer, contract }) => [contract.operation, kind, pointer].join(' '))
      .sort();
  await expect
    .poll(violations, { timeout: 10_000 })
    .toEqual([
      'Viewer PARAM_MISMATCH ',
      'Viewer RESPONSE_SCHEMA_ERROR /viewer/scopes',
      'Viewer UNAVAILABLE ',
    ]);
  const told = await app.db.errorEvent.findMany();
  expect(new Set(told.map(({ service, release }) => `${service} ${release}`))).toEqual(
    new Set(['shop-recorder 7']),
  );
  const { checkCount } = await app.db.contract.findFirstOrThrow({ where: { operation: 'Viewer' } });
  expect(Number(checkCount)).toBeGreaterThanOrEqual(4);
});

test('with a key that may not report the client works as ever, and nobody is told', async () => {
  const product = await openProduct();
  const { app } = product;
  const faults: unknown[] = [];
  app.faults.connect((fault) => faults.push(fault));
  const { id: projectId } = await app.db.project.findFirstOrThrow();
  const { secret } = await createKey(
    app,
    { projectId, scopes: new Set(['READ']) },
    { id: newId(), name: 'reads', scopes: ['READ'], now: new Date() },
  );
  const connection = product.connect({ token: secret, watcher });

  await connection.run(ViewerDocument, {});
  await connection.close();

  expect(await app.db.errorEvent.count()).toBe(0);
  expect(faults).toEqual([]);
});
