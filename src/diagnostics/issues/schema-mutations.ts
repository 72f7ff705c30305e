import { builder } from '../../graphql/builder.ts';
import { parseUuid } from '../../graphql/input.ts';
import { Problem } from '../../graphql/problem.ts';
import { InvalidInputError, OperationReusedError } from '../../lib/errors.ts';
import { refuseUnstorable, refuseUnstorableInstant } from '../../lib/storable.ts';
import {
  ErrorIssueConflictError,
  ErrorIssueIdTakenError,
  ErrorIssueMergedError,
  ErrorIssueNotFoundError,
  ErrorIssueStateError,
} from './errors.ts';
import { mergeErrorIssues, splitErrorIssue } from './merge.ts';
import {
  ArchivedUntilType,
  ErrorIssueStateType,
  ErrorIssueType,
  ResolvedInType,
} from './schema.ts';
import {
  archiveErrorIssue,
  assignErrorIssue,
  reopenErrorIssue,
  resolveErrorIssue,
} from './service.ts';

builder.objectType(ErrorIssueNotFoundError, {
  name: 'ErrorIssueNotFound',
  description: 'There is no such issue of the project.',
  interfaces: [Problem],
});
builder.objectType(ErrorIssueConflictError, {
  name: 'ErrorIssueConflict',
  description: 'Somebody, or reports, changed the issue first.',
  interfaces: [Problem],
  fields: (t) => ({
    current: t.prismaField({
      type: 'ErrorIssue',
      description: 'The issue as it is now.',
      resolve: (query, { issueId }, _args, { app }) =>
        app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: issueId } }),
    }),
  }),
});
builder.objectType(ErrorIssueStateError, {
  name: 'ErrorIssueStateRefused',
  description: 'The issue is in a state in which this cannot be done.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: ErrorIssueStateType, description: 'Its state.' }),
  }),
});
builder.objectType(ErrorIssueMergedError, {
  name: 'ErrorIssueMerged',
  description: 'The issue’s reports belong to another one.',
  interfaces: [Problem],
  fields: (t) => ({
    mergedIntoId: t.exposeID('mergedIntoId', { description: 'Which one.' }),
  }),
});
builder.objectType(ErrorIssueIdTakenError, {
  name: 'ErrorIssueIdTaken',
  description: 'The id belongs to another issue.',
  interfaces: [Problem],
});

const operationId = 'UUID made for this change. A repeat of the change gives the same answer.';
const expectedVersion = 'Version the client last saw. Absent: change whatever is there.';

const ResolveErrorIssueInput = builder.inputType('ResolveErrorIssueInput', {
  description: 'An issue that is solved.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({ required: true, description: operationId }),
    expectedVersion: t.int({ description: expectedVersion }),
    in: t.field({ type: ResolvedInType, description: 'When. Default: NOW.' }),
    release: t.string({ description: 'Which one, with THIS_RELEASE. Absent: the newest known.' }),
  }),
});

const ArchiveErrorIssueInput = builder.inputType('ArchiveErrorIssueInput', {
  description: 'An issue to ignore.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({ required: true, description: operationId }),
    expectedVersion: t.int({ description: expectedVersion }),
    until: t.field({ type: ArchivedUntilType, description: 'Until what. Default: ESCALATION.' }),
    at: t.field({ type: 'DateTime', description: 'Until when, with TIME.' }),
    count: t.int({ description: 'For how many further reports, with COUNT.' }),
    users: t.int({ description: 'For how many further users, with USERS.' }),
  }),
});

const ReopenErrorIssueInput = builder.inputType('ReopenErrorIssueInput', {
  description: 'A resolved or archived issue to take up again.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({ required: true, description: operationId }),
    expectedVersion: t.int({ description: expectedVersion }),
    reason: t.string({ description: 'Why, in words; at most 500 characters are kept.' }),
  }),
});

const AssignErrorIssueInput = builder.inputType('AssignErrorIssueInput', {
  description: 'An issue and who looks after it.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({ required: true, description: operationId }),
    expectedVersion: t.int({ description: expectedVersion }),
    assigneeId: t.id({ description: 'A member of the project. `null`: nobody.' }),
  }),
});

const MergeErrorIssuesInput = builder.inputType('MergeErrorIssuesInput', {
  description: 'Issues that are one.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue that stays.' }),
    operationId: t.id({ required: true, description: operationId }),
    expectedVersion: t.int({ description: expectedVersion }),
    sourceIds: t.idList({ required: true, description: 'The others, at most 50.' }),
  }),
});

