import { afterAll, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { registerOwnContracts } from '../src/diagnostics/contracts/own.ts';
import { newId } from '../src/lib/ids.ts';
import { schema } from '../src/schema.ts';
import { openChangedServer } from './changed-server.ts';
import { closeBrowser, openOutbox, untilSent } from './outbox.ts';

afterAll(closeBrowser);

/** The extension's outbox in a real browser, its diagnostics with it, and a server that may change. */
async function openWatched() {
  const outbox = await openOutbox();
  const { app, server } = outbox.product;
  const { id: projectId } = await app.db.project.findFirstOrThrow();
  await registerOwnContracts(app, schema, { projectId, version: packageJson.version });
  const changed = await openChangedServer(server.url);
  const key = await outbox.newKey({ scopes: ['CAPTURE', 'READ', 'REPORT'] });
  const page = await outbox.open();
  await page.do('connect', outbox.connection({ url: changed.url, key, mayReport: true }));
  await page.do('openDiagnostics', 'ReportCaptureHealth', 3_000);
  await page.do('openSender');
  const send = async () => {
    const id = newId();
    await page.do('record', { id, interactions: 3 });
    await page.do('stop', id);
    await untilSent(page, id, 30_000);
    return id;
  };
  const contractOf = (operation: string) =>
    app.db.contract.findFirst({
      where: { operation, checkCount: { gt: 0 } },
      include: { violations: true },
    });
  return { app, changed, send, contractOf };
}

test('the extension tells of all four ways in which a changed server breaks its contracts, and counts what held', async () => {
  const { app, changed, send, contractOf } = await openWatched();
  // On a busy machine any sample of health may be late, or wait when the connection is cut.
  const violations = async () =>
    (await app.db.contractViolation.findMany({ include: { contract: true } }))
      .map(({ kind, pointer, seenCount, contract: { operation } }) =>
        [operation, kind, pointer, seenCount].join(' '),
      )
      .filter((words) => !/^ReportCaptureHealth (UNAVAILABLE|TIMEOUT)/.test(words))
      .sort();
  const timeouts = async () => {
    const found = await app.db.contractViolation.findFirst({ where: { kind: 'TIMEOUT' } });
    const { seenCount = 0, lateCount = 0 } = found ?? {};
    return { late: lateCount > 0, never: seenCount > lateCount };
  };

  await send();
  await expect
    .poll(async () => Number((await contractOf('RecordInteractions'))?.checkCount))
    .toBeGreaterThan(0);
  expect(await contractOf('StartSession')).toMatchObject({ checkCount: 1n, violationCount: 0n });
  expect(await violations()).toEqual([]);

  // Nothing of a session waits for its three samples of health.
  changed.changes.ReportCaptureHealth = [
    { sent: (payload) => ({ ...payload, variables: { input: { sessionId: newId() } } }) },
    { delayMs: 4_500 },
    { delayMs: Number.POSITIVE_INFINITY },
  ];
  changed.changes.Outcome = [
    { answered: ({ data }) => ({ data: { session: { ...sessionOf(data), site: 5 } } }) },
  ];
  await send();
  await expect.poll(timeouts, { timeout: 30_000 }).toEqual({ late: true, never: true });
  changed.changes.EndSession = [{ isCut: true }];
  const id = await send();

  await expect
    .poll(violations, { timeout: 30_000 })
    .toEqual([
      'EndSession UNAVAILABLE  1',
      'Outcome RESPONSE_SCHEMA_ERROR /session/site 1',
      'ReportCaptureHealth PARAM_MISMATCH  1',
    ]);
  // The answer may come after the call was told of: then its sample goes with the next call.
  const shape = async () => (await contractOf('StartSession'))?.baselineShape;
  await expect.poll(shape).toMatchObject({
    '/startSession:SessionStarted/session/state': { string: expect.any(Number) },
  });
  const told = await app.db.errorEvent.findMany({ where: { category: 'SERVICE_UNAVAILABLE' } });
  expect(told.map(({ correlationId }) => correlationId)).toContain(id.replaceAll('-', ''));
  // Followers of the debug stream find all of it under the client's own name.
  const events = await app.db.debugEvent.findMany({
    where: {
      OR: ['report', 'contract.checked'].map((equals) => ({ body: { path: ['signal'], equals } })),
    },
  });
  const clients = events.map(({ body }) => (body as { clientId: string | null }).clientId);
  expect(new Set(clients)).toEqual(new Set(['1']));
}, 120_000);

function sessionOf(data: object | undefined): object {
  return (data as { session?: object } | undefined)?.session ?? {};
}
