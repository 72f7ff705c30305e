import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ask, makeViewer, openReplica, openTestApp } from '../../test/app.ts';
import {
  anEnd,
  anInteraction,
  countStatements,
  interactions,
  makeSession,
  record,
  upTo,
} from '../../test/sessions.ts';
import { limits } from '../contract/limits.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import { readAcknowledged } from './acknowledged.ts';
import { readDetails } from './details.ts';
import { OverloadedError, SessionEndedError, SessionNotFoundError } from './errors.ts';
import { pauseIdleSessions } from './idle.ts';
import { deskOf, recordInteractions } from './ingest.ts';
import { endSession, pauseSession } from './lifecycle.ts';
import { maxWaitingRows } from './overload.ts';
import type { IncomingInteraction } from './prepare.ts';

const RECORD = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
  __typename
  ... on IngestReceipt { acknowledged stored repeated conflicting rejected { sequence code message } }
  ... on Problem { code message }
  ... on Overloaded { retryAfterSeconds }
} }`;

// ── Each exactly once ─────────────────────────────────────────────────────────────────────────────

test('each interaction is stored once, whatever the order, the repeats and the cuts of the calls', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const shuffled = fc.integer({ min: 1, max: 40 }).chain((last) =>
    fc.record({
      last: fc.constant(last),
      order: fc.shuffledSubarray(upTo(last), { minLength: last, maxLength: last }),
      repeats: fc.array(fc.integer({ min: 1, max: last }), { maxLength: 20 }),
      cuts: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 10 }),
      together: fc.integer({ min: 1, max: 8 }),
    }),
  );

  await fc.assert(
    fc.asyncProperty(shuffled, async ({ last, order, repeats, cuts, together }) => {
      const sessionId = await makeSession(app, viewer);
      const bodies = new Map(interactions(...upTo(last)).map((item) => [item.sequence, item]));
      const stream = [...order, ...repeats];
      const calls: number[][] = [];
      for (let at = 0, cut = 0; at < stream.length; at += cuts[cut++ % cuts.length] ?? 1)
        calls.push(stream.slice(at, at + (cuts[cut % cuts.length] ?? 1)));

      const acknowledged: number[] = [];
      let stored = 0;
      for (let at = 0; at < calls.length; at += together) {
        const receipts = await Promise.all(
          calls.slice(at, at + together).map((sequences) => {
            const items = sequences.flatMap((sequence) => bodies.get(sequence) ?? []);
            return record(app, viewer, sessionId, items);
          }),
        );
        for (const receipt of receipts) {
          stored += receipt.stored;
          expect(receipt).toMatchObject({ conflicting: [], rejected: [] });
        }
        acknowledged.push(Math.max(...receipts.map((receipt) => receipt.acknowledged)));
      }

      const rows = await app.db.interaction.findMany({
        where: { sessionId },
        orderBy: { sequence: 'asc' },
      });
      expect(rows.map(({ sequence, id }) => [sequence, id])).toEqual(
        upTo(last).map((sequence) => [sequence, bodies.get(sequence)?.id]),
      );
      expect(stored).toBe(last);
      expect(acknowledged).toEqual(acknowledged.toSorted((a, b) => a - b));
      expect(acknowledged.at(-1)).toBe(last);
      await app.db.session.update({ where: { id: sessionId }, data: { state: 'ENDED' } });
    }),
    { numRuns: 40 },
  );
});

test('an interaction comes back from the API as it was sent', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const sent = {
    id: newId(),
    sequence: 1,
    type: 'CLICK',
    occurredAt: '2026-01-02T03:04:06.789Z',
    sessionTimeMs: 1789,
    url: 'http://localhost:8080/a?b=c',
    pageTitle: 'A "quoted" \\ title, {with} braces\nand a line; ünï 💶',
    frame: [{ index: 0, name: 'inner', url: 'http://localhost:8080/inner', selector: '#inner' }],
    target: {
      tag: 'button',
      role: 'button',
      name: 'NULL',
      text: 'Buy',
      attributes: { class: 'x', 'data-a': '' },
      rectangle: { x: 1.5, y: -2, width: 3, height: 4 },
      isVisible: true,
      ref: 'e12',
    },
    selectors: [{ strategy: 'CSS', value: 'a > b:not([x="y"])', matchCount: 0, confidence: 0.5 }],
    pointer: { clientX: 10, clientY: 20, offsetX: 0.25, offsetY: -0.5, button: 0 },
    modifiers: { alt: false, control: true, meta: false, shift: true },
    before: { url: 'http://localhost:8080/a', scrollX: 0, scrollY: 120.5, visibleElements: 9 },
    context: { b: [1, { z: null, a: true }], a: 'x' },
    confidence: 0.75,
  };

  const { recordInteractions: receipt } = await ask(app, viewer, RECORD, {
    input: { sessionId, interactions: [sent] },
  });

  expect(receipt).toMatchObject({ acknowledged: 1, stored: 1, repeated: 0, rejected: [] });
  const { session } = await ask<{ session: { interactions: { nodes: unknown[] } } }>(
    app,
    viewer,
    `query ($id: ID!) { session(id: $id) { interactions { nodes {
      id sequence type occurredAt sessionTimeMs url site pageTitle isVisible confidence dropped
      frame { index name url selector }
      target { tag role name text value attributes rectangle { x y width height } isVisible ref }
      selectors { strategy value matchCount confidence }
      pointer { clientX clientY pageX offsetX offsetY button }
      modifiers { alt control meta shift }
      before { url scrollX scrollY visibleElements title } after { url }
      context elementAnalysis key value
    } } } }`,
    { id: sessionId },
  );
  expect(session.interactions.nodes).toEqual([
    {
      ...sent,
      occurredAt: new Date(sent.occurredAt),
      site: 'localhost:8080',
      isVisible: true,
      dropped: null,
      target: { ...sent.target, value: null },
      pointer: { ...sent.pointer, pageX: null },
      before: { ...sent.before, title: null },
      after: null,
      elementAnalysis: null,
      key: null,
      value: null,
    },
  ]);
});

test('the site of an interaction is that of the page where it happened, also on addresses and loopback', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const startUrl = 'http://127.0.0.1:4173/?token=abcdef123456';
  const sessionId = await makeSession(app, viewer, { startUrl });
  const urls = {
    'http://127.0.0.1:4173/a': '127.0.0.1:4173',
    'http://localhost:4173/a': 'localhost:4173',
    'http://192.168.1.10:8080/': '192.168.1.10:8080',
    'https://ann%40example.com@www.shop.example/': 'shop.example',
    'https://a.shop.example/?mail=ann@example.com': 'shop.example',
    'about:blank': '',
  };

  const items = Object.keys(urls).map((url, index) => anInteraction(index + 1, { url }));
  await record(app, viewer, sessionId, items);

  const rows = await app.db.interaction.findMany({ orderBy: { sequence: 'asc' } });
  expect(rows.map(({ site }) => site)).toEqual(Object.values(urls));
  expect((await app.db.session.findFirstOrThrow()).site).toBe('127.0.0.1:4173');
});

// ── Acknowledgement ───────────────────────────────────────────────────────────────────────────────

test('the acknowledgement stops before a gap and jumps over it once it is filled', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);

  const acknowledged: number[] = [];
  for (const sequences of [[2, 3], [1], [6, 7], [5], [4], [9], [8]])
    acknowledged.push(
      (await record(app, viewer, sessionId, interactions(...sequences))).acknowledged,
    );

  expect(acknowledged).toEqual([0, 3, 3, 3, 7, 7, 9]);
});

test('gaps that another process fills are jumped over, and neither process takes anything back', async () => {
  const app = await openTestApp();
  const replica = await openReplica(app);
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);

  const acknowledged: number[] = [];
  for (const [process, ...sequences] of [
    [app, 1, 2],
    [replica, 4],
    [app, 5],
    [replica, 3],
    [app, 6],
    [replica, 7],
    [app, 8],
  ] as const) {
    const receipt = await record(process, viewer, sessionId, interactions(...sequences));
    acknowledged.push(receipt.acknowledged);
  }

  expect(acknowledged).toEqual([2, 2, 2, 4, 6, 7, 8]);
  const known = await readAcknowledged(app, viewer.projectId, [sessionId, newId()]);
  expect([...known]).toEqual([[sessionId, 8]]);
});

test('a tombstone counts as contiguous and is shown with its reason', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);

  const first = await record(app, viewer, sessionId, interactions(1, 3), [
    { sequence: 2, dropped: 'TOO_LARGE' },
  ]);
  const repeat = await record(app, viewer, sessionId, [], [{ sequence: 2, dropped: 'TOO_LARGE' }]);
  const other = await record(app, viewer, sessionId, [], [{ sequence: 2, dropped: 'QUOTA' }]);

  expect(first).toMatchObject({ acknowledged: 3, stored: 3 });
  expect(repeat).toMatchObject({ acknowledged: 3, stored: 0, repeated: 1, conflicting: [] });
  expect(other).toMatchObject({ acknowledged: 3, stored: 0, conflicting: [2] });
  const { session } = await ask<{ session: unknown }>(
    app,
    viewer,
    `query ($id: ID!) { session(id: $id) { interactions(where: { isDropped: true }) {
      totalCount nodes { sequence type dropped target { tag } selectors { value } } } } }`,
    { id: sessionId },
  );
  expect(session).toEqual({
    interactions: {
      totalCount: 1,
      nodes: [{ sequence: 2, type: 'OTHER', dropped: 'TOO_LARGE', target: null, selectors: [] }],
    },
  });
});

// ── Conflicts ─────────────────────────────────────────────────────────────────────────────────────

test('a changed body under a used sequence never overwrites; it is told and counted', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const first = anInteraction(1);
  await record(app, viewer, sessionId, [first]);

  const changed = [
    { ...first, url: 'https://shop.example/other' },
    { ...first, context: { hidden: 'in the detail' } },
    { ...first, id: newId() },
  ];
  for (const body of changed) {
    const receipt = await record(app, viewer, sessionId, [body]);
    expect(receipt).toMatchObject({ acknowledged: 1, stored: 0, repeated: 0, conflicting: [1] });
  }

  const row = await app.db.interaction.findFirstOrThrow();
  expect(row).toMatchObject({ id: first.id, url: first.url });
  const details = await readDetails(app, { projectId: viewer.projectId, sessionId });
  expect(details.get(1)?.context).toBeUndefined();
  expect(await app.db.syncIssue.findMany()).toMatchObject([
    { type: 'CONFLICT', entityType: 'Interaction', entityId: `${sessionId}/1`, seenCount: 3 },
  ]);
});

test('of two bodies under one sequence in one call, the first is stored and the second conflicts', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const [first, second] = [anInteraction(1), anInteraction(1)];

  const receipt = await record(app, viewer, sessionId, [first, second, first]);

  expect(receipt).toMatchObject({ stored: 1, repeated: 1, conflicting: [1], acknowledged: 1 });
  expect(await app.db.interaction.findFirstOrThrow()).toMatchObject({ id: first.id });
});

test('of different bodies under one sequence that are committed together, the one that is said to be stored is', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const last = 60;
  const calls = upTo(12).map(() => interactions(...upTo(last)));

  const receipts = await Promise.all(calls.map((items) => record(app, viewer, sessionId, items)));

  const winners = receipts.flatMap(({ stored }, index) => (stored > 0 ? [index] : []));
  expect(winners).toHaveLength(1);
  const winner = calls[winners[0] ?? -1] ?? [];
  const rows = await app.db.interaction.findMany({ orderBy: { sequence: 'asc' } });
  expect(rows.map(({ id }) => id)).toEqual(winner.map(({ id }) => id));
  for (const [index, receipt] of receipts.entries())
    expect(receipt.conflicting).toHaveLength(winners.includes(index) ? 0 : last);
});

test('the order of keys in free JSON does not make another body', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const first = anInteraction(1, {
    context: { a: 1, b: { c: [{ d: 1, e: 2 }], f: null } },
    elementAnalysis: { x: 1, y: 2 },
    target: { tag: 'a', attributes: { href: '/a', class: 'b' } },
  });
  const shuffled = {
    ...first,
    context: { b: { f: null, c: [{ e: 2, d: 1 }] }, a: 1 },
    elementAnalysis: { y: 2, x: 1 },
    target: { tag: 'a', attributes: { class: 'b', href: '/a' } },
  };
  const reordered = { ...first, context: { a: 1, b: { c: [{ e: 2 }, { d: 1 }], f: null } } };
  await record(app, viewer, sessionId, [first]);

  const same = await record(app, viewer, sessionId, [shuffled]);
  const other = await record(app, viewer, sessionId, [reordered]);

  expect(same).toMatchObject({ stored: 0, repeated: 1, conflicting: [] });
  expect(other).toMatchObject({ stored: 0, repeated: 0, conflicting: [1] });
});

// ── Refusals of single items ──────────────────────────────────────────────────────────────────────

const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as string;
const chars = (count: number) => 'x'.repeat(count);

const badItems: Record<string, [code: string, Partial<IncomingInteraction>]> = {
  'too much JSON': ['TOO_LARGE', { context: chars(limits.interactionChars) }],
  'deep JSON': ['TOO_LARGE', { context: nested(20_000) }],
  'deep attributes': ['TOO_LARGE', { target: { tag: 'a', attributes: { a: nested(20_000) } } }],
  'a long address': ['FIELD_TOO_LONG', { url: `https://a.example/${chars(limits.urlChars)}` }],
  'a long title': ['FIELD_TOO_LONG', { pageTitle: chars(limits.nameChars + 1) }],
  'a long role': ['FIELD_TOO_LONG', { target: { tag: 'a', role: chars(limits.nameChars + 1) } }],
  'a long name': ['FIELD_TOO_LONG', { target: { tag: 'a', name: chars(limits.nameChars + 1) } }],
  'a long selector': [
    'FIELD_TOO_LONG',
    { selectors: [{ strategy: 'CSS', value: chars(limits.selectorChars + 1) }] },
  ],
  'too many selectors': [
    'OUT_OF_RANGE',
    { selectors: Array(25).fill({ strategy: 'CSS', value: 'a' }) },
  ],
  'a sequence of 0': ['OUT_OF_RANGE', { sequence: 0 }],
  'a sequence over the limit': ['OUT_OF_RANGE', { sequence: limits.sequence + 1 }],
  'a negative time': ['OUT_OF_RANGE', { sessionTimeMs: -1 }],
  'too much confidence': ['OUT_OF_RANGE', { confidence: 1.01 }],
  'confidence that is no number': ['OUT_OF_RANGE', { confidence: Number.NaN }],
  'an offset that no real holds': ['OUT_OF_RANGE', { pointer: { offsetX: 1e39 } }],
  'an offset without end': ['OUT_OF_RANGE', { pointer: { offsetY: Number.NEGATIVE_INFINITY } }],
  'an instant in the year 0': ['OUT_OF_RANGE', { occurredAt: new Date('0000-06-01T00:00:00Z') }],
  'an instant after 9999': ['OUT_OF_RANGE', { occurredAt: new Date('+010000-01-01T00:00:00Z') }],
  'an instant that is none': ['OUT_OF_RANGE', { occurredAt: new Date(Number.NaN) }],
  'NUL in a title': ['UNSTORABLE_TEXT', { pageTitle: 'a\0b' }],
  'NUL in a key of free JSON': ['UNSTORABLE_TEXT', { context: { a: [{ 'b\0': 1 }] } }],
  'half of a surrogate pair': ['UNSTORABLE_TEXT', { value: 'x\ud83d' }],
  'an id that is no UUID': ['INVALID_ID', { id: 'one' }],
  'an id with a comma': ['INVALID_ID', { id: `${newId()},${newId()}` }],
};