const SplitErrorIssueInput = builder.inputType('SplitErrorIssueInput', {
  description: 'An issue that is two.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({ required: true, description: operationId }),
    expectedVersion: t.int({ description: expectedVersion }),
    newIssueId: t.id({ required: true, description: 'UUID made by the client for the new issue.' }),
    fingerprintIds: t.idList({
      required: true,
      description: 'Its fingerprints that go to the new issue; one at least stays.',
    }),
  }),
});

type Change = { issueId: string; operationId: string; expectedVersion?: number | null };

function changeOf({ issueId, operationId: operation, expectedVersion: expected }: Change) {
  return {
    issueId: parseUuid(issueId, 'input.issueId'),
    operationId: parseUuid(operation, 'input.operationId'),
    expectedVersion: expected ?? null,
  };
}

const refusals = [
  InvalidInputError,
  ErrorIssueNotFoundError,
  ErrorIssueConflictError,
  ErrorIssueMergedError,
  OperationReusedError,
];

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'ADMIN' });
  return {
    resolveErrorIssue: t.prismaField({
      type: ErrorIssueType,
      description:
        'Says that an issue is solved. It comes back only in a newer release or, without releases, when it happens again.',
      args: {
        input: t.arg({ type: ResolveErrorIssueInput, required: true, description: 'Which.' }),
      },
      errors: { types: refusals },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        refuseUnstorable(input.release, 'input.release');
        const change = changeOf(input);
        await resolveErrorIssue(app, viewer, {
          ...change,
          in: input.in ?? 'NOW',
          release: input.release ?? null,
        });
        return app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: change.issueId } });
      },
    }),
    archiveErrorIssue: t.prismaField({
      type: ErrorIssueType,
      description: 'Ignores an issue until something ends its rest. It is still counted.',
      args: {
        input: t.arg({ type: ArchiveErrorIssueInput, required: true, description: 'Which.' }),
      },
      errors: { types: refusals },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        if (input.at) refuseUnstorableInstant(input.at, 'input.at');
        const change = changeOf(input);
        await archiveErrorIssue(app, viewer, {
          ...change,
          until: input.until ?? 'ESCALATION',
          at: input.at ?? null,
          count: input.count ?? null,
          users: input.users ?? null,
        });
        return app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: change.issueId } });
      },
    }),
    reopenErrorIssue: t.prismaField({
      type: ErrorIssueType,
      description: 'Takes a resolution or a rest back.',
      args: {
        input: t.arg({ type: ReopenErrorIssueInput, required: true, description: 'Which.' }),
      },
      errors: { types: [...refusals, ErrorIssueStateError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        refuseUnstorable(input.reason, 'input.reason');
        const change = changeOf(input);
        await reopenErrorIssue(app, viewer, { ...change, reason: input.reason ?? null });
        return app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: change.issueId } });
      },
    }),
    assignErrorIssue: t.prismaField({
      type: ErrorIssueType,
      description: 'Says who looks after an issue.',
      args: {
        input: t.arg({ type: AssignErrorIssueInput, required: true, description: 'Which.' }),
      },
      errors: { types: refusals },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const change = changeOf(input);
        const assigneeId = input.assigneeId
          ? parseUuid(input.assigneeId, 'input.assigneeId')
          : null;
        await assignErrorIssue(app, viewer, { ...change, assigneeId });
        return app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: change.issueId } });
      },
    }),
    mergeErrorIssues: t.prismaField({
      type: ErrorIssueType,
      description: 'Gives an issue the past and future reports of others.',
      args: {
        input: t.arg({ type: MergeErrorIssuesInput, required: true, description: 'Which.' }),
      },
      errors: { types: refusals },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const change = changeOf(input);
        await mergeErrorIssues(app, viewer, {
          ...change,
          sourceIds: input.sourceIds.map((id, index) => parseUuid(id, `input.sourceIds.${index}`)),
        });
        return app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: change.issueId } });
      },
    }),
    splitErrorIssue: t.prismaField({
      type: ErrorIssueType,
      description: 'Takes fingerprints out of an issue. Answers with the new one.',
      args: { input: t.arg({ type: SplitErrorIssueInput, required: true, description: 'Which.' }) },
      errors: { types: [...refusals, ErrorIssueIdTakenError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const newIssueId = parseUuid(input.newIssueId, 'input.newIssueId');
        await splitErrorIssue(app, viewer, {
          ...changeOf(input),
          newIssueId,
          fingerprintIds: input.fingerprintIds.map((id, index) =>
            parseUuid(id, `input.fingerprintIds.${index}`),
          ),
        });
        return app.db.errorIssue.findUniqueOrThrow({ ...query, where: { id: newIssueId } });
      },
    }),
  };
});
