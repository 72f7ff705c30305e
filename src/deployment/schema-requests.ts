import { builder } from '../graphql/builder.ts';

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
    measured: t.exposeFloat('measured', { description: 'Step success as measured, 0 to 1.' }),
    low: t.exposeFloat('low', { description: 'Lower end of its interval of 95 %.' }),
    high: t.exposeFloat('high', { description: 'Upper end of its interval of 95 %.' }),
    steps: t.exposeInt('steps'),
    method: t.exposeString('method'),
    collected: t.int({
      description: 'Good sessions of the site that came since the request.',
      select: { projectId: true, site: true, createdAt: true },
      resolve: ({ projectId, site, createdAt }, _args, { app }) =>
        app.db.session.count({
          where: { projectId, site, state: 'READY', createdAt: { gt: createdAt } },
        }),
    }),
    text: t.string({
      description:
        'As a task for participants: site, action, how many, and what they should bring.',
      select: { site: true, operation: true, place: true, sessions: true, expectedPoints: true },
      resolve: ({ site, operation, place, sessions, expectedPoints }) =>
        `${site}, ${operation.toUpperCase()}${place ? ` in ${place}` : ''}: ${sessions} more sessions, expect +${expectedPoints.toFixed(0)} points`,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

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
    EXPECTED_POINTS_DESC: { description: 'Those that promise most first.' },
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
            orderBy === 'CREATED_AT_DESC' ? { createdAt: 'desc' } : { expectedPoints: 'desc' },
            { id: 'desc' },
          ],
        }),
    },
    { name: 'DataRequestConnection', description: 'A page of requests for data.' },
    { name: 'DataRequestEdge', description: 'An item of a page of requests for data.' },
  );
});
