import { expect, test } from 'vitest';
import { makeChannel, makeRule, openAlerting } from '../../../test/alerts.ts';
import { ask, makeViewer, openReplica } from '../../../test/app.ts';
import { follow } from '../../../test/follow.ts';
import { counted } from '../../../test/reports.ts';
import { dumpDatabase, upTo } from '../../../test/sessions.ts';
import { aSignal, state } from '../../../test/signals.ts';
import { makeClient } from '../../../test/sync.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Signal } from '../signals.ts';
import { giveUp } from './deliver.ts';
import { raiseAlerts } from './raise.ts';
import { deleteOldAlerts } from './retention.ts';
import { lockWatches } from './watches.ts';

const reports = (projectId: string, count: number, subjectId = 'issue') =>
  aSignal(projectId, { subjectId, detail: { count } });
const newIssue = (projectId: string, over: Partial<Signal> = {}) =>
  aSignal(projectId, {
    kind: 'issue.new',
    subjectId: newId(),
    correlationId: 'c'.repeat(32),
    seen: { count: 3, users: 2, firstAt: new Date(0), lastAt: new Date(60_000) },
    ...over,
  });
const deliveriesOf = (app: App) =>
  app.db.delivery.findMany({ orderBy: { id: 'asc' }, select: { kind: true, state: true } });
const far = { timeout: 10_000 };

test.each([
  [9, 0],
  [10, 0],
  [11, 1],
])(
  'count over 10: %i reports, one by one, give %i alerts in the transaction that crosses',
  async (count, alerts) => {
    const { app, viewer, projectId } = await openAlerting();
    await makeRule({ app, viewer }, { trigger: 'COUNT_OVER', threshold: 10, windowSeconds: 600 });

    for (let sent = 0; sent < count; sent += 1) await state(app, reports(projectId, 1));

    expect(await app.db.alert.count()).toBe(alerts);
  },
);

test('of many that cross a threshold together one raises the alert, on any replica', async () => {
  const { app, viewer, projectId } = await openAlerting();
  const replica = await openReplica(app);
  await makeRule({ app, viewer }, { trigger: 'COUNT_OVER', threshold: 15, windowSeconds: 600 });

  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      state(index % 2 ? app : replica, reports(projectId, 1)),
    ),
  );

  expect(await app.db.alert.count()).toBe(1);
  const [watch] = await app.db.alertWatch.findMany();
  expect(watch?.counts.reduce((sum, each) => sum + each, 0)).toBe(20);
});

test('a storm of 100,000 equal reports is one alert and one row', async () => {
  const { app, viewer, projectId } = await openAlerting();
  await makeRule({ app, viewer }, { trigger: 'COUNT_OVER', threshold: 100, windowSeconds: 600 });

  for (let sent = 0; sent < 100; sent += 1) await state(app, reports(projectId, 1_000));

  expect(await app.db.alert.count()).toBe(1);
  expect(await app.db.alertWatch.count()).toBe(1);
});

test('what is rolled back raises nothing', async () => {
  const { app, viewer, projectId } = await openAlerting();
  await makeRule({ app, viewer }, {});

  const failing = app.db.$transaction(async (tx) => {
    const { stateSignals } = await import('../state-signals.ts');
    await stateSignals(app, tx, [newIssue(projectId)]);
    throw new Error('made to fail');
  });

  await expect(failing).rejects.toThrow('made to fail');
  expect(await app.db.alert.count()).toBe(0);
});

