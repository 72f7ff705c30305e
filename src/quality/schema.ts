import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import {
  OperationReusedError,
  SessionNotFoundError,
  SessionStateError,
  VersionConflictError,
} from '../sessions/errors.ts';
import { Session } from '../sessions/schema.ts';
import { visibleTo } from '../sessions/visible.ts';
import { reviewSession } from './review.ts';

const IssueSeverity = builder.enumType('IssueSeverity', {
  description: 'How much an issue costs.',
  values: {
    HIGH: { description: 'It makes steps useless for training.' },
    MEDIUM: { description: 'It makes steps doubtful.' },
    LOW: { description: 'It costs a little.' },
  },
});

const QualityIssue = builder.prismaObject('QualityIssue', {
  fields: (t) => ({
    code: t.exposeString('code'),
    severity: t.expose('severity', { type: IssueSeverity, description: 'How much it costs.' }),
    message: t.exposeString('message'),
    advice: t.exposeString('advice'),
    sequences: t.exposeIntList('sequences'),
    count: t.exposeInt('count'),
  }),
});

const QualityReport = builder.prismaObject('QualityReport', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the report.' }),
    sessionId: t.exposeID('sessionId', { description: 'The session it judges.' }),
    score: t.exposeFloat('score'),
    completeness: t.exposeFloat('completeness'),
    reliability: t.exposeFloat('reliability'),
    accuracy: t.exposeFloat('accuracy'),
    rules: t.exposeInt('rules'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    issues: t.field({
      type: [QualityIssue],
      description: 'What lowered the scores, gravest first.',
      select: (_args, _context, nested) => ({ issues: nested() }),
      resolve: ({ issues }) => [...issues].sort((a, b) => gravity(a) - gravity(b)),
    }),
  }),
});

function gravity({
  severity,
  count,
}: {
  severity: 'HIGH' | 'MEDIUM' | 'LOW';
  count: number;
}): number {
  return ['HIGH', 'MEDIUM', 'LOW'].indexOf(severity) * 1e6 - count;
}

builder.prismaObjectField('Session', 'quality', (t) =>
  t.relation('quality', {
    nullable: true,
    description: 'How good it is for training; `null` until the stage SCORE is done.',
  }),
);

const QualityReportFilter = builder.inputType('QualityReportFilter', {
  description: 'Which reports. What is absent does not restrict.',
  fields: (t) => ({
    scoreFrom: t.float({ description: 'With at least this score, 0 to 1.' }),
    scoreBelow: t.float({ description: 'With a score below this, 0 to 1.' }),
    site: t.string({ description: 'Of sessions begun on this site.' }),
    issueCode: t.string({ description: 'With an issue of this code.' }),
  }),
});

builder.queryField('qualityReports', (fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'CAPTURE'] });
  return t.prismaConnection(
    {
      type: QualityReport,
      cursor: 'id',
      description: 'Quality reports of the sessions that the viewer may read, newest first.',
      args: { where: t.arg({ type: QualityReportFilter, description: 'Which of them.' }) },
      resolve: (query, _root, { where }, { app, viewer }) =>
        app.db.qualityReport.findMany({
          ...query,
          where: {
            projectId: viewer.projectId,
            session: { AND: [visibleTo(viewer), where?.site ? { site: where.site } : {}] },
            ...(where?.scoreFrom == null && where?.scoreBelow == null
              ? {}
              : {
                  score: {
                    ...(where.scoreFrom == null ? {} : { gte: where.scoreFrom }),
                    ...(where.scoreBelow == null ? {} : { lt: where.scoreBelow }),
                  },
                }),
            ...(where?.issueCode ? { issues: { some: { code: where.issueCode } } } : {}),
          },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        }),
    },
    { name: 'QualityReportConnection', description: 'A page of quality reports.' },
    { name: 'QualityReportEdge', description: 'An item of a page of quality reports.' },
  );
});

const ReviewVerdict = builder.enumType('ReviewVerdict', {
  description: 'What a person decides of a session.',
  values: {
    APPROVE: { description: 'It becomes training data.' },
    REJECT: { description: 'It does not.' },
  },
});

const ReviewSessionInput = builder.inputType('ReviewSessionInput', {
  description: 'A decision about a session.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    operationId: t.id({
      required: true,
      description: 'UUID made for this change. A repeat of the change gives the same answer.',
    }),
    expectedVersion: t.int({
      description: 'Version the client last saw. Absent: change whatever is there.',
    }),
    verdict: t.field({ type: ReviewVerdict, required: true, description: 'The decision.' }),
  }),
});

builder.mutationField('reviewSession', (fields) =>
  fields.withAuth({ scope: 'ADMIN' }).prismaField({
    type: Session,
    description: 'Approves or rejects a session that waits for a person.',
    args: {
      input: fields.arg({ type: ReviewSessionInput, required: true, description: 'The decision.' }),
    },
    errors: {
      types: [
        InvalidInputError,
        SessionNotFoundError,
        SessionStateError,
        VersionConflictError,
        OperationReusedError,
      ],
    },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const sessionId = parseUuid(input.sessionId, 'input.sessionId');
      const operationId = parseUuid(input.operationId, 'input.operationId');
      await reviewSession(app, viewer, { ...input, sessionId, operationId });
      return app.db.session.findUniqueOrThrow({ ...query, where: { id: sessionId } });
    },
  }),
);
