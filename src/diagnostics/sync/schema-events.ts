import { builder } from '../../graphql/builder.ts';
import type { Viewer } from '../../graphql/context.ts';
import { Gap } from '../../graphql/gap.ts';
import { watch } from '../../graphql/watch.ts';
import { issueWhere, SyncIssue, SyncIssueFilter } from './schema.ts';

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const SyncIssueChanged = builder.objectRef<Changed>('SyncIssueChanged').implement({
  description: 'A sync issue was found, resolved, undone or closed.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    issue: t.prismaField({
      type: SyncIssue,
      nullable: true,
      description: 'The issue as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        viewer.scopes.has('READ')
          ? app.db.syncIssue.findFirst({
              ...query,
              where: { id: subjectId, projectId: viewer.projectId },
            })
          : null,
    }),
  }),
});

const SyncIssueEvent = builder.unionType('SyncIssueEvent', {
  description: 'A change of a sync issue, or a gap.',
  types: [SyncIssueChanged, Gap],
  resolveType: (event) => ('subjectId' in event ? SyncIssueChanged : Gap),
});

builder.subscriptionField('syncIssueChanged', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: SyncIssueEvent,
    description:
      'Every change of the sync issues of the project, for example for a conflict screen.',
    args: {
      where: t.arg({ type: SyncIssueFilter, description: 'Which of them, as they are then.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { where, after }, context) {
      const { projectId } = context.viewer;
      for await (const change of watch(context, { topic: 'sync', projectId }, after)) {
        if ('gap' in change) yield change;
        else if (change.viewer.scopes.has('READ')) {
          const filter = { AND: [{ id: change.subjectId }, issueWhere(projectId, where)] };
          if ((await context.app.db.syncIssue.count({ where: filter })) > 0) yield change;
        }
      }
    },
    resolve: (change) => change,
  });
});
