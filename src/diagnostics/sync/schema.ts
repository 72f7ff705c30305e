import { syncIssueTypes, syncStrategies } from '../../contract/sync.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import { builder } from '../../graphql/builder.ts';
import { describe } from '../../graphql/describe.ts';
import { redactJson } from '../../privacy/redact.ts';
import { openCopy } from './copies.ts';
import { SyncClientType } from './schema-clients.ts';

const SyncIssueType = builder.enumType('SyncIssueType', {
  description: 'How two copies disagree.',
  values: describe(syncIssueTypes),
});

export { SyncIssueType };

const SyncIssueState = builder.enumType('SyncIssueState', {
  description: 'How far a sync issue is.',
  values: {
    OPEN: { description: 'Nobody has resolved it.' },
    RESOLVING: {
      description: 'Clients are to carry out the resolution, or a person is to decide.',
    },
    APPLIED: { description: 'Every client has; the next digest will tell.' },
    UNDOING: { description: 'Clients are to put back what they held.' },
    CLOSED: { description: 'Digests agree again.' },
  },
});

export { SyncIssueState };

export const SyncStrategyType = builder.enumType('SyncStrategy', {
  description: 'How a sync issue is resolved.',
  values: describe(syncStrategies),
});

const SyncSide = builder.enumType('SyncSide', {
  description: 'Whose copy it is.',
  values: {
    BASE: { description: 'What both began with.' },
    LOCAL: { description: 'The source’s.' },
    REMOTE: { description: 'The target’s.' },
    RESULT: { description: 'What the resolution made of both.' },
  },
});

type ShownCopy = {
  side: 'BASE' | 'LOCAL' | 'REMOTE' | 'RESULT';
  format: string;
  value: unknown;
  hash: string;
  vector: unknown;
  bytes: number;
};

const SyncCopy = builder.objectRef<ShownCopy>('SyncCopy').implement({
  description: 'What one side held when the issue was found, for a screen on which people decide.',
  fields: (t) => ({
    side: t.expose('side', { type: SyncSide, description: 'Whose copy.' }),
    format: t.exposeString('format', {
      description: '`JSON`, or the kind of CRDT whose state it is.',
    }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The content without personal data. `null` for something removed, and for the state of a CRDT, which nobody can read.',
      resolve: ({ value }) => value,
    }),
    hash: t.exposeString('hash', {
      description: 'Hash of the content as it is, 32 hexadecimal digits.',
    }),
    vector: t.field({
      type: 'JSON',
      description: 'Changes that the copy has seen, by replica.',
      resolve: ({ vector }) => vector,
    }),
    bytes: t.exposeInt('bytes', { description: 'Of its JSON.' }),
  }),
});

const SyncInstructionState = builder.enumType('SyncInstructionState', {
  description: 'What became of an instruction.',
  values: {
    WAITING: { description: 'The client has not answered.' },
    DONE: { description: 'It was carried out.' },
    CHANGED: { description: 'The copy was another one meanwhile, and was left alone.' },
    FAILED: { description: 'The client could not.' },
    CANCELLED: { description: 'It is no longer wanted.' },
  },
});

export { SyncInstructionState };

export const SyncInstructionKind = builder.enumType('SyncInstructionKind', {
  description: 'What a client is to do.',
  values: {
    REPLACE: { description: 'Hold the value, if its copy is still the one that was resolved.' },
    EXCHANGE: { description: 'Merge the other’s CRDT state, in base64.' },
    PULL: { description: 'Take the items anew from its own other side.' },
    PUSH: { description: 'Send the items anew to its own other side.' },
    FREEZE: { description: 'Send nothing of this entity until it is thawed; all else goes on.' },
    THAW: { description: 'Send what waits of this entity again.' },
  },
});

builder.prismaObject('SyncInstruction', {
  name: 'SyncTask',
  description: 'What a resolution asked of a client, and what became of it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the instruction.' }),
    client: t.relation('client', { description: 'Who is to carry it out.' }),
    kind: t.expose('kind', { type: SyncInstructionKind, description: 'What it is to do.' }),
    state: t.expose('state', {
      type: SyncInstructionState,
      description: 'What became of it.',
    }),
    detail: t.exposeString('detail', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was given.' }),
    answeredAt: t.expose('answeredAt', { type: 'DateTime', nullable: true }),
  }),
});

const SyncIssueAction = builder.enumType('SyncIssueAction', {
  description: 'What was done about a sync issue.',
  values: {
    OPENED: { description: 'It was found.' },
    REOPENED: {
      description: 'It was found again, or a client could not carry out the resolution.',
    },
    RESOLVED: { description: 'Somebody chose a strategy.' },
    ACKNOWLEDGED: { description: 'Every client carried it out.' },
    UNDONE: { description: 'Somebody took the resolution back.' },
    CLOSED: { description: 'Digests agree again.' },
  },
});

builder.prismaObject('SyncIssueChange', {
  name: 'SyncIssueHistoryEntry',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the entry.' }),
    version: t.exposeInt('version'),
    action: t.expose('action', { type: SyncIssueAction, description: 'What was done.' }),
    state: t.expose('state', { type: SyncIssueState, description: 'The state after it.' }),
    strategy: t.expose('strategy', { type: SyncStrategyType, nullable: true }),
    actorId: t.exposeString('actorId', { nullable: true }),
    detail: t.exposeString('detail', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
  }),
});

