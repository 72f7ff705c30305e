import { expect, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../test/app.ts';
import { interactions, makeSession, record, upTo } from '../../test/sessions.ts';
import { addItem, emptyDigest, itemHash, sumText } from '../lib/sync/digest.ts';
import { interactionItem } from '../lib/sync/interactions.ts';
import type { IncomingInteraction } from './prepare.ts';

const REPORT = `mutation ($input: ReportCaptureHealthInput!) { reportCaptureHealth(input: $input) {
  __typename ... on Problem { code message } } }`;
const CLIENTS = `{ syncClients { totalCount nodes { id name health stall openIssues platform
  telemetry { queueDepth headAttempts lastError } worst { queueDepth }
  sequences { nodes { stream issued applied waiting } } } } }`;
const ISSUES = `{ syncIssues { nodes { type state entityType entityId keys source { name } } } }`;
type Read = Record<string, { nodes: Record<string, unknown>[] }>;

async function openPlace() {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ'] });
  const sessionId = await makeSession(app, viewer);
  const sample = {
    ...{ sessionId, queueDepth: 0, oldestAgeMs: null, attempts: 0, lastError: null },
    ...{ restarts: 0, storedBytes: 1_000, quotaBytes: null },
  };
  const report = async (more: object = {}) => {
    const input = { ...sample, sampledAt: new Date().toISOString(), ...more };
    const answer = await ask<Record<string, { __typename: string }>>(app, viewer, REPORT, {
      input,
    });
    expect(answer.reportCaptureHealth).toEqual({ __typename: 'CaptureHealth' });
  };
  /** What the recorder says that it holds, all sent. */
  const held = (items: IncomingInteraction[]) => {
    const digest = items
      .map((item) => itemHash(interactionItem(item)))
      .reduce(addItem, emptyDigest);
    const upTo = items.length;
    return {
      sync: {
        ...{ lastSequence: upTo, headSequence: null, isQueueEmpty: true, reconnects: 0 },
        digest: {
          upTo,
          count: digest.count,
          sum: sumText(digest),
          takenAt: new Date().toISOString(),
        },
      },
    };
  };
  const clients = async () => (await ask<Read>(app, viewer, CLIENTS)).syncClients?.nodes;
  const issues = async () => (await ask<Read>(app, viewer, ISSUES)).syncIssues?.nodes;
  return { app, viewer, sessionId, report, held, clients, issues };
}

test('a recorder is a sync client: its telemetry is shown, its sequence is judged', async () => {
  const { app, viewer, sessionId, report, held, clients, issues } = await openPlace();
  const sent = interactions(...upTo(5));
  await record(app, viewer, sessionId, sent);

  await report({ queueDepth: 7, attempts: 2, lastError: 'mail@person.example' });
  await report(held(sent));

  expect(await clients()).toEqual([
    {
      ...{ id: sessionId, name: 'Recorder', platform: 'EXTENSION', health: 'HEALTHY' },
      ...{ stall: null, openIssues: 0, worst: { queueDepth: 7 } },
      telemetry: { queueDepth: 0, headAttempts: 0, lastError: null },
      sequences: {
        nodes: [{ stream: `session/${sessionId}`, issued: 5, applied: 5, waiting: [] }],
      },
    },
  ]);
  expect(await issues()).toEqual([]);
});

test('what the recorder sent and what is stored agree, tombstones too', async () => {
  const { app, viewer, sessionId, report, held, issues } = await openPlace();
  const sent = interactions(...upTo(4));
  await record(app, viewer, sessionId, sent, [{ sequence: 5, dropped: 'TOO_LARGE' }]);
  const { sync } = held(sent);
  const hash = itemHash(interactionItem({ sequence: 5, dropped: 'TOO_LARGE' }));
  const whole = addItem({ count: 4, sum: BigInt(`0x${sync.digest.sum}`) }, hash);
  const digest = { ...sync.digest, upTo: 5, count: 5, sum: sumText(whole) };

  await report({ sync: { ...sync, lastSequence: 5, digest } });

  expect(await app.db.syncPair.findMany({ select: { streak: true } })).toEqual([{ streak: 0 }]);
  expect(await app.db.syncClient.findFirst({ select: { agreedAt: true } })).toEqual({
    agreedAt: expect.any(Date),
  });
  expect(await issues()).toEqual([]);
});

test('an interaction that is stored otherwise is a divergence when the recorder has said so twice', async () => {
  const { app, viewer, sessionId, report, held, issues } = await openPlace();
  const sent = interactions(...upTo(4));
  await record(app, viewer, sessionId, sent);
  await app.db.interaction.updateMany({ where: { sequence: 3 }, data: { sessionTimeMs: 77_777 } });

  await report(held(sent));
  const once = await issues();
  await report(held(sent));

  expect(once).toEqual([]);
  expect(await issues()).toMatchObject([
    {
      ...{ type: 'DIVERGENCE', state: 'OPEN', entityType: 'SessionInteractions' },
      ...{ entityId: sessionId, source: { name: 'Recorder' } },
    },
  ]);
});

test('an interaction that was acknowledged and is not stored is missing data', async () => {
  const { app, viewer, sessionId, report, held, issues } = await openPlace();
  const sent = interactions(...upTo(6));
  await record(app, viewer, sessionId, sent.toSpliced(3, 1));

  await report(held(sent));

  expect(await issues()).toMatchObject([
    { type: 'MISSING_DATA', entityType: 'Sequence', entityId: `session/${sessionId}`, keys: ['4'] },
  ]);
});