test('an item that cannot be stored is refused alone, with its code; the others of the call are stored', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);

  for (const [what, [code, more]] of Object.entries(badItems)) {
    const sessionId = await makeSession(app, viewer, { task: what });
    const bad = anInteraction(2, more);
    const receipt = await recordInteractions(app, viewer, {
      sessionId,
      interactions: [anInteraction(1), bad, anInteraction(3)],
      tombstones: [{ sequence: 0, dropped: 'QUOTA' }],
    });
    await app.db.session.update({ where: { id: sessionId }, data: { state: 'ENDED' } });

    expect({ what, ...receipt }).toMatchObject({
      what,
      acknowledged: 1,
      stored: 2,
      rejected: [
        { sequence: bad.sequence, code, message: expect.stringMatching(/^Expected /) },
        { sequence: 0, code: 'OUT_OF_RANGE' },
      ],
    });
    const rows = await app.db.interaction.findMany({ where: { sessionId } });
    expect(rows.map(({ sequence }) => sequence).sort()).toEqual([1, 3]);
  }
});

test('numbers too small for the database are stored as the nearest that it holds', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const tiny = { confidence: 1e-60, pointer: { offsetX: -1e-60, offsetY: 1e-45 } };

  const receipt = await record(app, viewer, sessionId, [anInteraction(1, tiny)]);

  expect(receipt).toMatchObject({ stored: 1, rejected: [] });
  const { confidence, offsetX } = await app.db.interaction.findFirstOrThrow();
  expect([confidence, Math.abs(offsetX ?? 1)]).toEqual([0, 0]);
});

