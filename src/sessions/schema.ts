import DataLoader from 'dataloader';
import { sessionKinds } from '../contract/vocabulary.ts';
import { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';
import { escapePattern } from '../graphql/input.ts';
import { Problem } from '../graphql/problem.ts';
import { readAcknowledged } from './acknowledged.ts';
import { countOf, pageOf, uuidSql } from './children.ts';
import {
  OperationReusedError,
  OverloadedError,
  SessionEndedError,
  SessionIdTakenError,
  SessionIncompleteError,
  SessionNotFoundError,
  SessionStateError,
  TooManySessionsError,
  VersionConflictError,
} from './errors.ts';
import { PageSnapshot, Screenshot, ScreenshotTrigger, UploadState } from './schema-images.ts';
import { Interaction, InteractionType } from './schema-interactions.ts';
import { visibleTo } from './visible.ts';

export const SessionKind = builder.enumType('SessionKind', {
  description: 'Who acted.',
  values: describe(sessionKinds),
});

const SessionState = builder.enumType('SessionState', {
  description: 'Where a session is on its way.',
  values: {
    ACTIVE: { description: 'It is being recorded.' },
    PAUSED: { description: 'Nothing is being recorded; a record that arrives resumes it.' },
    ENDED: { description: 'It is whole and waits for processing.' },
    PROCESSING: { description: 'A stage of processing has begun.' },
    READY: { description: 'Its training data is made.' },
    NEEDS_REVIEW: { description: 'Its quality is doubtful; a person must look.' },
    REJECTED: { description: 'Its quality is too low, or a person rejected it.' },
    FAILED: { description: 'A stage failed for good; it can be run again.' },
    ARCHIVED: { description: 'Its rows live in one compressed object.' },
    DISCARDED: { description: 'The participant removed it.' },
    ERASED: { description: 'Its key was destroyed and its data deleted.' },
  },
});

const SessionEventType = builder.prismaObject('SessionEvent', {
  name: 'SessionHistoryEntry',
  fields: (t) => ({
    state: t.expose('state', { type: SessionState }),
    version: t.exposeInt('version'),
    reason: t.exposeString('reason', { nullable: true }),
    at: t.expose('at', {
      type: 'DateTime',
      description: 'When it changed, by the server’s clock.',
    }),
  }),
});

const InteractionFilter = builder.inputType('InteractionFilter', {
  description: 'Which interactions. What is absent does not restrict.',
  fields: (t) => ({
    types: t.field({ type: [InteractionType], description: 'Of one of these types.' }),
    site: t.string({ description: 'On this site.' }),
    sequenceFrom: t.int({ description: 'From this sequence on.' }),
    sequenceTo: t.int({ description: 'Up to this sequence.' }),
    isDropped: t.boolean({ description: 'Only tombstones, or none of them.' }),
  }),
});

const ScreenshotFilter = builder.inputType('ScreenshotFilter', {
  description: 'Which screenshots. What is absent does not restrict.',
  fields: (t) => ({
    triggers: t.field({
      type: [ScreenshotTrigger],
      description: 'Taken for one of these reasons.',
    }),
    upload: t.field({ type: UploadState, description: 'With bytes in this state.' }),
    interactionSequence: t.int({ description: 'Belonging to this interaction.' }),
    burstId: t.id({ description: 'Of this burst.' }),
  }),
});

export const Session = builder.prismaObject('Session', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the recorder.' }),
    kind: t.expose('kind', { type: SessionKind, description: 'Who acted.' }),
    state: t.expose('state', { type: SessionState, description: 'Where it is on its way.' }),
    version: t.exposeInt('version'),
    task: t.exposeString('task', { nullable: true }),
    site: t.exposeString('site'),
    startUrl: t.exposeString('startUrl'),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true }),
    lastActivityAt: t.expose('lastActivityAt', { type: 'DateTime' }),
    lastSequence: t.exposeInt('lastSequence', { nullable: true }),
    hold: t.exposeBoolean('hold'),
    reason: t.exposeString('reason', { nullable: true }),
    client: t.expose('client', { type: 'JSON' }),
    dropped: t.expose('dropped', { type: 'JSON' }),
    participantId: t.exposeID('participantId', { nullable: true }),
    consent: t.relation('consent', {
      nullable: true,
      description: 'The consent it is recorded under. `null` when the client named none.',
    }),
    durationMs: t.int({
      nullable: true,
      description: 'From start to end, in milliseconds, at most 2³¹ − 1. `null` while it goes on.',
      select: { startedAt: true, endedAt: true },
      resolve: ({ startedAt, endedAt }) =>
        endedAt ? Math.min(endedAt.getTime() - startedAt.getTime(), 2 ** 31 - 1) : null,
    }),
    acknowledged: t.int({
      description:
        'Highest sequence up to which every interaction is stored; the client may forget these.',
      select: { id: true, lastSequence: true },
      resolve: async ({ id, lastSequence }, _args, context) =>
        lastSequence ?? onceFor(context, acknowledgedLoader).load(id),
    }),
    history: t.relation('events', {
      description: 'Changes of it, oldest first; the first 500.',
      query: { orderBy: { version: 'asc' }, take: 500 },
    }),
    interactions: t.prismaConnection(
      {
        type: 'Interaction',
        cursor: 'projectId_sessionId_sequence',
        description: 'What happened, by sequence.',
        args: { where: t.arg({ type: InteractionFilter, description: 'Which of them.' }) },
        totalCount: (session, { where }, context) =>
          countOf(context, interactionList, session, interactionFilters(where ?? {})),
        resolve: (query, session, { where }, context) => {
          const { take, skip, cursor, ...rest } = query;
          const filters = interactionFilters(where ?? {});
          return pageOf(context, interactionList, session, query, filters, (ids) =>
            context.app.db.interaction.findMany({ ...rest, where: ids }),
          );
        },
      },
      { name: 'InteractionConnection', description: 'A page of interactions.' },
      { name: 'InteractionEdge', description: 'An item of a page of interactions.' },
    ),
    screenshots: t.prismaConnection(
      {
        type: 'Screenshot',
        cursor: 'id',
        description: 'Pictures, by the time they were taken.',
        args: { where: t.arg({ type: ScreenshotFilter, description: 'Which of them.' }) },
        totalCount: (session, { where }, context) =>
          countOf(context, screenshotList, session, screenshotFilters(where ?? {})),
        resolve: (query, session, { where }, context) => {
          const { take, skip, cursor, ...rest } = query;
          const filters = screenshotFilters(where ?? {});
          return pageOf(context, screenshotList, session, query, filters, (ids) =>
            context.app.db.screenshot.findMany({ ...rest, where: ids }),
          );
        },
      },
      { name: 'ScreenshotConnection', description: 'A page of screenshots.' },
      { name: 'ScreenshotEdge', description: 'An item of a page of screenshots.' },
    ),
    snapshots: t.prismaConnection(
      {
        type: 'PageSnapshot',
        cursor: 'id',
        description: 'Page snapshots, by the time they were taken.',
        totalCount: (session, _args, context) => countOf(context, snapshotList, session),
        resolve: (query, session, _args, context) => {
          const { take, skip, cursor, ...rest } = query;
          return pageOf(context, snapshotList, session, query, [], (ids) =>
            context.app.db.pageSnapshot.findMany({ ...rest, where: ids }),
          );
        },
      },
      { name: 'PageSnapshotConnection', description: 'A page of page snapshots.' },
      { name: 'PageSnapshotEdge', description: 'An item of a page of page snapshots.' },
    ),
  }),
});

