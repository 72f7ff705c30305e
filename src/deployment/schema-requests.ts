import DataLoader from 'dataloader';
import * as z from 'zod';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor, type Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { watch } from '../graphql/watch.ts';
import { collectedFor } from './collected.ts';

const DataRequestState = builder.enumType('DataRequestState', {
  description: 'Where a request for data is.',
  values: {
    OPEN: { description: 'Sessions are wanted.' },
    FULFILLED: { description: 'Enough sessions came.' },
    SUPERSEDED: { description: 'A later evaluation measured anew.' },
  },
});

const DataRequest = builder.prismaObject('DataRequest', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the request.' }),
    evaluationId: t.exposeID('evaluationId', { description: 'The evaluation that showed it.' }),
    site: t.exposeString('site', { description: 'Where sessions are wanted.' }),
    operation: t.exposeString('operation'),
    state: t.expose('state', { type: DataRequestState, description: 'Where it is.' }),
    place: t.exposeString('place', { nullable: true }),
    sessions: t.exposeInt('sessions'),
    expectedPoints: t.exposeFloat('expectedPoints'),
    expectedLow: t.exposeFloat('expectedLow', {
      description: 'Lower end of the interval of 95 % of that, in percentage points.',
    }),
    expectedHigh: t.exposeFloat('expectedHigh', { description: 'Upper end of it.' }),
    curvePoints: t.int({
      description: 'Measured points of the learning curve that the promise stands on.',
      select: { curve: true },
      resolve: ({ curve }) => Curve.parse(curve).points.length,
    }),
    measured: t.exposeFloat('measured', { description: 'Step success as measured, 0 to 1.' }),
    low: t.exposeFloat('low', { description: 'Lower end of its interval of 95 %.' }),
    high: t.exposeFloat('high', { description: 'Upper end of its interval of 95 %.' }),
    steps: t.exposeInt('steps'),
    method: t.exposeString('method'),
    collected: t.int({
      description:
        'READY sessions of the site with such an action that came since the request: what is there of `sessions`.',
      select: { id: true },
      resolve: ({ id }, _args, context) => onceFor(context, collectedLoader).load(id),
    }),
    progress: t.float({
      description: 'Share of the sessions that are there, 0 to 1.',
      select: { id: true, sessions: true },
      resolve: async ({ id, sessions }, _args, context) =>
        Math.min(1, (await onceFor(context, collectedLoader).load(id)) / sessions),
    }),
    text: t.string({
      description:
        'As a task for participants: site, action, how many, and what they should bring: from the lower end of the interval to its middle, so rather too little than too much.',
      select: {
        site: true,
        operation: true,
        place: true,
        sessions: true,
        expectedLow: true,
        expectedPoints: true,
      },
      resolve: ({ site, operation, place, sessions, expectedLow, expectedPoints }) =>
        `${site}, ${operation.toUpperCase()}${place ? ` in ${place}` : ''}: ${sessions} more sessions, expect +${expectedLow.toFixed(0)} to +${expectedPoints.toFixed(0)} points`,
    }),
    closedAt: t.expose('closedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was fulfilled or superseded. `null` while it is open.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const Curve = z.object({ points: z.array(z.unknown()) });

/** Sessions that came for each request, one statement for all of an operation. */
function collectedLoader({ app }: Context): DataLoader<string, number> {
  return new DataLoader<string, number>(
    async (ids) => {
      const found = await collectedFor(app, ids);
      return ids.map((id) => found.get(id) ?? 0);
    },
    { cache: false }, // a subscription asks again and again
  );
}

const DataRequestFilter = builder.inputType('DataRequestFilter', {
  description: 'Which requests. What is absent does not restrict.',
  fields: (t) => ({
    site: t.string({ description: 'For this site.' }),
    states: t.field({ type: [DataRequestState], description: 'In one of these states.' }),
  }),
});

const DataRequestOrder = builder.enumType('DataRequestOrder', {
  description: 'Order of requests for data.',
  values: {
    EXPECTED_POINTS_DESC: {
      description:
        'Those first that promise most at the least: by `expectedLow`, then by `expectedPoints`.',
    },
    CREATED_AT_DESC: { description: 'Newest first.' },
  },
});

builder.queryField('dataRequests', (fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'CAPTURE'] });
  return t.prismaConnection(
    {
      type: DataRequest,
      cursor: 'id',
      description: 'What sessions would help most; participants may read it, too.',
      args: {
        where: t.arg({ type: DataRequestFilter, description: 'Which of them.' }),
        orderBy: t.arg({
          type: DataRequestOrder,
          defaultValue: 'EXPECTED_POINTS_DESC',
          description: 'In which order.',
        }),
      },
      resolve: (query, _root, { where, orderBy }, { app, viewer }) =>
        app.db.dataRequest.findMany({
          ...query,
          where: {
            projectId: viewer.projectId,
            ...(where?.site ? { site: where.site } : {}),
            state: { in: where?.states ?? ['OPEN'] },
          },
          orderBy: [
            ...(orderBy === 'CREATED_AT_DESC'
              ? [{ createdAt: 'desc' as const }]
              : [{ expectedLow: 'desc' as const }, { expectedPoints: 'desc' as const }]),
            { id: 'desc' },
          ],
        }),
    },
    { name: 'DataRequestConnection', description: 'A page of requests for data.' },
    { name: 'DataRequestEdge', description: 'An item of a page of requests for data.' },
  );
});

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const DataRequestChange = builder.objectRef<Changed>('DataRequestChange').implement({
  description: 'A request for data was made or closed, or a session came for it.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    dataRequest: t.prismaField({
      type: DataRequest,
      nullable: true,
      description: 'The request as it is now. `null` when it is gone, or may not be read any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        mayRead(viewer)
          ? app.db.dataRequest.findFirst({
              ...query,
              where: { id: subjectId, projectId: viewer.projectId },
            })
          : null,
    }),
  }),
});

const DataRequestEvent = builder.unionType('DataRequestEvent', {
  description: 'A change of a request for data, or a gap.',
  types: [DataRequestChange, Gap],
  resolveType: (event) => ('subjectId' in event ? DataRequestChange : Gap),
});

builder.subscriptionField('dataRequestChanged', (fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'CAPTURE'] });
  return t.field({
    type: DataRequestEvent,
    description:
      'Requests for data of the project, live: new ones, how many sessions came, the end.',
    args: {
      id: t.arg.id({ description: 'Id of the request. Absent: all of the project.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { id, after }, context) {
      const { projectId } = context.viewer;
      const subject = id ? { subjectId: id.toLowerCase() } : {};
      for await (const change of watch(context, { topic: 'request', projectId, ...subject }, after))
        if ('gap' in change || mayRead(change.viewer)) yield change;
    },
    resolve: (change) => change,
  });
});

function mayRead({ scopes }: Viewer): boolean {
  return scopes.has('READ') || scopes.has('CAPTURE');
}