test.each(['SLACK', 'DISCORD', 'WEBHOOK'] as const)(
  'an alert reaches %s over HTTP, within its limits, with what is known and nothing personal',
  async (kind) => {
    const alerting = await openAlerting({ PUBLIC_URL: 'https://codesight.example' });
    const { app, projectId, channels } = alerting;
    const channelId = await makeChannel(alerting, kind);
    await makeRule(alerting, { channelIds: [channelId], name: 'All & <new> issues' });
    await app.queue.work(app);

    await state(
      app,
      newIssue(projectId, {
        title: `<b>${'&'.repeat(5_000)}</b> @everyone of jo.doe@example.org`,
        source: '<checkout & cart>',
      }),
      newIssue(projectId, { title: 'Mail to jo.doe@example.org failed <soon>' }),
    );

    await expect.poll(() => channels.taken.length, far).toBe(2);
    const said = JSON.stringify(channels.taken).replaceAll('\\', '');
    expect(said).not.toContain('jo.doe');
    for (const word of [
      'VALIDATION_FAILED',
      'HIGH',
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:01:00.000Z',
      'c'.repeat(32),
      'https://codesight.example/alerts/',
    ])
      expect(said).toContain(word);
    expect(said).toMatch(/Reports(?:\*n|","value":")3"/);
    expect(said).toMatch(/Users(?:\*n|","value":")2"/);
    await expect
      .poll(() => deliveriesOf(app), far)
      .toEqual([
        { kind: 'ALERT', state: 'SENT' },
        { kind: 'ALERT', state: 'SENT' },
      ]);
  },
);

test('over 10 messages in 5 minutes a rule sends one digest with counts to a channel', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  const channelIds = [await makeChannel(alerting)];
  const ruleId = await makeRule(alerting, { channelIds });
  const titles = ['the rare one', ...Array.from({ length: 4 }, () => 'the frequent one')];

  await state(app, ...Array.from({ length: 10 }, () => newIssue(projectId)));
  await state(app, ...titles.map((title) => newIssue(projectId, { title })));

  const digest = await app.db.delivery.findFirstOrThrow({ where: { kind: 'DIGEST' } });
  const first = await app.db.delivery.findFirstOrThrow({ where: { kind: 'ALERT' } });
  expect(digest.dueAt.getTime() - first.createdAt.getTime()).toBe(300_000);
  expect(
    await app.db.delivery.groupBy({
      by: ['kind', 'state'],
      _count: true,
      orderBy: [{ kind: 'asc' }, { state: 'asc' }],
    }),
  ).toEqual([
    { kind: 'ALERT', state: 'PENDING', _count: 10 },
    { kind: 'ALERT', state: 'HELD', _count: 5 },
    { kind: 'DIGEST', state: 'PENDING', _count: 1 },
  ]);
  await app.sql.query(
    "UPDATE pgboss.job SET start_after = now() WHERE name = 'diagnostics.deliver'",
  );
  await app.queue.work(app);
  await expect.poll(() => channels.taken.length, far).toBe(11);
  const body = channels.taken.map((one) => one.body).find(({ type }) => type === 'alert.digest');
  expect(body).toMatchObject({
    data: {
      headline: '5 more alerts of “a rule”',
      text: '4 × the frequent one\n1 × the rare one',
      link: expect.stringContaining(ruleId),
    },
  });
  expect(await app.db.alertCap.findMany()).toMatchObject([{ digestId: null }]);
});

test('of many alerts to many channels all are sent, in as many statements as of a few', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  const some = await Promise.all(upTo(6).map(() => makeChannel(alerting)));
  await makeRule(alerting, { channelIds: some });
  const issues = (count: number) => Array.from({ length: count }, () => newIssue(projectId));
  await state(app, ...issues(1));

  const costs = [];
  for (const count of [2, 6]) {
    const before = app.database.statements(); // followers read what is new by other connections
    await state(app, ...issues(count));
    costs.push(app.database.statements() - before);
  }

  expect(costs[1]).toBe(costs[0]);
  await app.queue.work(app);
  await expect.poll(() => channels.taken.length, far).toBe(6 * 9);
});

