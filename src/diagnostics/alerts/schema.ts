import { projectOf } from '../../accounts/known.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type {
  AlertState,
  AlertTrigger,
  DeliveryState,
  ReportSeverity,
} from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import type { Viewer } from '../../graphql/context.ts';
import { watch } from '../../graphql/watch.ts';
import { ReportSeverityType } from '../schema-vocabulary.ts';
import './schema-mutations.ts';
import {
  AlertRuleType,
  AlertStateType,
  AlertTriggerType,
  AlertType,
  ChannelType,
  DeliveryStateType,
  DeliveryType,
} from './schema-types.ts';

type AlertFilterInput = {
  states?: AlertState[] | null;
  triggers?: AlertTrigger[] | null;
  severities?: ReportSeverity[] | null;
  ruleId?: string | null;
  subjectId?: string | null;
};
type DeliveryFilterInput = {
  states?: DeliveryState[] | null;
  channelId?: string | null;
  alertId?: string | null;
};

const AlertFilter = builder.inputType('AlertFilter', {
  description: 'Which alerts. What is absent does not restrict.',
  fields: (t) => ({
    states: t.field({ type: [AlertStateType], description: 'In one of these states.' }),
    triggers: t.field({ type: [AlertTriggerType], description: 'By one of these triggers.' }),
    severities: t.field({ type: [ReportSeverityType], description: 'Of one of these severities.' }),
    ruleId: t.id({ description: 'Raised by this rule.' }),
    subjectId: t.string({ description: 'About this issue, contract, client or dependency.' }),
  }),
});

const DeliveryFilter = builder.inputType('DeliveryFilter', {
  description: 'Which messages. What is absent does not restrict.',
  fields: (t) => ({
    states: t.field({ type: [DeliveryStateType], description: 'In one of these states.' }),
    channelId: t.id({ description: 'To this channel.' }),
    alertId: t.id({ description: 'About this alert.' }),
  }),
});

const newestFirst = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    channels: t.prismaConnection(
      {
        type: ChannelType,
        cursor: 'id',
        description: 'Where alerts of the project go, newest first.',
        totalCount: (_connection, _args, { app, viewer }) =>
          app.db.channel.count({ where: { projectId: projectOf(viewer) } }),
        resolve: (query, _root, _args, { app, viewer }) =>
          app.db.channel.findMany({
            ...query,
            where: { projectId: projectOf(viewer) },
            orderBy: newestFirst,
          }),
      },
      { name: 'ChannelConnection', description: 'A page of channels.' },
      { name: 'ChannelEdge', description: 'A place in a list of channels.' },
    ),
    alertRules: t.prismaConnection(
      {
        type: AlertRuleType,
        cursor: 'id',
        description: 'Alert rules of the project, newest first.',
        totalCount: (_connection, _args, { app, viewer }) =>
          app.db.alertRule.count({ where: { projectId: projectOf(viewer) } }),
        resolve: (query, _root, _args, { app, viewer }) =>
          app.db.alertRule.findMany({
            ...query,
            where: { projectId: projectOf(viewer) },
            orderBy: newestFirst,
          }),
      },
      { name: 'AlertRuleConnection', description: 'A page of alert rules.' },
      { name: 'AlertRuleEdge', description: 'A place in a list of alert rules.' },
    ),
    alerts: t.prismaConnection(
      {
        type: AlertType,
        cursor: 'id',
        description: 'Alerts of the project, newest first.',
        args: { where: t.arg({ type: AlertFilter, description: 'Which alerts. Absent: all.' }) },
        totalCount: (_connection, { where }, { app, viewer }) =>
          app.db.alert.count({ where: alertsWhere(projectOf(viewer), where) }),
        resolve: (query, _root, { where }, { app, viewer }) =>
          app.db.alert.findMany({
            ...query,
            where: alertsWhere(projectOf(viewer), where),
            orderBy: [{ raisedAt: 'desc' }, { id: 'desc' }],
          }),
      },
      { name: 'AlertConnection', description: 'A page of alerts.' },
      { name: 'AlertEdge', description: 'A place in a list of alerts.' },
    ),
    deliveries: t.prismaConnection(
      {
        type: DeliveryType,
        cursor: 'id',
        description:
          'Messages to the project’s channels, newest first; DEAD ones are the dead letters.',
        args: {
          where: t.arg({ type: DeliveryFilter, description: 'Which messages. Absent: all.' }),
        },
        totalCount: (_connection, { where }, { app, viewer }) =>
          app.db.delivery.count({ where: deliveriesWhere(projectOf(viewer), where) }),
        resolve: (query, _root, { where }, { app, viewer }) =>
          app.db.delivery.findMany({
            ...query,
            where: deliveriesWhere(projectOf(viewer), where),
            orderBy: newestFirst,
          }),
      },
      { name: 'DeliveryConnection', description: 'A page of messages.' },
      { name: 'DeliveryEdge', description: 'A place in a list of messages.' },
    ),
  };
});

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const AlertChange = builder.objectRef<Changed>('AlertChange').implement({
  description: 'An alert was raised, or is over.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    alert: t.prismaField({
      type: AlertType,
      nullable: true,
      description: 'The alert as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        app.db.alert.findFirst({
          ...query,
          where: { id: subjectId, projectId: viewer.projectId },
        }),
    }),
  }),
});

/** `Gap` is declared by a feature above this one. */
const AlertGap = builder.objectRef<{ cursor: string }>('AlertGap').implement({
  description: 'Alerts up to `cursor` may have been missed; read them anew and go on from here.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Resumes the subscription after the gap.' }),
  }),
});

const AlertEvent = builder.unionType('AlertEvent', {
  description: 'A change of an alert, or a gap.',
  types: [AlertChange, AlertGap],
  resolveType: (event) => ('subjectId' in event ? AlertChange : AlertGap),
});

builder.subscriptionField('alertRaised', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: AlertEvent,
    description: 'Every alert of the project when it is raised, and when it is over.',
    args: {
      where: t.arg({ type: AlertFilter, description: 'Which alerts. Absent: all.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { where, after }, context) {
      const { projectId } = context.viewer;
      for await (const change of watch(context, { topic: 'alert', projectId }, after)) {
        if (!change.viewer.scopes.has('READ')) continue;
        if ('gap' in change) yield change;
        else {
          const filter = { AND: [{ id: change.subjectId }, alertsWhere(projectId, where)] };
          if ((await context.app.db.alert.count({ where: filter })) > 0) yield change;
        }
      }
    },
    resolve: (change) => change,
  });
});

function alertsWhere(
  projectId: string,
  where: AlertFilterInput | null | undefined,
): Prisma.AlertWhereInput {
  const { states, triggers, severities, ruleId, subjectId } = where ?? {};
  return {
    projectId,
    ...(states ? { state: { in: states } } : {}),
    ...(triggers ? { trigger: { in: triggers } } : {}),
    ...(severities ? { severity: { in: severities } } : {}),
    ...(ruleId ? { ruleId } : {}),
    ...(subjectId ? { subjectId } : {}),
  };
}

function deliveriesWhere(
  projectId: string,
  where: DeliveryFilterInput | null | undefined,
): Prisma.DeliveryWhereInput {
  const { states, channelId, alertId } = where ?? {};
  return {
    projectId,
    ...(states ? { state: { in: states } } : {}),
    ...(channelId ? { channelId } : {}),
    ...(alertId ? { alertId } : {}),
  };
}