test('text that only looks like NUL or half a pair, and whole pairs, are stored', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const title = 'a \\u0000 b \\ud83d c 💶';

  const receipt = await record(app, viewer, sessionId, [anInteraction(1, { pageTitle: title })]);

  expect(receipt).toMatchObject({ stored: 1, rejected: [] });
  expect(await app.db.interaction.findFirstOrThrow()).toMatchObject({ pageTitle: title });
});

test('an id that another interaction of the project has is refused', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const other = await makeSession(app, viewer);
  const sessionId = await makeSession(app, viewer);
  const taken = anInteraction(1);
  await record(app, viewer, other, [taken]);

  const receipt = await record(app, viewer, sessionId, [
    anInteraction(1),
    { ...anInteraction(2), id: taken.id },
    anInteraction(3),
  ]);

  expect(receipt).toMatchObject({
    acknowledged: 1,
    stored: 2,
    rejected: [{ sequence: 2, code: 'DUPLICATE_ID' }],
  });
});

test('a call with more items than allowed is refused whole, by name', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const items = interactions(...upTo(limits.interactionsPerCall));

  const refusal = await record(app, viewer, sessionId, items, [
    { sequence: 201, dropped: 'QUOTA' },
  ]).catch((error: unknown) => error);
  const receipt = await record(app, viewer, sessionId, items);

  expect(refusal).toBeInstanceOf(InvalidInputError);
  expect(receipt).toMatchObject({ stored: 200, acknowledged: 200 });
});

