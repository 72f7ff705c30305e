import { builder } from '../graphql/builder.ts';
import type { Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { watch } from '../graphql/watch.ts';
import { EvaluationType } from './schema.ts';

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const EvaluationChange = builder.objectRef<Changed>('EvaluationChange').implement({
  description: 'An evaluation went on.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    evaluation: t.prismaField({
      type: EvaluationType,
      nullable: true,
      description: 'The evaluation as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        viewer.scopes.has('READ')
          ? app.db.evaluation.findFirst({
              ...query,
              where: { id: subjectId, projectId: viewer.projectId },
            })
          : null,
    }),
  }),
});

const EvaluationEvent = builder.unionType('EvaluationEvent', {
  description: 'An evaluation that went on, or a gap.',
  types: [EvaluationChange, Gap],
  resolveType: (event) => ('subjectId' in event ? EvaluationChange : Gap),
});

builder.subscriptionField('evaluationChanged', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: EvaluationEvent,
    description: 'One evaluation, or all of the project, live: at most five times a second each.',
    args: {
      id: t.arg.id({ description: 'Id of the evaluation. Absent: all of the project.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { id, after }, context) {
      const { projectId } = context.viewer;
      const subject = id ? { subjectId: id.toLowerCase() } : {};
      for await (const change of watch(
        context,
        { topic: 'evaluation', projectId, ...subject },
        after,
      ))
        if ('gap' in change || change.viewer.scopes.has('READ')) yield change;
    },
    resolve: (change) => change,
  });
});