export const SyncIssue = builder.prismaObject('SyncIssue', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the issue.' }),
    type: t.expose('type', { type: SyncIssueType, description: 'How they disagree.' }),
    entityType: t.exposeString('entityType'),
    entityId: t.exposeString('entityId'),
    message: t.exposeString('message'),
    state: t.expose('state', { type: SyncIssueState, description: 'How far it is.' }),
    strategy: t.expose('strategy', { type: SyncStrategyType, nullable: true }),
    version: t.exposeInt('version'),
    source: t.relation('source', {
      nullable: true,
      description:
        'The client whose copy or operation it is about. `null` for none that takes part.',
    }),
    targetId: t.exposeString('targetId', { nullable: true }),
    operation: t.exposeInt('operation', { nullable: true }),
    keys: t.exposeStringList('keys'),
    seenCount: t.exposeInt('seenCount'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was seen first.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it was seen last.' }),
    appliedAt: t.expose('appliedAt', { type: 'DateTime', nullable: true }),
    closedAt: t.expose('closedAt', { type: 'DateTime', nullable: true }),
    copies: t.field({
      type: [SyncCopy],
      description: 'What each side held, as far as the clients told; at most four.',
      select: { id: true, generation: true, wrapped: true, copies: true },
      resolve: (issue, _args, { app }): ShownCopy[] =>
        issue.copies.map((row) => {
          const { side, format, value, hash, vector } = openCopy(app, issue, row);
          const shown = format === 'JSON' ? redactJson(value) : null;
          return { side, format, value: shown, hash, vector, bytes: row.bytes };
        }),
    }),
    tasks: t.relatedConnection(
      'instructions',
      {
        cursor: 'id',
        description: 'What was asked of clients, newest first.',
        query: { orderBy: { id: 'desc' } },
      },
      { name: 'SyncTaskConnection', description: 'A page of tasks of clients.' },
      { name: 'SyncTaskEdge', description: 'An item of a page of tasks of clients.' },
    ),
    history: t.relatedConnection(
      'changes',
      {
        cursor: 'id',
        description: 'What was done about it and by whom, newest first.',
        query: { orderBy: { id: 'desc' } },
      },
      { name: 'SyncIssueHistoryConnection', description: 'A page of the history of a sync issue.' },
      { name: 'SyncIssueHistoryEdge', description: 'An item of a page of the history.' },
    ),
  }),
});

export const SyncIssueFilter = builder.inputType('SyncIssueFilter', {
  description: 'Which issues. What is absent does not restrict.',
  fields: (t) => ({
    types: t.field({ type: [SyncIssueType], description: 'Of one of these types.' }),
    states: t.field({ type: [SyncIssueState], description: 'In one of these states.' }),
    clientId: t.id({ description: 'With this client on either side.' }),
    entityType: t.string({ description: 'About this kind of thing.' }),
    entityId: t.string({ description: 'About this thing.' }),
  }),
});

type Filter = typeof SyncIssueFilter.$inferInput;

export function issueWhere(
  projectId: string,
  where: Filter | null | undefined,
): Prisma.SyncIssueWhereInput {
  const { types, states, clientId, entityType, entityId } = where ?? {};
  return {
    projectId,
    ...(types ? { type: { in: types } } : {}),
    ...(states ? { state: { in: states } } : {}),
    ...(clientId ? { OR: [{ sourceId: clientId }, { targetId: clientId }] } : {}),
    ...(entityType ? { entityType } : {}),
    ...(entityId ? { entityId } : {}),
  };
}

builder.prismaObjectField(SyncClientType, 'openIssues', (t) =>
  t.relationCount('issues', {
    where: { state: { not: 'CLOSED' } },
    description: 'Issues about its copies or operations that are not closed.',
  }),
);

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    syncIssue: t.prismaField({
      type: SyncIssue,
      nullable: true,
      description: 'A sync issue of the project, or `null` when there is none with this id.',
      args: { id: t.arg.id({ required: true, description: 'Id of the issue.' }) },
      resolve: (query, _root, { id }, { app, viewer }) =>
        app.db.syncIssue.findFirst({ ...query, where: { id, projectId: viewer.projectId } }),
    }),
    syncIssues: t.prismaConnection(
      {
        type: SyncIssue,
        cursor: 'id',
        description: 'Disagreements between copies in the project, newest first.',
        args: { where: t.arg({ type: SyncIssueFilter, description: 'Which of them.' }) },
        totalCount: (_connection, { where }, { app, viewer }) =>
          app.db.syncIssue.count({ where: issueWhere(viewer.projectId, where) }),
        resolve: (query, _root, { where }, { app, viewer }) =>
          app.db.syncIssue.findMany({
            ...query,
            where: issueWhere(viewer.projectId, where),
            orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          }),
      },
      { name: 'SyncIssueConnection', description: 'A page of sync issues.' },
      { name: 'SyncIssueEdge', description: 'An item of a page of sync issues.' },
    ),
  };
});