// ── Group commit ──────────────────────────────────────────────────────────────────────────────────

test('sixteen clients that send one at a time share statements', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessions: string[] = [];
  for (const _ of upTo(16)) {
    const sessionId = await makeSession(app, viewer);
    await record(app, viewer, sessionId, interactions(1));
    sessions.push(sessionId);
  }

  const statements = await countStatements(app, () =>
    Promise.all(sessions.map((sessionId) => record(app, viewer, sessionId, interactions(2)))),
  );

  expect(statements).toBeLessThanOrEqual(8);
  expect(await app.db.interaction.count()).toBe(32);
});

const poisons: Record<string, Partial<IncomingInteraction>> = {
  NUL: { pageTitle: '\0' },
  'half of a surrogate pair': { pageTitle: '\udc00' },
  'too much JSON': { context: chars(limits.interactionChars) },
  'an id that is two': { id: `${newId()},${newId()}` },
  'a type that fails the statement': { type: 'WAVE' as 'CLICK' },
  'a time that fails the statement': { sessionTimeMs: 2 ** 31 },
};

test('a poisoned call harms only itself among fifteen good ones that are committed with it', async () => {
  const app = await openTestApp({ env: { MAX_SESSIONS_PER_USER: '1000' } });
  const viewer = await makeViewer(app);
  const stranger = await makeViewer(app);
  const sessions: { viewer: Viewer; sessionId: string }[] = [];
  for (const index of upTo(16)) {
    const owner = index % 2 ? viewer : stranger;
    sessions.push({ viewer: owner, sessionId: await makeSession(app, owner) });
  }

  for (const [round, [what, more]] of Object.entries(poisons).entries()) {
    const sequence = 1 + round;
    const calls = sessions.map((session, index) => ({
      ...session,
      items: [anInteraction(sequence, index === 7 ? more : {})],
    }));
    const receipts = await Promise.allSettled(
      calls.map((call) => record(app, call.viewer, call.sessionId, call.items)),
    );

    const rows = await app.db.interaction.findMany({ where: { sequence }, select: { id: true } });
    const good = calls.filter((_, index) => index !== 7).flatMap(({ items }) => items);
    expect([what, rows.map(({ id }) => id).sort()]).toEqual([
      what,
      good.map(({ id }) => id).sort(),
    ]);
    for (const [index, receipt] of receipts.entries())
      if (index !== 7)
        expect(receipt).toMatchObject({ value: { stored: 1, acknowledged: sequence } });
  }
});

