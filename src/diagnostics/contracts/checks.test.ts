import { expect, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../../test/app.ts';
import { counted } from '../../../test/reports.ts';
import { countStatements, upTo } from '../../../test/sessions.ts';
import type { Viewer } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { shapeOf } from '../../reporter/shapes.ts';
import { noteViolations } from './note-violations.ts';
import { registerOwnContracts } from './own.ts';
import { registerContracts } from './register.ts';

const price = {
  service: 'shop',
  operation: 'GET /price',
  version: '1',
  kind: 'HTTP',
  response: { type: 'object', required: ['price'] },
};
const REPORT = `mutation Report($input: ReportContractChecksInput!) {
  reportContractChecks(input: $input) {
    ... on ContractCheckReceipt { counted unknown }
    ... on Problem { code message }
  }
}`;
const CONTRACTS = `{ contracts(orderBy: MOST_BROKEN_FIRST) { nodes {
  operation checkCount violationCount
  violations { nodes { kind pointer keyword expected actual seenCount lateCount correlationId } }
  drifts { nodes { kind pointer type seenCount } }
} } }`;

type Node = {
  operation: string;
  checkCount: number;
  violationCount: number;
  violations: { nodes: { kind: string; pointer: string; seenCount: number; lateCount: number }[] };
  drifts: { nodes: object[] };
};
const report = async (app: App, viewer: Viewer, ...checks: object[]) => {
  const { reportContractChecks } = await ask<{
    reportContractChecks: { counted: number; unknown: string[]; code?: string; message?: string };
  }>(app, viewer, REPORT, { input: { checks } });
  await counted(app);
  return reportContractChecks;
};
const contractsOf = async (app: App, viewer: Viewer) =>
  (await ask<{ contracts: { nodes: Node[] } }>(app, viewer, CONTRACTS)).contracts.nodes;
const open = async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'REPORT'] });
  const [contractHash = ''] = await registerContracts(app, viewer.projectId, [price]);
  return { app, viewer, contractHash };
};
const gone = { pointer: '/price', keyword: 'required', expected: 'present', actual: 'absent' };
const violation = (kind: string, more: object = {}) => ({
  kind,
  occurredAt: '2026-11-26T10:00:00Z',
  correlationId: '0af7651916cd43dd8448eb211c80319c',
  ...more,
});

test('checks are counted once each, good and bad', async () => {
  const { app, viewer, contractHash } = await open();
  const check = { id: newId(), contractHash, checked: 20 };

  const first = await report(app, viewer, check, { id: newId(), contractHash, checked: 5 });
  const again = await report(app, viewer, check);

  expect(first).toEqual({ counted: 2, unknown: [] });
  expect(again).toEqual({ counted: 1, unknown: [] });
  expect(await contractsOf(app, viewer)).toMatchObject([{ checkCount: 25, violationCount: 0 }]);
});

test('each of the four kinds of violation is kept with every deviation, and is a report once', async () => {
  const { app, viewer, contractHash } = await open();
  const other = { ...gone, pointer: '/vat' };
  const check = {
    id: newId(),
    contractHash,
    checked: 9,
    violations: [
      violation('RESPONSE_SCHEMA_ERROR', { deviations: [gone, other] }),
      violation('RESPONSE_SCHEMA_ERROR', { deviations: [gone] }),
      violation('PARAM_MISMATCH'),
      violation('TIMEOUT', { isLate: true }),
      violation('UNAVAILABLE'),
    ],
  };

  await report(app, viewer, check);
  await report(app, viewer, check);

  const [contract] = await contractsOf(app, viewer);
  expect(contract).toMatchObject({ checkCount: 9, violationCount: 5 });
  const found = contract?.violations.nodes.map(({ kind, pointer, seenCount, lateCount }) => [
    kind,
    pointer,
    seenCount,
    lateCount,
  ]);
  expect(found?.sort()).toEqual([
    ['PARAM_MISMATCH', '', 1, 0],
    ['RESPONSE_SCHEMA_ERROR', '/price', 2, 0],
    ['RESPONSE_SCHEMA_ERROR', '/vat', 1, 0],
    ['TIMEOUT', '', 1, 1],
    ['UNAVAILABLE', '', 1, 0],
  ]);
  expect(await app.db.errorEvent.count({ where: { category: 'CONTRACT_VIOLATION' } })).toBe(5);
});

test('every violation of a call is kept, also beyond what a call of reports may hold', async () => {
  const { app, viewer, contractHash } = await open();
  const deviations = [gone, { ...gone, pointer: '/vat' }];
  const checks = Array.from({ length: 50 }, () => ({
    ...{ id: newId(), contractHash, checked: 5 },
    violations: upTo(5).map(() => violation('RESPONSE_SCHEMA_ERROR', { deviations })),
  }));

  await report(app, viewer, ...checks);

  const [contract] = await contractsOf(app, viewer);
  expect(contract?.violationCount).toBe(250);
  expect(contract?.violations.nodes.map(({ seenCount }) => seenCount)).toEqual([250, 250]);
});