void SessionEventType;
void Interaction;
void Screenshot;
void PageSnapshot;

function acknowledgedLoader({ app, viewer }: Context): DataLoader<string, number> {
  return new DataLoader<string, number>(async (ids) => {
    const known = await readAcknowledged(app, viewer?.projectId ?? '', [...ids]);
    return ids.map((id) => known.get(id) ?? 0);
  });
}

const interactionList = { table: 'Interaction', order: ['sequence'] } as const;
const screenshotList = { table: 'Screenshot', order: ['capturedAt', 'id'] } as const;
const snapshotList = { table: 'PageSnapshot', order: ['capturedAt', 'id'] } as const;

type InteractionWhere = {
  [K in keyof typeof InteractionFilter.$inferInput]: (typeof InteractionFilter.$inferInput)[K];
};

function interactionFilters(where: InteractionWhere): Prisma.Sql[] {
  const { types, site, sequenceFrom, sequenceTo, isDropped } = where;
  return [
    ...(types ? [Prisma.sql`t."type" = ANY(${types}::"InteractionType"[])`] : []),
    ...(site ? [Prisma.sql`t."site" = ${site}`] : []),
    ...(sequenceFrom == null ? [] : [Prisma.sql`t."sequence" >= ${sequenceFrom}`]),
    ...(sequenceTo == null ? [] : [Prisma.sql`t."sequence" <= ${sequenceTo}`]),
    ...(isDropped == null ? [] : [Prisma.sql`(t."dropped" IS NOT NULL) = ${isDropped}`]),
  ];
}