test('a call for another project’s session stores nothing, also in one commit with the owner’s', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const stranger = await makeViewer(app);
  const sibling = await makeViewer(app, { project: viewer.projectId, participant: 'P-2' });
  const sessionId = await makeSession(app, viewer);

  const [good, ...refused] = await Promise.allSettled([
    record(app, viewer, sessionId, interactions(1)),
    record(app, stranger, sessionId, interactions(2)),
    record(app, sibling, sessionId, interactions(3)),
    record(app, viewer, newId(), interactions(4)),
  ]);

  expect(good).toMatchObject({ value: { stored: 1 } });
  for (const call of refused)
    expect(call).toMatchObject({ reason: expect.any(SessionNotFoundError) });
  expect(await app.db.interaction.count()).toBe(1);
});

test('rows that claim another project are not written even past the check of rights', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const stranger = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, interactions(1));
  const { writer } = deskOf(app);
  const row = {
    ...(await app.db.interaction.findFirstOrThrow()),
    id: newId(),
    sequence: 2,
    detail: Buffer.from('{}'),
    bodyMac: Buffer.alloc(32),
    offsetX: null,
    offsetY: null,
  };
  const session = await app.db.sessionKey.findFirstOrThrow();
  const key = app.keys.open(sessionId, session);

  const claim = { projectId: stranger.projectId, sessionId, key, preparedMs: 0 };
  const alone = await writer.write({ ...claim, rows: [row] });
  const together = await writer.write({
    ...claim,
    rows: [row, { ...row, id: newId(), sequence: 3 }],
  });

  expect([alone, together]).toEqual(Array(2).fill({ state: null, fresh: [] }));
  expect(await app.db.interaction.count()).toBe(1);
  expect(await app.db.interactionChunk.count()).toBe(0);
});