test('of a deviation types are kept and no value, of a place no personal name', async () => {
  const { app, viewer, contractHash } = await open();
  const deviations = [
    { pointer: '/a', keyword: 'type', expected: 'string|null', actual: 'integer' },
    { pointer: '/b', keyword: 'enum', expected: 'one of 3', actual: 'Wednesday' },
    { pointer: '/c', keyword: 'is Wednesday', expected: '4711', actual: 'absent' },
  ];
  const samples = { count: 20, shape: { '/jo.doe@example.org': { string: 20 } } };
  const violations = [violation('RESPONSE_SCHEMA_ERROR', { deviations })];

  await report(app, viewer, { id: newId(), contractHash, checked: 20, violations, samples });

  const [contract] = await contractsOf(app, viewer);
  const found = contract?.violations.nodes as unknown as Record<string, string>[];
  expect(
    found.map(({ keyword, expected, actual }) => `${keyword}: ${expected}, ${actual}`),
  ).toEqual(
    expect.arrayContaining([
      'type: string|null, integer',
      'enum: one of 3, other',
      'other: other, absent',
    ]),
  );
  const { id } = await app.db.errorIssue.findFirstOrThrow();
  const kept = await ask(
    app,
    viewer,
    `{ errorEvents(where: { issueId: "${id}" }) { nodes { report } } }`,
  );
  expect(JSON.stringify(kept)).toContain('one of 3');
  expect(JSON.stringify(kept)).not.toMatch(/Wednesday|4711/);
  const { baselineShape } = await app.db.contract.findFirstOrThrow();
  expect(JSON.stringify(baselineShape)).not.toContain('jo.doe');
});

test('a contract that is checked or broken more often than can be counted is so still', async () => {
  const { app, viewer, contractHash } = await open();
  const check = () => ({
    ...{ id: newId(), contractHash, checked: 1_000_000 },
    violations: [violation('TIMEOUT')],
  });
  await report(app, viewer, check());
  const most = 2 ** 31 - 1;
  await app.db.contractHour.updateMany({ data: { checks: most - 1, violations: most } });
  await app.db.contractViolation.updateMany({ data: { seenCount: most } });

  expect(await report(app, viewer, check())).toMatchObject({ counted: 1 });

  expect(await app.db.contractHour.findFirst()).toMatchObject({ checks: most, violations: most });
  expect(await contractsOf(app, viewer)).toMatchObject([{ violationCount: 2 }]);
});

test('ways in which a contract is broken are a thousand about, and those are counted on', async () => {
  const { app, viewer, contractHash } = await open();
  const note = (pointers: string[]) =>
    app.db.$transaction((tx) =>
      noteViolations(
        tx,
        pointers.map((pointer) => ({
          projectId: viewer.projectId,
          contract: {
            ...{ hash: contractHash, violation: 'RESPONSE_SCHEMA_ERROR' as const },
            deviations: upTo(10).map((at) => ({ ...gone, pointer: `${pointer}/${at}` })),
          },
          ...{ correlationId: null, occurredAt: new Date() },
        })),
      ),
    );
  const ways = () => app.db.contractViolation.count();

  await note(upTo(700).map((at) => `/first/${at}`)); // more values than a statement may have
  expect(await ways()).toBe(7_000);
  await note(['/second', '/first/7']);

  expect(await ways()).toBe(7_000);
  expect(await app.db.contractViolation.count({ where: { seenCount: 2 } })).toBe(10);
});

test('a report that names a contract counts against it, too', async () => {
  const { app, viewer, contractHash } = await open();
  const REPORTS = `mutation ($input: ReportErrorsInput!) { reportErrors(input: $input) { accepted } }`;
  const reports = [
    {
      id: newId(),
      occurredAt: '2026-11-26T10:00:00Z',
      platform: 'PWA',
      category: 'CONTRACT_VIOLATION',
      contract: {
        hash: contractHash,
        operation: 'GET /price',
        violation: 'RESPONSE_SCHEMA_ERROR',
        pointer: '/price',
        deviations: [gone],
      },
    },
  ];

  await ask(app, viewer, REPORTS, { input: { reports } });
  await ask(app, viewer, REPORTS, { input: { reports } });
  await counted(app);

  expect(await contractsOf(app, viewer)).toMatchObject([
    {
      violationCount: 1,
      violations: {
        nodes: [{ pointer: '/price', keyword: 'required', expected: 'present', actual: 'absent' }],
      },
    },
  ]);
});