test('after a digest that could not be sent a channel is told again', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  const id = await makeChannel(alerting);
  await makeRule(alerting, { channelIds: [id] });
  const left = () => app.db.delivery.count({ where: { state: 'PENDING' } });
  await state(app, ...Array.from({ length: 11 }, () => newIssue(projectId)));
  await app.db.channel.update({ where: { id }, data: { enabled: false } });
  await app.sql.query(
    "UPDATE pgboss.job SET start_after = now() WHERE name = 'diagnostics.deliver'",
  );
  await app.queue.work(app);
  await expect.poll(left, far).toBe(0);
  await app.db.channel.update({ where: { id }, data: { enabled: true } });
  await app.db.alertCap.updateMany({ data: { sentAt: [] } }); // five minutes later

  await state(app, newIssue(projectId, { title: 'told again' }));

  await expect.poll(() => channels.taken.length, far).toBe(1);
  expect(channels.taken[0]?.body).toMatchObject({ data: { text: 'told again' } });
});

test('a digest whose delivery failed for a reason of our own holds nothing back either', async () => {
  const alerting = await openAlerting();
  const { app, projectId } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  await state(app, ...Array.from({ length: 11 }, () => newIssue(projectId)));
  const { id } = await app.db.delivery.findFirstOrThrow({ where: { kind: 'DIGEST' } });

  await giveUp(app, id, 'made to fail');

  expect(await app.db.alertCap.findMany()).toMatchObject([{ digestId: null }]);
});

test('what is over is told within the same cap: beyond it by the digest', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  const issues = Array.from({ length: 8 }, (_, at) =>
    newIssue(projectId, { title: `issue ${at}` }),
  );
  await state(app, ...issues);

  await state(app, ...issues.map((issue) => ({ ...issue, kind: 'issue.resolved' as const })));

  const count = (kind: 'ALERT' | 'FOLLOW_UP' | 'DIGEST', state: 'PENDING' | 'HELD') =>
    app.db.delivery.count({ where: { kind, state } });
  expect(await count('ALERT', 'PENDING')).toBe(8);
  expect(await count('FOLLOW_UP', 'PENDING')).toBe(2);
  expect(await count('FOLLOW_UP', 'HELD')).toBe(6);
  await app.sql.query(
    "UPDATE pgboss.job SET start_after = now() WHERE name = 'diagnostics.deliver'",
  );
  await app.queue.work(app);
  await expect.poll(() => channels.taken.length, far).toBe(11);
  const digest = channels.taken.map(({ body }) => body).find(({ type }) => type === 'alert.digest');
  expect(digest).toMatchObject({
    data: {
      headline: '6 more alerts of “a rule”',
      text: expect.stringContaining('1 × Resolved: issue'),
    },
  });
});

test('of a rule that is deleted while reports arrive nothing is kept, and they are taken', async () => {
  const { app } = await openAlerting();
  const key = { ruleId: newId(), subjectId: 'issue' };

  const watches = await app.db.$transaction((tx) => lockWatches(tx, [key]));

  expect(watches.size).toBe(0);
});

test('an issue that is resolved follows up its alert where that was told', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  await app.queue.work(app);
  const issue = newIssue(projectId, { title: 'Cart is empty' });
  await state(app, issue);
  await expect.poll(() => channels.taken.length, far).toBe(1);

  await state(app, { ...issue, kind: 'issue.resolved' });

  await expect.poll(() => channels.taken.length, far).toBe(2);
  expect(channels.taken.map(({ body }) => body)).toMatchObject([
    { type: 'alert.raised', data: { headline: 'New issue: Cart is empty' } },
    { type: 'alert.resolved', data: { headline: 'Resolved: New issue: Cart is empty' } },
  ]);
  expect(await app.db.alert.findMany()).toMatchObject([{ state: 'RESOLVED' }]);
});