// ── State and load ────────────────────────────────────────────────────────────────────────────────

test('a record that comes late resumes a session that idleness paused, and it is not paused again at once', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const longAgo = new Date(Date.now() - 86_400_000);
  await app.db.session.update({ where: { id: sessionId }, data: { lastActivityAt: longAgo } });
  const paused = await pauseIdleSessions(app);

  const receipt = await record(app, viewer, sessionId, interactions(1));
  const pausedAgain = await pauseIdleSessions(app);

  expect([paused, pausedAgain]).toEqual([1, 0]);
  expect(receipt).toMatchObject({ stored: 1, acknowledged: 1 });
  expect(await app.db.session.findFirstOrThrow()).toMatchObject({ state: 'ACTIVE', version: 3 });
  const events = await app.db.sessionEvent.findMany({ orderBy: { version: 'asc' } });
  expect(events.map(({ state }) => state)).toEqual(['ACTIVE', 'PAUSED', 'ACTIVE']);
});

test('an ended session refuses and says its state; repeats of what it holds are refused, too', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const first = anInteraction(1);
  await record(app, viewer, sessionId, [first]);
  await endSession(app, viewer, anEnd(sessionId, 1));

  for (const items of [[anInteraction(2)], [first]])
    await expect(record(app, viewer, sessionId, items)).rejects.toThrow(SessionEndedError);
  const { recordInteractions: refused } = await ask(app, viewer, RECORD, {
    input: { sessionId, interactions: [], tombstones: [{ sequence: 2, dropped: 'QUOTA' }] },
  });

  expect(refused).toMatchObject({ __typename: 'SessionEnded', code: 'SESSION_ENDED' });
  expect(await app.db.interaction.count()).toBe(1);
});

