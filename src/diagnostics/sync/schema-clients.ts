import { SyncTelemetry } from '../../contract/sync.ts';
import { builder } from '../../graphql/builder.ts';
import { ReportPlatformType } from '../schema-vocabulary.ts';
import { SyncWorst } from './clients.ts';

export const SyncHealthType = builder.enumType('SyncHealth', {
  description: 'How a client’s sync is.',
  values: {
    HEALTHY: { description: 'All is well.' },
    DEGRADED: {
      description:
        'It is slow: many attempts, a round trip over two seconds, missed pings, no peer left, or a store that is nearly full.',
    },
    STALLED: { description: 'Its queue stands still though it is online.' },
    CORRUPT: { description: 'The checksum of its local store fails.' },
    OFFLINE: { description: 'It said that it has no network.' },
  },
});

const SyncStallType = builder.enumType('SyncStall', {
  description: 'Why a queue stands still.',
  values: {
    HEAD_UNCHANGED: {
      description: 'Online, and its first operation is the same for five minutes.',
    },
    NO_ATTEMPT: { description: 'Online, and no attempt for twice its retry interval.' },
  },
});

const Socket = builder
  .objectRef<NonNullable<SyncTelemetry['socket']>>('SyncSocketHealth')
  .implement({
    description: 'How a client’s WebSocket is.',
    fields: (t) => ({
      roundTripMs: t.int({
        nullable: true,
        description: 'Of the last ping. `null` before the first.',
        resolve: ({ roundTripMs }) => roundTripMs ?? null,
      }),
      reconnects: t.exposeInt('reconnects', { description: 'Times that it was opened again.' }),
      missedPings: t.exposeInt('missedPings', {
        description: 'Pings without an answer, in a row.',
      }),
    }),
  });

const Peers = builder.objectRef<NonNullable<SyncTelemetry['peers']>>('SyncPeerHealth').implement({
  description: 'How a client’s connections to its peers are.',
  fields: (t) => ({
    connected: t.exposeInt('connected', { description: 'Peers that it is connected to.' }),
    failed: t.exposeInt('failed', { description: 'Peers that it could not be connected to.' }),
    roundTripMs: t.int({
      nullable: true,
      description: 'The longest of them. `null` when unknown.',
      resolve: ({ roundTripMs }) => roundTripMs ?? null,
    }),
  }),
});

const Telemetry = builder.objectRef<SyncTelemetry>('SyncTelemetry').implement({
  description: 'How a client’s queue, store and connections were at its latest sample.',
  fields: (t) => ({
    queueDepth: t.exposeInt('queueDepth', { description: 'Operations that wait to be sent.' }),
    queueBytes: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'Of them. `null` when it did not say.',
      resolve: ({ queueBytes }) => queueBytes ?? null,
    }),
    oldestAgeMs: t.int({
      nullable: true,
      description: 'Of the oldest of them, in milliseconds. `null` when nothing waits.',
      resolve: ({ oldestAgeMs }) => oldestAgeMs ?? null,
    }),
    headAttempts: t.exposeInt('headAttempts', {
      description: 'Attempts to send the first of them, in a row, without success.',
    }),
    lastError: t.string({
      nullable: true,
      description: 'Why the last attempt failed, redacted. `null` when it did not.',
      resolve: ({ lastError }) => lastError ?? null,
    }),
    restarts: t.exposeInt('restarts', { description: 'Of the client, since its store was made.' }),
    storedBytes: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'What it keeps on the device. `null` when it did not say.',
      resolve: ({ storedBytes }) => storedBytes ?? null,
    }),
    quotaBytes: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'What it may keep there. `null` when unknown.',
      resolve: ({ quotaBytes }) => quotaBytes ?? null,
    }),
    isStoreSound: t.boolean({
      nullable: true,
      description: 'Whether the checksum of its local store holds. `null` when it has none.',
      resolve: ({ isStoreSound }) => isStoreSound ?? null,
    }),
    socket: t.field({
      type: Socket,
      nullable: true,
      description: 'Its WebSocket. `null` when it has none.',
      resolve: ({ socket }) => socket ?? null,
    }),
    peers: t.field({
      type: Peers,
      nullable: true,
      description: 'Its peers. `null` when it has none.',
      resolve: ({ peers }) => peers ?? null,
    }),
  }),
});