test('a client that names a contract nobody registered is of another version', async () => {
  const { app, viewer } = await open();
  const contractHash = 'f'.repeat(64);

  const receipt = await report(app, viewer, { id: newId(), contractHash, checked: 1 });

  expect(receipt).toEqual({ counted: 0, unknown: [contractHash] });
  expect(await app.db.errorEvent.findMany({ select: { category: true } })).toEqual([
    { category: 'VERSION_MISMATCH' },
  ]);
});

test('answers that come to look otherwise are drift, told once', async () => {
  const { app, viewer, contractHash } = await open();
  const sampled = (value: unknown, count: number) => ({
    id: newId(),
    contractHash,
    checked: count,
    samples: {
      count,
      shape: Object.fromEntries(
        Object.entries(shapeOf(value)).map(([pointer, types]) => [
          pointer,
          Object.fromEntries(Object.keys(types).map((type) => [type, count])),
        ]),
      ),
    },
  });

  await report(app, viewer, sampled({ price: 1 }, 20));
  await report(app, viewer, sampled({ price: null }, 3));
  await report(app, viewer, sampled({ price: null }, 3));

  const [contract] = await contractsOf(app, viewer);
  expect(contract?.drifts.nodes).toEqual([
    { kind: 'NULLS_APPEARED', pointer: '/price', type: 'null', seenCount: 6 },
  ]);
  expect(
    await app.db.debugEvent.count({
      where: { body: { path: ['signal'], equals: 'contract.drifted' } },
    }),
  ).toBe(1);
});

test('what is checked of many contracts takes as many statements as of a few', async () => {
  const { app, viewer } = await open();
  const countOf = async (contracts: number) => {
    const hashes = await registerContracts(
      app,
      viewer.projectId,
      upTo(contracts).map((number) => ({
        ...price,
        operation: `GET /price/${contracts}/${number}`,
      })),
    );
    const tell = (value: unknown, count: number) =>
      report(
        app,
        viewer,
        ...hashes.map((contractHash) => ({
          ...{ id: newId(), contractHash, checked: count },
          samples: { count, shape: shapeOf(value) },
        })),
      );
    await tell({ price: 1 }, 20);
    await tell({ price: null, vat: 1 }, 3);
    const statements = await countStatements(app, async () => {
      for (const value of [{ price: null }, { price: null }]) await tell(value, 1);
    });
    const drifts = await app.db.contractDrift.count({
      where: { contract: { hash: { in: hashes } } },
    });
    return { statements, drifts };
  };

  const few = await countOf(5);
  const many = await countOf(50);

  expect([few.drifts, many.drifts]).toEqual([5, 50]);
  // One or two may be of those who look for news.
  expect(many.statements).toBeLessThan(few.statements + 5);
});

test('the health of contracts is told by service, against the time before', async () => {
  const { app, viewer, contractHash } = await open();
  await report(app, viewer, {
    id: newId(),
    contractHash,
    checked: 10,
    violations: [violation('TIMEOUT')],
  });
  const { id } = await app.db.contract.findFirstOrThrow();
  const hour = new Date(Date.now() - 10 * 86_400_000);
  await app.db.contractHour.create({ data: { contractId: id, hour, checks: 5, violations: 4 } });
  const HEALTH =
    'query ($days: Int) { contractHealth(days: $days) { service contracts checks violations violationsBefore brokenRatio } }';

  const week = await ask(app, viewer, HEALTH);
  const day = await ask(app, viewer, HEALTH, { days: 1 });

  const health = { service: 'shop', contracts: 1, checks: 10, violations: 1, brokenRatio: 0.1 };
  expect(week).toEqual({ contractHealth: [{ ...health, violationsBefore: 4 }] });
  expect(day).toEqual({ contractHealth: [{ ...health, violationsBefore: 0 }] });
  await expect(ask(app, viewer, HEALTH, { days: 91 })).rejects.toThrow('1 to 90 for days');
});

test('every project knows our own contracts', async () => {
  const { app, viewer } = await open();
  const { schema } = await import('../../schema.ts');
  const stranger = await makeViewer(app, { scopes: ['READ', 'REPORT'] });
  await registerOwnContracts(app, schema, { projectId: viewer.projectId, version: '1' });
  const { hash } = await app.db.contract.findFirstOrThrow({ where: { operation: 'StartSession' } });

  const receipt = await report(app, stranger, { id: newId(), contractHash: hash, checked: 3 });

  expect(receipt).toEqual({ counted: 1, unknown: [] });
  expect(await contractsOf(app, stranger)).toMatchObject([
    { operation: 'StartSession', checkCount: 3 },
  ]);
});

test('what does not fit is refused whole, by name', async () => {
  const { app, viewer, contractHash } = await open();

  const wrong = await report(app, viewer, { id: newId(), contractHash, checked: 0 });
  const none = await report(app, viewer);

  expect(wrong).toMatchObject({ code: 'INVALID_INPUT' });
  expect(wrong.message).toContain('input.checks.0.checked');
  expect(none.message).toContain('1 to 100 checks');
});
