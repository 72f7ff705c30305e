import { expect, test } from 'vitest';
import { makeRule } from '../../../test/alerts.ts';
import { ask, makeViewer, openReplica, openTestApp } from '../../../test/app.ts';
import { anException, aReport, take } from '../../../test/reports.ts';
import { upTo } from '../../../test/sessions.ts';
import type { Viewer } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { forecastLimit } from './life-cycle.ts';
import { forecastLimits, turnAged } from './sweep.ts';

type Issue = {
  id: string;
  state: string;
  version: number;
  count: number;
  userCount: number;
  title: string;
};
const ISSUE = 'id state version count userCount title';
const ISSUES = `query ($where: ErrorIssueFilter, $orderBy: ErrorIssueOrder) { errorIssues(where: $where, orderBy: $orderBy) {
  totalCount nodes { ${ISSUE} explanation { way rule parts { kind value counts } } fingerprints { nodes { id count } } } } }`;

function change(name: string, type: string) {
  return `mutation ($input: ${type}!) { ${name}(input: $input) { __typename
    ... on ErrorIssue { ${ISSUE} resolvedRelease mergedIntoId }
    ... on Problem { code message }
    ... on ErrorIssueConflict { current { version state } } } }`;
}
const RESOLVE = change('resolveErrorIssue', 'ResolveErrorIssueInput');
const ARCHIVE = change('archiveErrorIssue', 'ArchiveErrorIssueInput');
const ASSIGN = change('assignErrorIssue', 'AssignErrorIssueInput');
const REOPEN = change('reopenErrorIssue', 'ReopenErrorIssueInput');
const MERGE = change('mergeErrorIssues', 'MergeErrorIssuesInput');
const SPLIT = change('splitErrorIssue', 'SplitErrorIssueInput');

async function begin(): Promise<{ app: App; viewer: Viewer }> {
  const app = await openTestApp();
  return { app, viewer: await makeViewer(app, { scopes: ['READ', 'ADMIN'], participant: null }) };
}

async function issues(app: App, viewer: Viewer, variables: Record<string, unknown> = {}) {
  const { errorIssues } = await ask<{
    errorIssues: {
      totalCount: number;
      nodes: (Issue & { fingerprints: { nodes: { id: string; count: number }[] } })[];
    };
  }>(app, viewer, ISSUES, variables);
  return errorIssues;
}

async function only(app: App, viewer: Viewer) {
  const { nodes } = await issues(app, viewer);
  const [first] = nodes;
  if (!first || nodes.length > 1) throw new Error(`Expected one issue, got ${nodes.length}.`);
  return first;
}

const other = () => aReport({ exceptions: [anException({ type: 'RangeError', frames: [] })] });

test('a change is compare-and-set: one wins, a repeat gives the same answer, only the winner states signals', async () => {
  const { app, viewer } = await begin();
  await take(app, viewer.projectId, [aReport()]);
  const { id, version } = await only(app, viewer);
  const inputs = [newId(), newId(), newId()].map((operationId) => ({
    issueId: id,
    operationId,
    expectedVersion: version,
  }));

  const answers = await Promise.all(
    inputs.map((input) =>
      ask<Record<string, { __typename: string }>>(app, viewer, RESOLVE, { input }),
    ),
  );

  const kinds = answers.map(({ resolveErrorIssue }) => resolveErrorIssue?.__typename);
  expect(kinds.toSorted()).toEqual(['ErrorIssue', 'ErrorIssueConflict', 'ErrorIssueConflict']);
  const winner = inputs[kinds.indexOf('ErrorIssue')];
  const again = await ask<Record<string, unknown>>(app, viewer, RESOLVE, { input: winner });
  expect(again.resolveErrorIssue).toMatchObject({
    __typename: 'ErrorIssue',
    state: 'RESOLVED',
    version: 2,
  });
  const signals = await app.db.debugEvent.findMany();
  expect(signals.filter(({ body }) => JSON.stringify(body).includes('resolved'))).toHaveLength(1);
  const reused = await ask<Record<string, unknown>>(app, viewer, RESOLVE, {
    input: { ...winner, in: 'THIS_RELEASE', release: 'x' },
  });
  expect(reused.resolveErrorIssue).toMatchObject({ code: 'OPERATION_REUSED' });
});

test('resolved in the next release: reports of the known ones do not bring it back, a newer one does, once', async () => {
  const { app, viewer } = await begin();
  const replica = await openReplica(app);
  const { projectId } = viewer;
  const from = (release: string) => aReport({ environment: { release } });
  await take(app, projectId, [from('web@1.9.0'), from('web@1.8.0')]);
  const { id } = await only(app, viewer);

  const { resolveErrorIssue } = await ask<Record<string, unknown>>(app, viewer, RESOLVE, {
    input: { issueId: id, operationId: newId(), in: 'NEXT_RELEASE' },
  });
  await take(app, projectId, [from('web@1.9.0'), from('web@1.7.0')]);

  expect(resolveErrorIssue).toMatchObject({ state: 'RESOLVED', resolvedRelease: 'web@1.9.0' });
  expect((await only(app, viewer)).state).toBe('RESOLVED');
  await Promise.all(
    [app, replica, app, replica].map((each) => take(each, projectId, [from('web@1.10.0')])),
  );
  expect(await only(app, viewer)).toMatchObject({ state: 'REGRESSED', count: 8, version: 3 });
  const changes = await app.db.errorIssueChange.findMany({ where: { state: 'REGRESSED' } });
  expect(changes).toHaveLength(1);
});