const Worst = builder.objectRef<SyncWorst>('SyncWorst').implement({
  description: 'The worst of each number that a client told.',
  fields: (t) => ({
    queueDepth: t.exposeInt('queueDepth', { description: 'Operations that waited.' }),
    queueBytes: t.expose('queueBytes', { type: 'BigInt', description: 'Bytes that waited.' }),
    oldestAgeMs: t.exposeInt('oldestAgeMs', { description: 'Age of the oldest.' }),
    headAttempts: t.exposeInt('headAttempts', { description: 'Attempts in a row.' }),
    restarts: t.exposeInt('restarts', { description: 'Restarts.' }),
    storedBytes: t.expose('storedBytes', { type: 'BigInt', description: 'Bytes on the device.' }),
    roundTripMs: t.exposeInt('roundTripMs', { description: 'Round trip of the WebSocket.' }),
    reconnects: t.exposeInt('reconnects', { description: 'Reconnections.' }),
    missedPings: t.exposeInt('missedPings', { description: 'Pings missed in a row.' }),
    failedPeers: t.exposeInt('failedPeers', { description: 'Peers without a connection.' }),
  }),
});

export const SyncClientType = builder.prismaObject('SyncClient', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the client.' }),
    name: t.exposeString('name'),
    platform: t.expose('platform', {
      type: ReportPlatformType,
      description: 'Where it runs.',
    }),
    isAuthority: t.exposeBoolean('isAuthority'),
    health: t.expose('health', { type: SyncHealthType, description: 'How its sync is.' }),
    isOnline: t.exposeBoolean('isOnline'),
    sampledAt: t.expose('sampledAt', { type: 'DateTime' }),
    stall: t.expose('stall', { type: SyncStallType, nullable: true }),
    stalledAt: t.expose('stalledAt', { type: 'DateTime', nullable: true }),
    agreedAt: t.expose('agreedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it reported first.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it reported last.' }),
    telemetry: t.field({
      type: Telemetry,
      description: 'Its latest sample.',
      select: { latest: true },
      resolve: ({ latest }) => SyncTelemetry.parse(latest),
    }),
    worst: t.field({
      type: Worst,
      description: 'The worst of each number so far.',
      select: { worst: true },
      resolve: ({ worst }) => SyncWorst.parse(worst),
    }),
    sequences: t.relatedConnection(
      'sequences',
      {
        cursor: 'clientId_stream',
        description: 'Its sequences of operations, by name.',
        query: { orderBy: { stream: 'asc' } },
      },
      { name: 'SyncSequenceConnection', description: 'A page of sequences.' },
      { name: 'SyncSequenceEdge', description: 'An item of a page of sequences.' },
    ),
  }),
});

builder.prismaObject('SyncSequence', {
  fields: (t) => ({
    stream: t.exposeString('stream'),
    issued: t.exposeInt('issued', { nullable: true }),
    pendingFrom: t.exposeInt('pendingFrom', { nullable: true }),
    applied: t.exposeInt('applied'),
    waiting: t.exposeIntList('waiting'),
    progressedAt: t.expose('progressedAt', { type: 'DateTime' }),
  }),
});

const SyncClientFilter = builder.inputType('SyncClientFilter', {
  description: 'Which clients. What is absent does not restrict.',
  fields: (t) => ({
    health: t.field({ type: [SyncHealthType], description: 'In one of these states of health.' }),
    platforms: t.field({ type: [ReportPlatformType], description: 'On one of these platforms.' }),
    seenSince: t.field({ type: 'DateTime', description: 'That have reported since then.' }),
  }),
});

type Filter = typeof SyncClientFilter.$inferInput;

const clientWhere = (projectId: string, where: Filter | null | undefined) => ({
  projectId,
  ...(where?.health ? { health: { in: where.health } } : {}),
  ...(where?.platforms ? { platform: { in: where.platforms } } : {}),
  ...(where?.seenSince ? { lastSeenAt: { gte: where.seenSince } } : {}),
});

builder.queryField('syncClients', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.prismaConnection(
    {
      type: SyncClientType,
      cursor: 'id',
      description: 'Clients that tell how their sync is, newest first.',
      args: { where: t.arg({ type: SyncClientFilter, description: 'Which of them.' }) },
      totalCount: (_connection, { where }, { app, viewer }) =>
        app.db.syncClient.count({ where: clientWhere(viewer.projectId, where) }),
      resolve: (query, _root, { where }, { app, viewer }) =>
        app.db.syncClient.findMany({
          ...query,
          where: clientWhere(viewer.projectId, where),
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        }),
    },
    { name: 'SyncClientConnection', description: 'A page of sync clients.' },
    { name: 'SyncClientEdge', description: 'An item of a page of sync clients.' },
  );
});
