import { expect, test } from 'vitest';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { anException, aReport, take } from '../../../test/reports.ts';
import type { Viewer } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { mergeErrorIssues } from './merge.ts';

const EVENTS = `query ($where: ErrorEventFilter!, $first: Int, $after: String, $last: Int, $before: String) {
  errorEvents(where: $where, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`;

type Page = {
  nodes: { id: string }[];
  pageInfo: {
    startCursor: string;
    endCursor: string;
    hasNextPage: boolean;
    hasPreviousPage: boolean;
  };
};

type Place = { after?: string; before?: string };

/** Ids of all pages of three, one after the other, from the beginning or from the end. */
async function walk(
  app: App,
  viewer: Viewer,
  where: object,
  side: 'first' | 'last',
): Promise<string[]> {
  const ids: string[] = [];
  for (let place: Place = {}; ; ) {
    const { errorEvents } = await ask<{ errorEvents: Page }>(app, viewer, EVENTS, {
      where,
      [side]: 3,
      ...place,
    });
    const page = errorEvents.nodes.map(({ id }) => id);
    ids.push(...(side === 'first' ? page : page.reverse()));
    const { startCursor, endCursor, hasNextPage, hasPreviousPage } = errorEvents.pageInfo;
    if (!(side === 'first' ? hasNextPage : hasPreviousPage)) return ids;
    place = side === 'first' ? { after: endCursor } : { before: startCursor };
  }
}

/** Five kinds of reports, 40 in all, of which some share an instant and some a trace. */
async function begin() {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'ADMIN'], participant: null });
  const now = Date.now();
  const reports = Array.from({ length: 40 }, (_, n) =>
    aReport({
      exceptions: [anException({ type: `Error${(n * 7) % 5}` })],
      occurredAt: new Date(now - (((n * 13) % 40) >> 1) * 60_000).toISOString(),
      ...(n % 4 === 0 ? { correlationId: 'a'.repeat(32) } : {}),
    }),
  );
  await take(app, viewer.projectId, reports);
  await take(app, await makeProject(app), [aReport()]);
  const events = await app.db.errorEvent.findMany({
    where: { projectId: viewer.projectId },
    orderBy: [{ occurredAt: 'desc' }, { id: 'desc' }],
  });
  const issues = await app.db.errorIssue.findMany({
    where: { projectId: viewer.projectId },
    include: { fingerprints: true },
  });
  return { app, viewer, events, issues };
}

test('pages of reports are together all of them, latest first, from either end', async () => {
  const { app, viewer, events, issues } = await begin();
  const [target, ...sources] = issues.slice(0, 3);
  const issueId = target?.id ?? '';
  await mergeErrorIssues(app, viewer, {
    issueId,
    operationId: newId(),
    expectedVersion: null,
    sourceIds: sources.map(({ id }) => id),
  });
  const merged = new Set(
    issues
      .slice(0, 3)
      .flatMap((issue) => issue.fingerprints)
      .map(({ id }) => id),
  );
  const [fingerprintId = ''] = merged;
  const correlationId = 'a'.repeat(32);
  const cases: [object, (event: (typeof events)[number]) => boolean][] = [
    [{}, () => true],
    [{ issueId }, (event) => merged.has(event.fingerprintId)],
    [{ fingerprintId }, (event) => event.fingerprintId === fingerprintId],
    [{ correlationId }, (event) => event.correlationId === correlationId],
    [
      { issueId, correlationId },
      (event) => merged.has(event.fingerprintId) && event.correlationId === correlationId,
    ],
    [{ issueId: issues[4]?.id, fingerprintId }, () => false],
  ];

  for (const [where, fits] of cases) {
    const expected = events.filter(fits).map(({ id }) => id);
    expect(await walk(app, viewer, where, 'first')).toEqual(expected);
    expect(await walk(app, viewer, where, 'last')).toEqual(expected.toReversed());
  }
});

test('reports of a project are found where the issues that were seen last have none any more', async () => {
  const { app, viewer, events, issues } = await begin();
  const gone = new Set(
    issues
      .slice(1)
      .flatMap((issue) => issue.fingerprints)
      .map(({ id }) => id),
  );
  await app.db.errorEvent.deleteMany({ where: { fingerprintId: { in: [...gone] } } });
  await app.db.errorIssue.updateMany({
    where: { id: issues[0]?.id ?? '' },
    data: { lastSeenAt: new Date(0) },
  });

  const ids = await walk(app, viewer, {}, 'first');

  expect(ids).toEqual(
    events.filter(({ fingerprintId }) => !gone.has(fingerprintId)).map(({ id }) => id),
  );
});

test('after a report that is gone there is nothing', async () => {
  const { app, viewer } = await begin();
  const { errorEvents } = await ask<{ errorEvents: Page }>(app, viewer, EVENTS, {
    where: {},
    first: 3,
  });
  await app.db.errorEvent.deleteMany();

  const next = await ask<{ errorEvents: Page }>(app, viewer, EVENTS, {
    where: {},
    first: 3,
    after: errorEvents.pageInfo.endCursor,
  });

  expect(next.errorEvents.nodes).toEqual([]);
});

test('issues that were merged away stand in nobody’s place', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'ADMIN'], participant: null });
  const now = Date.now();
  const reports = Array.from({ length: 12 }, (_, n) =>
    aReport({
      exceptions: [anException({ type: `Kind${n}` })],
      occurredAt: new Date(now - n * 60_000).toISOString(),
    }),
  );
  await take(app, viewer.projectId, reports);
  const issues = await app.db.errorIssue.findMany({ orderBy: { lastSeenAt: 'desc' } });
  const [target, ...others] = issues.map(({ id }) => id);
  await mergeErrorIssues(app, viewer, {
    issueId: target ?? '',
    operationId: newId(),
    expectedVersion: null,
    sourceIds: others.slice(0, 6),
  });

  expect(await walk(app, viewer, {}, 'first')).toEqual(reports.map(({ id }) => id));
});