test('archived for a count of reports: it wakes at N, not at N − 1', async () => {
  const { app, viewer } = await begin();
  const { projectId } = viewer;
  await take(app, projectId, [aReport()]);
  const { id } = await only(app, viewer);
  await ask(app, viewer, ARCHIVE, {
    input: { issueId: id, operationId: newId(), until: 'COUNT', count: 3 },
  });

  await take(app, projectId, [aReport(), aReport()]);
  expect((await only(app, viewer)).state).toBe('ARCHIVED');
  await take(app, projectId, [aReport()]);

  expect(await only(app, viewer)).toMatchObject({ state: 'ONGOING', count: 4 });
});

test('archived until escalation: the forecast of its own past decides', async () => {
  const { app, viewer } = await begin();
  const { projectId } = viewer;
  await take(app, projectId, [aReport()]);
  const { id } = await only(app, viewer);
  await ask(app, viewer, ARCHIVE, {
    input: { issueId: id, operationId: newId(), until: 'ESCALATION' },
  });

  await take(
    app,
    projectId,
    Array.from({ length: 9 }, () => aReport()),
  );
  expect((await only(app, viewer)).state).toBe('ARCHIVED');
  await take(app, projectId, [aReport()]);

  expect((await only(app, viewer)).state).toBe('ESCALATING');
  await take(app, projectId, [aReport()]);
  const signals = await app.db.debugEvent.findMany({
    where: { body: { path: ['signal'], equals: 'issue.escalating' } },
  });
  expect(signals.map(({ body }) => body)).toMatchObject([{ subjectId: id, kind: 'WARNING' }]);
});

test('an issue is assigned to members only, and to nobody again, compare-and-set', async () => {
  const { app, viewer } = await begin();
  const { projectId } = viewer;
  await take(app, projectId, [aReport()]);
  const { id } = await only(app, viewer);
  const [member, stranger] = await Promise.all(
    ['ada@example.org', 'eve@example.org'].map((email) =>
      app.db.user.create({ data: { id: newId(), email, name: 'Somebody', passwordHash: '-' } }),
    ),
  );
  const userId = member?.id ?? '';
  await app.db.membership.create({ data: { projectId, userId, role: 'VIEWER' } });
  const assign = (assigneeId: string | null, more: object = {}) =>
    ask<Record<string, object>>(app, viewer, ASSIGN, {
      input: { issueId: id, operationId: newId(), assigneeId, ...more },
    }).then((data) => data.assignErrorIssue);
  const assignee = async () => (await app.db.errorIssue.findFirstOrThrow()).assigneeId;

  expect(await assign(stranger?.id ?? '')).toMatchObject({ code: 'INVALID_INPUT' });
  expect(await assign(userId)).toMatchObject({ id, version: 2 });
  expect(await assignee()).toBe(userId);
  expect(await assign(null, { expectedVersion: 1 })).toMatchObject({ current: { version: 2 } });
  expect(await assign(null)).toMatchObject({ version: 3 });

  expect(await assignee()).toBeNull();
  const history = await app.db.errorIssueChange.findMany({ orderBy: { version: 'asc' } });
  expect(history.map(({ reason }) => reason)).toEqual([
    'Somebody looks after it.',
    'Nobody looks after it any more.',
  ]);
});

test('a resolved or archived issue is taken up again by hand; one that is open is not', async () => {
  const { app, viewer } = await begin();
  await take(app, viewer.projectId, [aReport()]);
  const { id } = await only(app, viewer);
  const issue = { issueId: id };
  const doTo = (text: string, more: object = {}) =>
    ask<Record<string, { code?: string; state?: string }>>(app, viewer, text, {
      input: { ...issue, operationId: newId(), ...more },
    }).then((data) => Object.values(data)[0]);

  expect(await doTo(REOPEN)).toMatchObject({ code: 'ERROR_ISSUE_STATE' });
  await doTo(RESOLVE);
  expect(await doTo(REOPEN, { reason: 'It is still there.' })).toMatchObject({ state: 'ONGOING' });
  await doTo(ARCHIVE, { until: 'FOREVER' });
  expect(await doTo(REOPEN)).toMatchObject({ state: 'ONGOING' });

  const last = await app.db.errorIssue.findFirstOrThrow();
  expect(last).toMatchObject({ resolvedAt: null, archivedUntil: null });
  const reasons = (await app.db.errorIssueChange.findMany()).map(({ reason }) => reason);
  expect(reasons).toContain('It is still there.');
});

