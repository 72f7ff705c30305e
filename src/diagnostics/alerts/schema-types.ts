import type {
  AlertState,
  AlertTrigger,
  ChannelKind,
  DeliveryKind,
  DeliveryState,
} from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { describe } from '../../graphql/describe.ts';
import { Problem } from '../../graphql/problem.ts';
import { ReportCategoryType, ReportSeverityType } from '../schema-vocabulary.ts';
import { ChannelAddressRefusedError, ChannelNotFoundError } from './errors.ts';
import { Tags } from './rule.ts';

const channelKinds: Record<ChannelKind, string> = {
  SLACK: 'An incoming webhook of Slack.',
  DISCORD: 'A webhook of Discord.',
  WEBHOOK: 'Any server that takes signed messages as Standard Webhooks defines them.',
};

const triggers: Record<AlertTrigger, string> = {
  ISSUE_NEW: 'An issue is seen for the first time.',
  ISSUE_REGRESSED: 'An issue that was resolved is back.',
  ISSUE_ESCALATING: 'An issue comes more often than its past says.',
  COUNT_OVER: 'More than `threshold` reports of an issue arrive in `windowSeconds`.',
  USERS_OVER: 'More than `threshold` different users met an issue within the window.',
  CHANGE_OVER:
    'An issue comes more often, by more than `threshold` percent, in `windowSeconds` than in the window before; that must hold 10 reports.',
  CONTRACT_BROKEN: 'A contract is not kept.',
  SYNC_DIVERGED: 'Two copies disagree, or the local store of a client is corrupt.',
  QUEUE_STALLED: 'A client’s queue stands still.',
  HEALTH: 'A dependency of the server went; its return ends the alert.',
  COST: 'Training has cost more than `threshold`, a share of the month’s budget from 0 to 1.',
  QUALITY: 'The mean score of the project’s last `sessions` sessions is below `threshold`, 0 to 1.',
};

const alertStates: Record<AlertState, string> = {
  OPEN: 'It goes on, as far as is known.',
  RESOLVED: 'It is over.',
};

const deliveryKinds: Record<DeliveryKind, string> = {
  ALERT: 'An alert.',
  FOLLOW_UP: 'That an alert is over.',
  DIGEST: 'Alerts over the cap of 10 in 5 minutes, with counts.',
  TEST: 'A try.',
};

const deliveryStates: Record<DeliveryState, string> = {
  PENDING: 'On its way, or waiting for the next attempt.',
  HELD: 'Over the cap: a digest tells of it.',
  SENT: 'The channel took it.',
  DEAD: 'It will not be sent: refused, or tried too often.',
};

export const ChannelKindType = builder.enumType('ChannelKind', {
  description: 'Who takes the messages.',
  values: describe(channelKinds),
});

export const AlertTriggerType = builder.enumType('AlertTrigger', {
  description: 'When a rule raises an alert.',
  values: describe(triggers),
});

export const AlertStateType = builder.enumType('AlertState', {
  description: 'Whether it is over.',
  values: describe(alertStates),
});

export const DeliveryKindType = builder.enumType('DeliveryKind', {
  description: 'What a message tells.',
  values: describe(deliveryKinds),
});

export const DeliveryStateType = builder.enumType('DeliveryState', {
  description: 'How far a message has come.',
  values: describe(deliveryStates),
});

export const ChannelType = builder.prismaObject('Channel', {
  description: 'Where alerts go. Its address and secret never come back.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the channel.' }),
    kind: t.expose('kind', { type: ChannelKindType, description: 'Who takes the messages.' }),
    name: t.exposeString('name'),
    hint: t.exposeString('hint'),
    isEnabled: t.exposeBoolean('enabled', { description: 'Whether anything is sent to it.' }),
    offReason: t.exposeString('offReason', { nullable: true }),
    pausedUntil: t.expose('pausedUntil', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it was changed last.',
    }),
  }),
});

const AlertTag = builder.objectRef<{ name: string; value: string }>('AlertTag').implement({
  description: 'A tag that a report must have.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the tag.' }),
    value: t.exposeString('value', { description: 'Its value, exact.' }),
  }),
});