test('a queue that moves again ends the alert of its standing still, not a network that was lost', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  const channelIds = [await makeChannel(alerting)];
  await makeRule(alerting, { trigger: 'QUEUE_STALLED', channelIds });
  const viewer = await makeViewer(app, { project: projectId, scopes: ['REPORT'] });
  const page = makeClient(app, viewer, { name: 'Notes page' });
  const tell = (telemetry: object = {}) =>
    page.report({
      telemetry: {
        isOnline: true,
        queueDepth: 2,
        headId: 'a',
        headAttempts: 1,
        restarts: 0,
        ...telemetry,
      },
    });
  const states = async () => (await app.db.alert.findMany()).map(({ state }) => state);
  await app.queue.work(app);
  await tell();
  await app.db.syncClient.updateMany({ data: { headSince: new Date(Date.now() - 301_000) } });

  await tell();
  expect(await states()).toEqual(['OPEN']);
  await tell({ isOnline: false });
  await tell();
  expect(await states()).toEqual(['OPEN']);
  await tell({ headId: 'b' });

  expect(await states()).toEqual(['RESOLVED']);
  await expect.poll(() => channels.taken.length, far).toBe(2);
  expect(channels.taken.map(({ body }) => body)).toMatchObject([
    { data: { headline: 'Queue stands still: The queue of Notes page stands still' } },
    { type: 'alert.resolved' },
  ]);
  const events = await app.db.debugEvent.findMany({ orderBy: { sequence: 'asc' } });
  const kinds = events.map(({ body }) => (body as { signal: string }).signal);
  expect(kinds.filter((kind) => kind.startsWith('queue.'))).toEqual([
    'queue.stalled',
    'queue.moved',
  ]);
});

test.each([
  [9, 0],
  [10, 0],
  [11, 1],
])(
  'users over 10 in an hour: %i of them within it, and 5 before, give %i alerts',
  async (count, alerts) => {
    const { app, viewer, projectId } = await openAlerting();
    await makeRule({ app, viewer }, { trigger: 'USERS_OVER', threshold: 10, windowSeconds: 3_600 });
    const seen = { count: 1, users: 100, firstAt: new Date(0), lastAt: new Date() };
    const met = (users: number[], minute: number) =>
      app.db.$transaction((tx) =>
        raiseAlerts(
          app,
          tx,
          [
            aSignal(projectId, {
              seen,
              userHashes: users.map((user) => Buffer.from(`user ${user}`)),
            }),
          ],
          new Date(Date.UTC(2026, 10, 26, 10, minute)),
        ),
      );

    await met([101, 102, 103, 104, 105], 0);
    for (let user = 1; user <= count; user += 1) await met([user, 1], 61 + user);

    expect(await app.db.alert.findMany({ select: { users: true } })).toEqual(
      Array.from({ length: alerts }, () => ({ users: count })),
    );
    await deleteOldAlerts(app, new Date(Date.UTC(2026, 11, 26)));
    expect(await app.db.alertWatchUser.count()).toBe(0);
  },
);

test('users of another time are told anew, and the alert before is over', async () => {
  const { app, viewer, projectId } = await openAlerting();
  await makeRule({ app, viewer }, { trigger: 'USERS_OVER', threshold: 2, windowSeconds: 3_600 });
  const seen = { count: 1, users: 100, firstAt: new Date(0), lastAt: new Date() };
  const met = (users: string[], minute: number) => {
    const userHashes = users.map((user) => Buffer.from(user));
    const signals = [1, 2].map(() => aSignal(projectId, { seen, userHashes }));
    const at = new Date(Date.UTC(2026, 10, 26, 10, minute));
    return app.db.$transaction((tx) => raiseAlerts(app, tx, signals, at));
  };

  await met(['a', 'b', 'c'], 0);
  await met(['a', 'b', 'c', 'd'], 30);
  expect(await app.db.alert.count()).toBe(1);
  await met(['e', 'f', 'g'], 200);

  const alerts = await app.db.alert.findMany({ orderBy: { raisedAt: 'asc' } });
  expect(alerts.map(({ state, users }) => [state, users])).toEqual([
    ['RESOLVED', 3],
    ['OPEN', 3],
  ]);
});

test('of two who change a channel at once both are heard', async () => {
  const alerting = await openAlerting();
  const { app, channels } = alerting;
  const id = await makeChannel(alerting, 'SLACK', { url: `${channels.url}/before` });
  const save = (over: object) => makeChannel(alerting, 'SLACK', { id, ...over });

  for (let round = 0; round < 5; round += 1) {
    const url = `${channels.url}/${'x'.repeat(20)}${round}`;
    await Promise.all([save({ url, name: 'a' }), save({ url: null, name: `b${round}` })]);
  }

  expect(await app.db.channel.findUnique({ where: { id } })).toMatchObject({
    hint: `${channels.host}/…xxx4`,
  });
});