type ScreenshotWhere = {
  [K in keyof typeof ScreenshotFilter.$inferInput]: (typeof ScreenshotFilter.$inferInput)[K];
};

function screenshotFilters(where: ScreenshotWhere): Prisma.Sql[] {
  const { triggers, upload, interactionSequence, burstId } = where;
  return [
    ...(triggers ? [Prisma.sql`t."trigger" = ANY(${triggers}::"ScreenshotTrigger"[])`] : []),
    ...(upload ? [Prisma.sql`t."upload" = ${upload}::"UploadState"`] : []),
    ...(interactionSequence == null
      ? []
      : [Prisma.sql`t."interactionSequence" = ${interactionSequence}`]),
    ...(burstId ? [Prisma.sql`t."burstId" = ${uuidSql(burstId)}`] : []),
  ];
}

// ── Refusals ──────────────────────────────────────────────────────────────────────────────────────

builder.objectType(SessionNotFoundError, {
  name: 'SessionNotFound',
  description: 'There is no session of the viewer with this id.',
  interfaces: [Problem],
});
builder.objectType(SessionEndedError, {
  name: 'SessionEnded',
  description: 'The session takes nothing more.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: SessionState, description: 'The state it is in.' }),
  }),
});
builder.objectType(SessionStateError, {
  name: 'SessionStateMismatch',
  description: 'The change does not fit the state of the session.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: SessionState, description: 'The state it is in.' }),
  }),
});
builder.objectType(VersionConflictError, {
  name: 'VersionConflict',
  description: 'Somebody else changed the session first; nothing was changed.',
  interfaces: [Problem],
  fields: (t) => ({
    current: t.prismaField({
      type: 'Session',
      description: 'The session as it is now.',
      resolve: (query, { sessionId }, _args, { app }) =>
        app.db.session.findUniqueOrThrow({ ...query, where: { id: sessionId } }),
    }),
  }),
});
builder.objectType(OperationReusedError, {
  name: 'OperationReused',
  description: 'The `operationId` was used for another change.',
  interfaces: [Problem],
});
builder.objectType(SessionIncompleteError, {
  name: 'SessionIncomplete',
  description:
    'Something that was captured has not arrived; the session goes on. Lists hold at most 1,000 each.',
  interfaces: [Problem],
  fields: (t) => ({
    missingSequences: t.exposeIntList('missingSequences', {
      description: 'Interactions that are not stored.',
    }),
    missingScreenshots: t.idList({
      description: 'Screenshots whose bytes are not stored.',
      resolve: ({ missingUploads }) => missingUploads.SCREENSHOT,
    }),
    missingSnapshots: t.idList({
      description: 'Snapshots whose bytes are not stored.',
      resolve: ({ missingUploads }) => missingUploads.SNAPSHOT,
    }),
    missingAudioClips: t.idList({
      description: 'Audio clips whose bytes are not stored.',
      resolve: ({ missingUploads }) => missingUploads.AUDIO_CLIP,
    }),
  }),
});
builder.objectType(SessionIdTakenError, {
  name: 'SessionIdTaken',
  description: 'The id belongs to somebody else’s session.',
  interfaces: [Problem],
});
builder.objectType(TooManySessionsError, {
  name: 'TooManySessions',
  description:
    'Too many sessions of the participant are active now. Go on recording and start again later.',
  interfaces: [Problem],
  fields: (t) => ({
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      description: 'Seconds to wait before the next try.',
    }),
  }),
});
builder.objectType(OverloadedError, {
  name: 'Overloaded',
  description: 'The server has more work than it can take now; nothing was stored.',
  interfaces: [Problem],
  fields: (t) => ({
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      description: 'Seconds to wait before the next try.',
    }),
  }),
});