test('merged issues stay merged for later reports, and split ones split', async () => {
  const { app, viewer } = await begin();
  const { projectId } = viewer;
  const user = (id: string) => ({ user: { id } });
  await take(app, projectId, [
    aReport(user('a')),
    aReport(user('b')),
    { ...other(), ...user('a') },
  ]);
  const { nodes } = await issues(app, viewer, { orderBy: 'COUNT' });
  const [target, source] = nodes;

  const merged = await ask<Record<string, Issue>>(app, viewer, MERGE, {
    input: { issueId: target?.id, operationId: newId(), sourceIds: [source?.id] },
  });
  await take(app, projectId, [other(), aReport()]);

  expect(merged.mergeErrorIssues).toMatchObject({ count: 3, userCount: 2 });
  const one = await only(app, viewer);
  expect(one).toMatchObject({ id: target?.id, count: 5, userCount: 2 });
  expect(one.fingerprints.nodes).toHaveLength(2);

  const fingerprint = source?.fingerprints.nodes[0]?.id;
  const newIssueId = newId();
  const split = await ask<Record<string, Issue>>(app, viewer, SPLIT, {
    input: { issueId: target?.id, operationId: newId(), newIssueId, fingerprintIds: [fingerprint] },
  });
  await take(app, projectId, [other()]);

  expect(split.splitErrorIssue).toMatchObject({ id: newIssueId, count: 2, userCount: 1 });
  const two = await issues(app, viewer, { orderBy: 'COUNT' });
  const counts = Object.fromEntries(two.nodes.map(({ id, count }) => [id, count]));
  expect(counts).toEqual({ [target?.id ?? '']: 3, [newIssueId]: 3 });
});

test('the alerts of a merged issue end with the one that took its reports', async () => {
  const { app, viewer } = await begin();
  await makeRule({ app, viewer }, { trigger: 'ISSUE_NEW' });
  await take(app, viewer.projectId, [aReport(), aReport(), other()]);
  const { nodes } = await issues(app, viewer, { orderBy: 'COUNT' });
  const [target, source] = nodes;
  const open = () => app.db.alert.count({ where: { state: 'OPEN' } });
  const input = { issueId: target?.id, operationId: newId(), sourceIds: [source?.id] };
  await ask(app, viewer, MERGE, { input });

  expect(await open()).toBe(2);
  await ask(app, viewer, RESOLVE, { input: { issueId: target?.id, operationId: newId() } });

  expect(await open()).toBe(0);
  const history = await app.db.errorIssueChange.findMany({ where: { issueId: source?.id ?? '' } });
  expect(history.at(-1)).toMatchObject({ reason: `It was merged into ${target?.id}.`, version: 2 });
});

test('many issues are merged in as many statements as a few', async () => {
  const { app, viewer } = await begin();
  const kinds = upTo(23).map((at) => aReport({ fingerprint: [`kind ${at}`] }));
  await take(app, viewer.projectId, kinds);
  const { nodes } = await issues(app, viewer);
  const [target, warm, ...others] = nodes.map(({ id }) => id);
  const merge = async (sourceIds: unknown[]) => {
    const before = app.database.statements();
    const input = { issueId: target, operationId: newId(), sourceIds };
    await ask(app, viewer, MERGE, { input });
    return app.database.statements() - before;
  };
  await merge([warm]); // whatever is done once
  const [few, many] = [await merge(others.slice(0, 2)), await merge(others.slice(2))];

  expect(many).toBe(few);
});

test('issues are filtered and ordered, and every one says why it is grouped so', async () => {
  const { app, viewer } = await begin();
  await take(app, viewer.projectId, [aReport(), other(), other()]);

  const byCount = await issues(app, viewer, { orderBy: 'COUNT', where: { text: 'error' } });
  const some = await issues(app, viewer, {
    where: { text: 'range', states: ['NEW'], platforms: ['SERVER'] },
  });

  expect(byCount.nodes.map(({ count }) => count)).toEqual([2, 1]);
  expect(some).toMatchObject({
    totalCount: 1,
    nodes: [{ explanation: { way: 'MESSAGE', rule: null } }],
  });
});

test('after seven days an issue is ongoing; forecasts of the database are those of the rule', async () => {
  const { app, viewer } = await begin();
  await take(app, viewer.projectId, [aReport()]);
  const now = new Date();
  const hour = 3_600_000;
  const [issue] = await app.db.errorIssue.findMany({ include: { fingerprints: true } });
  const fingerprintId = issue?.fingerprints[0]?.id ?? '';
  const start = Math.floor(now.getTime() / hour) * hour;
  const counts = Array.from({ length: 100 }, (_none, index) => (index % 7 === 0 ? 0 : index % 13));
  await app.db.errorIssue.updateMany({ data: { firstSeenAt: new Date(start - 100 * hour) } });
  await app.db.fingerprintHour.createMany({
    data: counts.flatMap((count, index) =>
      count === 0
        ? []
        : [
            {
              fingerprintId,
              projectId: viewer.projectId,
              count,
              hour: new Date(start - (100 - index) * hour),
            },
          ],
    ),
  });

  await forecastLimits(app, now, 'ALL', 1);
  await turnAged(app, new Date(now.getTime() + 7 * 24 * hour + 1_000));

  const after = await app.db.errorIssue.findFirst();
  expect(after).toMatchObject({ hourLimit: forecastLimit(counts), state: 'ONGOING', version: 2 });
});
