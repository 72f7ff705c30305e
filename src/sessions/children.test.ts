import { expect, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../test/app.ts';
import { interactions, makeSession, record, upTo } from '../../test/sessions.ts';

type Nodes = {
  nodes: { sequence: number }[];
  pageInfo: { endCursor: string; startCursor: string };
};
type List = { sessions: { nodes: { interactions: Nodes & { totalCount: number } }[] } };

const PAGE = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { session(id: $id) {
  interactions(first: $first, after: $after, last: $last, before: $before) {
    nodes { sequence } pageInfo { startCursor endCursor } } } }`;

test('pages of a session go forwards and backwards without gaps', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const id = await makeSession(app, viewer);
  await record(app, viewer, id, interactions(...upTo(10)));
  const page = async (paging: object) => {
    const { session } = await ask<{ session: { interactions: Nodes } }>(app, viewer, PAGE, {
      id,
      ...paging,
    });
    return session.interactions;
  };
  const sequences = ({ nodes }: Nodes) => nodes.map(({ sequence }) => sequence);

  const first = await page({ first: 4 });
  const second = await page({ first: 4, after: first.pageInfo.endCursor });
  const third = await page({ first: 4, after: second.pageInfo.endCursor });
  expect([first, second, third].map(sequences)).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10],
  ]);
  const last = await page({ last: 3 });
  expect(sequences(last)).toEqual([8, 9, 10]);
  expect(sequences(await page({ last: 3, before: last.pageInfo.startCursor }))).toEqual([5, 6, 7]);
});

test('a page of many sessions reads no more rows than it shows', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  for (let made = 0; made < 3; made += 1)
    await record(app, viewer, await makeSession(app, viewer), interactions(...upTo(150)));
  const read: unknown[] = [];
  const db = app.db.$extends({
    query: {
      async $allOperations({ args, query }) {
        const rows: unknown = await query(args);
        if (Array.isArray(rows)) read.push(...rows);
        return rows;
      },
    },
  });

  const { sessions } = await ask<List>(
    { ...app, db: db as unknown as typeof app.db },
    viewer,
    `{ sessions { nodes { interactions(first: 2, where: { sequenceFrom: 7 }) { totalCount nodes { sequence } } } } }`,
  );

  expect(sessions.nodes.map(({ interactions: list }) => list)).toEqual(
    Array(3).fill({ totalCount: 144, nodes: [{ sequence: 7 }, { sequence: 8 }] }),
  );
  expect(read.length).toBeLessThan(40);
});