test('a message has the same webhook-id at every attempt, and Retry-After is kept', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  channels.faults = [{ status: 500 }, 'cut', { status: 429, retryAfter: '3' }];
  await app.queue.work(app);

  await state(app, newIssue(projectId));

  await expect.poll(() => channels.taken.length, { timeout: 20_000 }).toBe(1);
  expect(channels.requests).toHaveLength(4);
  expect(new Set(channels.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  const [third, fourth] = channels.requests.slice(2).map(({ at }) => at.getTime());
  expect((fourth ?? 0) - (third ?? 0)).toBeGreaterThanOrEqual(3_000);
  const ends = () => app.db.delivery.findMany({ select: { state: true, attempts: true } });
  await expect.poll(ends, far).toEqual([{ state: 'SENT', attempts: 4 }]);
});

test('what hangs is tried again and holds up no other channel for long', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  const channelIds = [await makeChannel(alerting, 'SLACK'), await makeChannel(alerting)];
  await makeRule(alerting, { channelIds });
  channels.faults = ['hang'];
  await app.queue.work(app);

  await state(app, newIssue(projectId));

  await expect.poll(() => channels.taken.length, { timeout: 20_000 }).toBe(2);
  expect(channels.requests).toHaveLength(3);
});

test('410 switches the channel off, and nothing more is sent to it', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  const id = await makeChannel(alerting);
  await makeRule(alerting, { channelIds: [id] });
  channels.always = { status: 410 };
  await app.queue.work(app);

  await state(app, newIssue(projectId));

  await expect.poll(() => deliveriesOf(app), far).toEqual([{ kind: 'ALERT', state: 'DEAD' }]);
  expect(await app.db.channel.findUnique({ where: { id } })).toMatchObject({
    enabled: false,
    offReason: 'It answered 410: it is gone for good.',
  });
  await state(app, newIssue(projectId));
  expect(await app.db.delivery.count()).toBe(1);
  expect(channels.requests).toHaveLength(1);
});

test.each([
  ['400', { status: 400 }],
  ['404', { status: 404 }],
  ['a redirect', { status: 302, location: 'http://169.254.169.254/latest/meta-data/' }],
])('%s ends the message', async (_what, fault) => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  channels.always = fault;
  await app.queue.work(app);

  await state(app, newIssue(projectId));

  await expect.poll(() => deliveriesOf(app), far).toEqual([{ kind: 'ALERT', state: 'DEAD' }]);
  expect(channels.requests).toHaveLength(1);
});

test('a message that was tried ten times is a dead letter', async () => {
  const alerting = await openAlerting();
  const { app, projectId, channels } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  channels.always = { status: 503 };
  await state(app, newIssue(projectId));
  await app.db.delivery.updateMany({ data: { attempts: 9 } });

  await app.queue.work(app);

  await expect.poll(() => deliveriesOf(app), far).toEqual([{ kind: 'ALERT', state: 'DEAD' }]);
  expect(await app.db.delivery.findMany()).toMatchObject([
    { attempts: 10, lastStatus: 503, lastAnswer: '503 made to answer 503' },
  ]);
});

test('a channel in a private network is refused when it is saved, and after resolution when it is called', async () => {
  const alerting = await openAlerting();
  const { app, projectId } = alerting;

  await expect(
    makeChannel(alerting, 'SLACK', { url: 'https://169.254.169.254/latest' }),
  ).rejects.toThrow('Expected a public address');
  await makeRule(alerting, {
    channelIds: [await makeChannel(alerting, 'SLACK', { url: 'https://localhost/hook' })],
  });
  await app.queue.work(app);
  await state(app, newIssue(projectId));

  await expect.poll(() => deliveriesOf(app), far).toEqual([{ kind: 'ALERT', state: 'DEAD' }]);
  expect(await app.db.delivery.findMany()).toMatchObject([
    { lastAnswer: expect.stringContaining('Expected a public address for localhost') },
  ]);
});