test('a session that its participant paused goes on when records arrive, once, however many', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await pauseSession(app, viewer, { sessionId, operationId: newId() });

  const receipts = await Promise.all(
    upTo(8).map((sequence) => record(app, viewer, sessionId, interactions(sequence))),
  );

  expect(receipts.map(({ stored }) => stored)).toEqual(Array(8).fill(1));
  expect(await app.db.session.findFirstOrThrow()).toMatchObject({ state: 'ACTIVE', version: 3 });
});

test('over the limit of waiting rows a call is refused before any work, with the time to come again', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, interactions(1));
  const { writer } = deskOf(app);
  const blocker = await app.sql.connect();
  await blocker.query('BEGIN');
  await blocker.query('LOCK TABLE "Interaction" IN ACCESS EXCLUSIVE MODE');
  const key = app.keys.open(sessionId, await app.db.sessionKey.findFirstOrThrow());
  const row = { ...anInteraction(2), detail: null, bodyMac: Buffer.alloc(32), dropped: 'QUOTA' };
  const prepared = {
    ...row,
    site: '',
    pageTitle: null,
    targetRole: null,
    targetName: null,
    modifiers: 0,
    offsetX: null,
    offsetY: null,
    isVisible: null,
    confidence: 1,
  };
  const waiting = upTo(maxWaitingRows / 200 + 30).map(() =>
    writer.write({
      projectId: viewer.projectId,
      sessionId,
      key,
      preparedMs: 0,
      rows: Array<typeof prepared>(200).fill(prepared),
    }),
  );
  await expect.poll(() => writer.waiting()).toBeGreaterThan(maxWaitingRows);

  const statements = await countStatements(app, async () => {
    const refusal = await record(app, viewer, sessionId, interactions(3)).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(OverloadedError);
    expect(refusal).toMatchObject({ retryAfterSeconds: 1 });
  });
  const { recordInteractions: refused } = await ask(app, viewer, RECORD, {
    input: { sessionId, interactions: [] },
  });
  await blocker.query('ROLLBACK');
  blocker.release();
  await Promise.all(waiting);

  expect(statements).toBe(0);
  expect(refused).toMatchObject({
    __typename: 'Overloaded',
    code: 'OVERLOADED',
    retryAfterSeconds: 1,
  });
  const rows = await app.db.interaction.findMany({ orderBy: { sequence: 'asc' } });
  expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(await record(app, viewer, sessionId, interactions(3))).toMatchObject({ acknowledged: 3 });
});

test('when the database makes calls wait too long, later ones are refused until it is quick again', async () => {
  const app = await openTestApp({ env: { MAX_POOL_WAIT_MS: '50' } });
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, interactions(1));
  const blocker = await app.sql.connect();
  await blocker.query('BEGIN');
  await blocker.query('LOCK TABLE "Interaction" IN ACCESS EXCLUSIVE MODE');
  const waiting: Promise<unknown>[] = [];

  // Two statements run, the third waits in memory.
  const refused = expect.poll(async () => {
    const call = record(app, viewer, sessionId, interactions(2));
    const isRefused = await Promise.race([
      call.then(
        () => false,
        (error: unknown) => error instanceof OverloadedError,
      ),
      new Promise<false>((resolve) => setImmediate(() => setImmediate(() => resolve(false)))),
    ]);
    if (!isRefused) waiting.push(call);
    return isRefused;
  });
  await refused.toBe(true);
  await blocker.query('ROLLBACK');
  blocker.release();
  await Promise.all(waiting);

  expect(await record(app, viewer, sessionId, interactions(3))).toMatchObject({ stored: 1 });
});