export const AlertRuleType = builder.prismaObject('AlertRule', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the rule.' }),
    name: t.exposeString('name'),
    trigger: t.expose('trigger', {
      type: AlertTriggerType,
      description: 'When it raises an alert.',
    }),
    threshold: t.exposeFloat('threshold', { nullable: true }),
    windowSeconds: t.exposeInt('windowSeconds', { nullable: true }),
    sessions: t.exposeInt('sessions', { nullable: true }),
    minSeverity: t.expose('minSeverity', { type: ReportSeverityType, nullable: true }),
    categories: t.expose('categories', { type: [ReportCategoryType] }),
    sources: t.exposeStringList('sources'),
    tags: t.field({
      type: [AlertTag],
      description: 'Only reports with all these tags. Empty for any.',
      resolve: ({ tags }) => Tags.parse(tags),
    }),
    minAgeSeconds: t.exposeInt('minAgeSeconds', { nullable: true }),
    maxAgeSeconds: t.exposeInt('maxAgeSeconds', { nullable: true }),
    channelIds: t.exposeIDList('channelIds', { description: 'Ids of the channels that are told.' }),
    intervalSeconds: t.exposeInt('intervalSeconds'),
    isEnabled: t.exposeBoolean('enabled', { description: 'Whether it raises anything.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it was changed last.',
    }),
  }),
});

export const AlertType = builder.prismaObject('Alert', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the alert.' }),
    ruleId: t.exposeID('ruleId', { nullable: true }),
    ruleName: t.exposeString('ruleName'),
    trigger: t.expose('trigger', {
      type: AlertTriggerType,
      description: 'What the rule waits for.',
    }),
    state: t.expose('state', { type: AlertStateType, description: 'Whether it is over.' }),
    subjectId: t.exposeString('subjectId'),
    title: t.exposeString('title'),
    severity: t.expose('severity', { type: ReportSeverityType, description: 'How bad it is.' }),
    category: t.expose('category', { type: ReportCategoryType, nullable: true }),
    source: t.exposeString('source', { nullable: true }),
    correlationId: t.exposeString('correlationId', { nullable: true }),
    count: t.expose('count', { type: 'BigInt', nullable: true }),
    users: t.exposeInt('users', { nullable: true }),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime', nullable: true }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', nullable: true }),
    detail: t.expose('detail', { type: 'JSON' }),
    raisedAt: t.expose('raisedAt', { type: 'DateTime', description: 'When it was raised.' }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true }),
    deliveries: t.relatedConnection(
      'deliveries',
      {
        cursor: 'id',
        description: 'The messages that tell of it, newest first.',
        query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] },
      },
      { name: 'AlertDeliveryConnection', description: 'A page of the messages of an alert.' },
      {
        name: 'AlertDeliveryEdge',
        description: 'A place in the list of the messages of an alert.',
      },
    ),
  }),
});

export const DeliveryType = builder.prismaObject('Delivery', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the message; the `webhook-id` of a WEBHOOK.' }),
    kind: t.expose('kind', { type: DeliveryKindType, description: 'What it tells.' }),
    state: t.expose('state', { type: DeliveryStateType, description: 'How far it has come.' }),
    channel: t.relation('channel', { description: 'Where it goes.' }),
    alert: t.relation('alert', {
      nullable: true,
      description: 'The alert that it tells of. `null` for digests and tests.',
    }),
    digestId: t.exposeID('digestId', { nullable: true }),
    attempts: t.exposeInt('attempts'),
    lastStatus: t.exposeInt('lastStatus', { nullable: true }),
    lastAnswer: t.exposeString('lastAnswer', { nullable: true }),
    dueAt: t.expose('dueAt', { type: 'DateTime' }),
    sentAt: t.expose('sentAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
});

builder.objectType(ChannelNotFoundError, {
  name: 'ChannelNotFound',
  description: 'The project has no such channel.',
  interfaces: [Problem],
});

builder.objectType(ChannelAddressRefusedError, {
  name: 'ChannelAddressRefused',
  description: 'The channel is at an address that the server does not call.',
  interfaces: [Problem],
});
