import { builder } from '../graphql/builder.ts';

const SyncIssueType = builder.enumType('SyncIssueType', {
  description: 'How two copies disagree.',
  values: {
    CONFLICT: { description: 'Both changed, differently.' },
    DIVERGENCE: { description: 'Their digests differ at the same checkpoint.' },
    MISSING_DATA: { description: 'One lacks something.' },
    ORDER_VIOLATION: { description: 'Changes came in another order.' },
    VALIDATION_FAILED: { description: 'One holds something that breaks a rule.' },
  },
});

const SyncIssue = builder.prismaObject('SyncIssue', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the issue.' }),
    type: t.expose('type', { type: SyncIssueType, description: 'How they disagree.' }),
    entityType: t.exposeString('entityType'),
    entityId: t.exposeString('entityId'),
    message: t.exposeString('message'),
    seenCount: t.exposeInt('seenCount'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was seen first.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it was seen last.' }),
  }),
});

const SyncIssueFilter = builder.inputType('SyncIssueFilter', {
  description: 'Which issues. What is absent does not restrict.',
  fields: (t) => ({
    types: t.field({ type: [SyncIssueType], description: 'Of one of these types.' }),
    entityType: t.string({ description: 'About this kind of thing.' }),
  }),
});

builder.queryField('syncIssues', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.prismaConnection(
    {
      type: SyncIssue,
      cursor: 'id',
      description: 'Disagreements between copies in the project, newest first.',
      args: { where: t.arg({ type: SyncIssueFilter, description: 'Which of them.' }) },
      resolve: (query, _root, { where }, { app, viewer }) =>
        app.db.syncIssue.findMany({
          ...query,
          where: {
            projectId: viewer.projectId,
            ...(where?.types ? { type: { in: where.types } } : {}),
            ...(where?.entityType ? { entityType: where.entityType } : {}),
          },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        }),
    },
    { name: 'SyncIssueConnection', description: 'A page of sync issues.' },
    { name: 'SyncIssueEdge', description: 'An item of a page of sync issues.' },
  );
});