test('addresses and secrets are sealed and never come back; a hint does', async () => {
  const alerting = await openAlerting();
  const { app, viewer, channels } = alerting;
  await makeChannel(alerting, 'WEBHOOK', { url: `${channels.url}/webhook/hush-hush-hush` });

  const { channels: list } = await ask<{ channels: { nodes: unknown[] } }>(
    app,
    viewer,
    '{ channels { nodes { kind name hint isEnabled } } }',
  );

  expect(list.nodes).toEqual([
    { kind: 'WEBHOOK', name: 'webhook', hint: `${channels.host}/…hush`, isEnabled: true },
  ]);
  expect(await dumpDatabase(app)).not.toMatch(/hush-hush|whsec_/);
});

test.each([
  ['takes it', null, { state: 'SENT', lastStatus: 200, lastAnswer: '200 ok' }],
  [
    'is gone',
    { status: 404 },
    { state: 'DEAD', lastStatus: 404, lastAnswer: '404 made to answer 404' },
  ],
])(
  'a test of a channel that %s answers with what it said, and a repeat sends nothing',
  async (_what, fault, answer) => {
    const alerting = await openAlerting();
    const { app, viewer, channels } = alerting;
    const channelId = await makeChannel(alerting, 'WEBHOOK');
    channels.always = fault;
    const input = { channelId, id: newId() };
    const test = () =>
      ask(
        app,
        viewer,
        `mutation ($input: TestChannelInput!) { testChannel(input: $input) {
        ... on Delivery { kind state lastStatus lastAnswer } ... on Problem { message } } }`,
        { input },
      );

    const [first, second] = [await test(), await test()];

    expect(first).toEqual({ testChannel: { kind: 'TEST', ...answer } });
    expect(second).toEqual(first);
    expect(channels.requests).toHaveLength(1);
  },
);

test('a test that is asked for twice at once is sent once', async () => {
  const alerting = await openAlerting();
  const { app, viewer, channels } = alerting;
  const input = { channelId: await makeChannel(alerting), id: newId() };
  const test = () =>
    ask(
      app,
      viewer,
      `mutation ($input: TestChannelInput!) { testChannel(input: $input) { __typename } }`,
      { input },
    );

  await Promise.all([test(), test(), test()]);

  expect(channels.requests).toHaveLength(1);
});

test('alertRaised tells of alerts of the project that fit, and of their end', async () => {
  const alerting = await openAlerting();
  const { app, viewer, projectId } = alerting;
  const other = {
    app,
    viewer: await makeViewer(app, { participant: null, scopes: ['READ', 'ADMIN'] }),
  };
  await makeRule(alerting, {});
  await makeRule(other, {});
  const came = await follow(
    app,
    viewer,
    `subscription { alertRaised(where: { severities: [CRITICAL] }, after: "1.1") { __typename
      ... on AlertChange { alert { title state } } } }`,
    {},
  );
  const issue = newIssue(projectId, { severity: 'CRITICAL', title: 'ours' });

  await state(app, newIssue(other.viewer.projectId, { severity: 'CRITICAL' }));
  await state(app, newIssue(projectId, { severity: 'LOW' }));
  await state(app, issue);
  await expect
    .poll(() => came.at(-1), far)
    .toMatchObject({ alertRaised: { alert: { state: 'OPEN' } } });
  await state(app, { ...issue, kind: 'issue.resolved' });

  await expect
    .poll(() => came.slice(1), far)
    .toEqual([
      { alertRaised: { __typename: 'AlertChange', alert: { title: 'ours', state: 'OPEN' } } },
      { alertRaised: { __typename: 'AlertChange', alert: { title: 'ours', state: 'RESOLVED' } } },
    ]);
});

