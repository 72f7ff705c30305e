import * as z from 'zod';
import { EvaluationType } from '../evaluation/schema.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import type { Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { watch } from '../graphql/watch.ts';
import { Condition } from './gate.ts';

export const DeploymentState = builder.enumType('DeploymentState', {
  description: 'Where a deployment is.',
  values: {
    CANARY: { description: 'It answers a share of the predictions.' },
    LIVE: { description: 'It answers all predictions but those of a canary.' },
    REPLACED: { description: 'Another one took its place.' },
    ROLLED_BACK: { description: 'It was taken back, by a person or by itself.' },
  },
});

export const GateCondition = builder.objectRef<Condition>('GateCondition').implement({
  description: 'A condition of the gate with what was measured.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'EVALUATED, BETTER, LEAK_FREE, UNSEEN, FAST_ENOUGH or MEASURED_ENOUGH; BETTER may come twice.',
    }),
    passed: t.exposeBoolean('passed', { description: 'Whether it is met.' }),
    message: t.exposeString('message', { description: 'What was measured and what is needed.' }),
  }),
});

export const DeploymentType = builder.prismaObject('Deployment', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the deployment.' }),
    modelId: t.exposeID('modelId', { description: 'The model that answers.' }),
    evaluation: t.relation('evaluation', {
      type: EvaluationType,
      description: 'The evaluation on which the gate let it pass.',
    }),
    state: t.expose('state', { type: DeploymentState, description: 'Where it is.' }),
    share: t.exposeFloat('share'),
    previousId: t.exposeID('previousId', { nullable: true }),
    gate: t.field({
      type: [GateCondition],
      description: 'The conditions of the gate with what was measured then.',
      select: { gate: true },
      resolve: ({ gate }) => z.array(Condition).parse(gate),
    }),
    expectedSuccess: t.exposeFloat('expectedSuccess'),
    reason: t.exposeString('reason', { nullable: true }),
    outcomes: t.exposeInt('outcomes'),
    successes: t.exposeInt('successes'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was deployed.' }),
    liveAt: t.expose('liveAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it began to answer all predictions; `null` for a canary.',
    }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stopped to answer; `null` while it does.',
    }),
  }),
});

const DeploymentFilter = builder.inputType('DeploymentFilter', {
  description: 'Which deployments. What is absent does not restrict.',
  fields: (t) => ({
    modelId: t.id({ description: 'Of this model.' }),
    states: t.field({ type: [DeploymentState], description: 'In one of these states.' }),
  }),
});

const DeploymentOrder = builder.enumType('DeploymentOrder', {
  description: 'Order of deployments.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    CREATED_AT_ASC: { description: 'Oldest first.' },
  },
});

builder.queryField('deployments', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.prismaConnection(
    {
      type: DeploymentType,
      cursor: 'id',
      description: "The project's deployments.",
      args: {
        where: t.arg({ type: DeploymentFilter, description: 'Which of them.' }),
        orderBy: t.arg({
          type: DeploymentOrder,
          defaultValue: 'CREATED_AT_DESC',
          description: 'In which order.',
        }),
      },
      totalCount: (_root, { where }, { app, viewer }) =>
        app.db.deployment.count({ where: deploymentWhere(viewer, where) }),
      resolve: (query, _root, { where, orderBy }, { app, viewer }) => {
        const direction = orderBy === 'CREATED_AT_ASC' ? 'asc' : 'desc';
        return app.db.deployment.findMany({
          ...query,
          where: deploymentWhere(viewer, where),
          orderBy: [{ createdAt: direction }, { id: direction }],
        });
      },
    },
    { name: 'DeploymentConnection', description: 'A page of deployments.' },
    { name: 'DeploymentEdge', description: 'An item of a page of deployments.' },
  );
});

function deploymentWhere(
  { projectId }: Viewer,
  where: typeof DeploymentFilter.$inferInput | null | undefined,
): Prisma.DeploymentWhereInput {
  const { modelId, states } = where ?? {};
  return {
    projectId,
    ...(modelId ? { modelId } : {}),
    ...(states ? { state: { in: states } } : {}),
  };
}

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const DeploymentChange = builder.objectRef<Changed>('DeploymentChange').implement({
  description: 'A deployment changed, or an outcome of it was reported.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    deployment: t.prismaField({
      type: DeploymentType,
      nullable: true,
      description: 'The deployment as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        viewer.scopes.has('READ')
          ? app.db.deployment.findFirst({
              ...query,
              where: { id: subjectId, projectId: viewer.projectId },
            })
          : null,
    }),
  }),
});

const DeploymentEvent = builder.unionType('DeploymentEvent', {
  description: 'A change of a deployment, or a gap.',
  types: [DeploymentChange, Gap],
  resolveType: (event) => ('subjectId' in event ? DeploymentChange : Gap),
});

builder.subscriptionField('deploymentChanged', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: DeploymentEvent,
    description: 'One deployment, or all of the project, live.',
    args: {
      id: t.arg.id({ description: 'Id of the deployment. Absent: all of the project.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { id, after }, context) {
      const { projectId } = context.viewer;
      const subject = id ? { subjectId: id.toLowerCase() } : {};
      for await (const change of watch(
        context,
        { topic: 'deployment', projectId, ...subject },
        after,
      ))
        if ('gap' in change || change.viewer.scopes.has('READ')) yield change;
    },
    resolve: (change) => change,
  });
});
