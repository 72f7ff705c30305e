import { builder } from '../graphql/builder.ts';
import type { Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { watch } from '../graphql/watch.ts';
import { Session, SessionFilter, sessionWhere } from './schema.ts';
import { visibleTo } from './visible.ts';

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const SessionChange = builder.objectRef<Changed>('SessionChange').implement({
  description: 'A session changed.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    session: t.prismaField({
      type: Session,
      nullable: true,
      description: 'The session as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        app.db.session.findFirst({
          ...query,
          where: { AND: [{ id: subjectId }, visibleTo(viewer)] },
        }),
    }),
  }),
});

const SessionEvent = builder.unionType('SessionEvent', {
  description: 'A change of a session, or a gap.',
  types: [SessionChange, Gap],
  resolveType: (event) => ('subjectId' in event ? SessionChange : Gap),
});

const afterArg = 'Cursor of the last event that was seen; resumes after it, for up to a day.';

builder.subscriptionFields((fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'CAPTURE'] });
  return {
    sessionChanged: t.field({
      type: SessionEvent,
      description: 'Every change of one session.',
      args: {
        id: t.arg.id({ required: true, description: 'Id of the session.' }),
        after: t.arg.string({ description: afterArg }),
      },
      subscribe: async function* (_root, { id, after }, context) {
        for await (const change of watch(
          context,
          { topic: 'session', projectId: context.viewer.projectId, subjectId: id.toLowerCase() },
          after,
        ))
          if ('gap' in change || (await maySee(context, change.viewer, id))) yield change;
      },
      resolve: (change) => change,
    }),
    sessionsChanged: t.field({
      type: SessionEvent,
      description: 'Every change of the sessions that the viewer may read.',
      args: {
        where: t.arg({ type: SessionFilter, description: 'Which of them.' }),
        after: t.arg.string({ description: afterArg }),
      },
      subscribe: async function* (_root, { where, after }, context) {
        for await (const change of watch(
          context,
          { topic: 'session', projectId: context.viewer.projectId },
          after,
        )) {
          if ('gap' in change) yield change;
          else {
            const filter = {
              AND: [{ id: change.subjectId }, sessionWhere(where), visibleTo(change.viewer)],
            };
            if ((await context.app.db.session.count({ where: filter })) > 0) yield change;
          }
        }
      },
      resolve: (change) => change,
    }),
  };
});

async function maySee(
  { app }: { app: { db: { session: { count(query: object): Promise<number> } } } },
  viewer: Viewer,
  id: string,
): Promise<boolean> {
  return (await app.db.session.count({ where: { AND: [{ id }, visibleTo(viewer)] } })) > 0;
}