// ── Queries ───────────────────────────────────────────────────────────────────────────────────────

export const SessionFilter = builder.inputType('SessionFilter', {
  description: 'Which sessions. What is absent does not restrict.',
  fields: (t) => ({
    states: t.field({ type: [SessionState], description: 'In one of these states.' }),
    kinds: t.field({ type: [SessionKind], description: 'Of one of these kinds.' }),
    site: t.string({ description: 'Begun on this site.' }),
    participantId: t.id({ description: 'Recorded by this participant.' }),
    startedFrom: t.field({ type: 'DateTime', description: 'Started at this instant or later.' }),
    startedBefore: t.field({ type: 'DateTime', description: 'Started before this instant.' }),
    taskContains: t.string({ description: 'With this text in the task, whatever its case.' }),
  }),
});

const SessionOrder = builder.enumType('SessionOrder', {
  description: 'Order of sessions.',
  values: {
    STARTED_AT_DESC: { description: 'Newest first.' },
    STARTED_AT_ASC: { description: 'Oldest first.' },
  },
});

export function sessionWhere(
  where: typeof SessionFilter.$inferInput | null | undefined,
): Prisma.SessionWhereInput {
  if (!where) return {};
  const { states, kinds, site, participantId, startedFrom, startedBefore, taskContains } = where;
  return {
    ...(states ? { state: { in: states } } : {}),
    ...(kinds ? { kind: { in: kinds } } : {}),
    ...(site ? { site } : {}),
    ...(participantId ? { participantId } : {}),
    ...(taskContains
      ? { task: { contains: escapePattern(taskContains), mode: 'insensitive' } }
      : {}),
    ...(startedFrom || startedBefore
      ? {
          startedAt: {
            ...(startedFrom ? { gte: startedFrom } : {}),
            ...(startedBefore ? { lt: startedBefore } : {}),
          },
        }
      : {}),
  };
}

builder.queryFields((fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'CAPTURE'] });
  return {
    session: t.prismaField({
      type: 'Session',
      nullable: true,
      description: 'A session that the viewer may read, or `null` when there is none with this id.',
      args: { id: t.arg.id({ required: true, description: 'Id of the session.' }) },
      resolve: (query, _root, { id }, { app, viewer }) =>
        app.db.session.findFirst({ ...query, where: { AND: [{ id }, visibleTo(viewer)] } }),
    }),
    sessions: t.prismaConnection(
      {
        type: 'Session',
        cursor: 'id',
        description: 'Sessions that the viewer may read.',
        args: {
          where: t.arg({ type: SessionFilter, description: 'Which of them.' }),
          orderBy: t.arg({
            type: SessionOrder,
            defaultValue: 'STARTED_AT_DESC',
            description: 'In which order.',
          }),
        },
        totalCount: (_root, { where }, { app, viewer }) =>
          app.db.session.count({ where: { AND: [sessionWhere(where), visibleTo(viewer)] } }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) => {
          const direction = orderBy === 'STARTED_AT_ASC' ? 'asc' : 'desc';
          return app.db.session.findMany({
            ...query,
            where: { AND: [sessionWhere(where), visibleTo(viewer)] },
            orderBy: [{ startedAt: direction }, { id: direction }],
          });
        },
      },
      { name: 'SessionConnection', description: 'A page of sessions.' },
      { name: 'SessionEdge', description: 'An item of a page of sessions.' },
    ),
  };
});