test.each([
  [{ trigger: 'COUNT_OVER', threshold: 5 }, 'Expected windowSeconds for COUNT_OVER, got none.'],
  [{ trigger: 'ISSUE_NEW', threshold: 5 }, 'Expected no threshold for ISSUE_NEW, got 5.'],
  [{ intervalSeconds: 299 }, 'intervalSeconds'],
  [{ intervalSeconds: 2_592_001 }, 'intervalSeconds'],
  [{ name: ' ' }, 'expected a name'],
  [{ channelIds: ['01890000-0000-7000-8000-000000000001'] }, 'Expected a channel of this project'],
])('a rule that does not fit is refused: %o', async (over, message) => {
  const alerting = await openAlerting();

  await expect(makeRule(alerting, over)).rejects.toThrow(message);
});

test('a deleted channel is out of the rules that named it, and a repeat does nothing', async () => {
  const alerting = await openAlerting();
  const { app, viewer } = alerting;
  const [gone, kept] = [await makeChannel(alerting), await makeChannel(alerting, 'SLACK')];
  const ruleId = await makeRule(alerting, { channelIds: [gone, kept] });
  const remove = (field: string, id: string) =>
    ask(app, viewer, `mutation { ${field}(input: { id: "${id}" }) { ... on Deleted { id } } }`);

  await remove('deleteChannel', gone);
  expect(await remove('deleteChannel', gone)).toEqual({ deleteChannel: { id: gone } });

  expect(await app.db.alertRule.findMany()).toMatchObject([{ channelIds: [kept] }]);
  await remove('deleteAlertRule', ruleId);
  expect(await app.db.alertRule.count()).toBe(0);
});

test('alerts and messages are kept for 90 days, what rules remember of quiet things for 31', async () => {
  const alerting = await openAlerting();
  const { app, projectId } = alerting;
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  await state(app, newIssue(projectId), newIssue(projectId));
  const daysOn = (days: number) => new Date(Date.now() + days * 86_400_000);
  const left = async () => [
    await app.db.alert.count(),
    await app.db.delivery.count(),
    await app.db.alertWatch.count(),
  ];

  await deleteOldAlerts(app, daysOn(30.9));
  expect(await left()).toEqual([2, 2, 2]);
  await deleteOldAlerts(app, daysOn(89.9));
  expect(await left()).toEqual([2, 2, 0]);
  await deleteOldAlerts(app, daysOn(90.1));

  expect(await left()).toEqual([0, 0, 0]);
});

test('reports that are taken meet the rules: by their tags, and not while their issue is archived', async () => {
  const alerting = await openAlerting();
  const { app, projectId } = alerting;
  const reporter = await makeViewer(app, {
    project: projectId,
    participant: null,
    scopes: ['REPORT'],
  });
  const tags = [{ name: 'region', value: 'eu' }];
  const counts = { trigger: 'COUNT_OVER', threshold: 0, windowSeconds: 60 };
  await makeRule(alerting, { ...counts, tags, name: 'tagged' });
  await makeRule(alerting, { ...counts, name: 'any' });
  const report = async (tags: Record<string, string>) => {
    await ask(
      app,
      reporter,
      'mutation ($input: ReportErrorsInput!) { reportErrors(input: $input) { accepted } }',
      {
        input: {
          reports: [
            {
              id: newId(),
              occurredAt: new Date().toISOString(),
              platform: 'SERVER',
              exceptions: [{ type: 'TypeError', message: 'Cart is not iterable' }],
              tags,
            },
          ],
        },
      },
    );
    await counted(app);
  };
  const names = async () =>
    (await app.db.alert.findMany({ orderBy: { ruleName: 'asc' } })).map(({ ruleName }) => ruleName);

  await report({ region: 'us' });
  expect(await names()).toEqual(['any']);
  await report({ region: 'eu' });
  expect(await names()).toEqual(['any', 'tagged']);
  await app.db.alertWatch.deleteMany();
  await app.db.errorIssue.updateMany({ data: { state: 'ARCHIVED', archivedUntil: 'FOREVER' } });
  await report({ region: 'eu' });

  expect(await names()).toEqual(['any', 'tagged']);
});
