import * as z from 'zod';
import { syncLimits } from '../../contract/sync.ts';
import { builder } from '../../graphql/builder.ts';
import { parseInput, parseUuid } from '../../graphql/input.ts';
import { Problem } from '../../graphql/problem.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { refuseUnstorable } from '../../lib/storable.ts';
import { setSyncAuthority } from './clients.ts';
import {
  SyncAuthorityUnknownError,
  SyncClientNotFoundError,
  SyncClientTakenError,
  SyncIssueChangedError,
  SyncIssueNotFoundError,
  SyncIssueStateError,
  SyncStrategyUnfitError,
  TooManySyncClientsError,
} from './errors.ts';
import { resolveSyncIssue, undoSyncResolution } from './resolve.ts';
import { SyncIssue, SyncIssueState, SyncStrategyType } from './schema.ts';
import { SyncClientType } from './schema-clients.ts';

for (const [type, name, description] of [
  [SyncClientNotFoundError, 'SyncClientNotFound', 'There is no such client with this token.'],
  [SyncClientTakenError, 'SyncClientTaken', 'The id is another client’s.'],
  [SyncAuthorityUnknownError, 'SyncAuthorityUnknown', 'It is not for this key to claim.'],
  [TooManySyncClientsError, 'TooManySyncClients', 'The project has as many clients as it may.'],
  [SyncIssueNotFoundError, 'SyncIssueNotFound', 'There is no such sync issue or instruction.'],
  [SyncStrategyUnfitError, 'SyncStrategyUnfit', 'The strategy needs what is not there.'],
] as const)
  builder.objectType(type, { name, description, interfaces: [Problem] });

builder.objectType(SyncIssueChangedError, {
  name: 'SyncIssueVersionConflict',
  description: 'Somebody else decided first.',
  interfaces: [Problem],
  fields: (t) => ({
    current: t.prismaField({
      type: SyncIssue,
      description: 'The issue as it is now.',
      resolve: (query, { issueId }, _args, { app }) =>
        app.db.syncIssue.findUniqueOrThrow({ ...query, where: { id: issueId } }),
    }),
  }),
});

builder.objectType(SyncIssueStateError, {
  name: 'SyncIssueNotInState',
  description: 'The issue’s state does not allow it.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: SyncIssueState, description: 'Its state.' }),
  }),
});

const ResolveInput = builder.inputType('ResolveSyncIssueInput', {
  description: 'A decision about a sync issue.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({
      required: true,
      description: 'Made by the caller, new for each decision; a repeat changes nothing.',
    }),
    expectedVersion: t.int({
      required: true,
      description: 'Version that was looked at: of two who decide at once, one wins.',
    }),
    strategy: t.field({ type: SyncStrategyType, required: true, description: 'How.' }),
    value: t.field({
      type: 'JSON',
      description: `For MANUAL: what both sides are to hold, at most ${syncLimits.copyChars} characters of JSON. Absent: the entity is frozen until somebody decides.`,
    }),
    reason: t.string({
      description: 'For REJECTED: what the client’s user is told, at most 1,024 characters.',
    }),
  }),
});

const UndoInput = builder.inputType('UndoSyncResolutionInput', {
  description: 'A resolution that is taken back.',
  fields: (t) => ({
    issueId: t.id({ required: true, description: 'The issue.' }),
    operationId: t.id({
      required: true,
      description: 'Made by the caller, new for each decision; a repeat changes nothing.',
    }),
    expectedVersion: t.int({ required: true, description: 'Version that was looked at.' }),
  }),
});

const SetAuthorityInput = builder.inputType('SetSyncAuthorityInput', {
  description: 'Which copy the others are compared with.',
  fields: (t) => ({
    clientId: t.id({ required: true, description: 'A client that has reported.' }),
    isAuthority: t.boolean({
      required: true,
      description: 'Whether the others are compared with it from now on.',
    }),
  }),
});

const decisionErrors = [
  InvalidInputError,
  SyncIssueNotFoundError,
  SyncIssueChangedError,
  SyncIssueStateError,
  SyncStrategyUnfitError,
];
const words = z.string().max(1_024).nullish();
const Value = z.unknown().refine((value) => sizeOf(value) <= syncLimits.copyChars, {
  message: `expected at most ${syncLimits.copyChars} characters of JSON`,
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'ADMIN' });
  return {
    resolveSyncIssue: t.prismaField({
      type: SyncIssue,
      description:
        'Resolves a sync issue: its clients fetch what they have to do, and the issue is closed when digests agree again.',
      args: {
        input: t.arg({ type: ResolveInput, required: true, description: 'The decision.' }),
      },
      errors: { types: decisionErrors },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const decision = parseDecision(input);
        const value = parseInput(Value, input.value, 'input.value');
        refuseUnstorable(value, 'input.value');
        const { strategy } = input;
        const reason = parseInput(words, input.reason, 'input.reason') ?? null;
        await resolveSyncIssue(app, viewer, { ...decision, strategy, value, reason });
        const where = { id: decision.issueId };
        return app.db.syncIssue.findUniqueOrThrow({ ...query, where });
      },
    }),
    setSyncAuthority: t.prismaField({
      type: SyncClientType,
      description:
        'Makes a client the one that others are compared with, or no longer. A repeat changes nothing.',
      args: { input: t.arg({ type: SetAuthorityInput, required: true, description: 'Which.' }) },
      errors: { types: [InvalidInputError, SyncClientNotFoundError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const clientId = parseUuid(input.clientId, 'input.clientId');
        const { isAuthority } = input;
        await setSyncAuthority(app, viewer.projectId, { clientId, isAuthority });
        return app.db.syncClient.findUniqueOrThrow({ ...query, where: { id: clientId } });
      },
    }),
    undoSyncResolution: t.prismaField({
      type: SyncIssue,
      description: 'Gives each side back what it held; the issue is open again when they have it.',
      args: { input: t.arg({ type: UndoInput, required: true, description: 'Which one.' }) },
      errors: { types: decisionErrors },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const decision = parseDecision(input);
        await undoSyncResolution(app, viewer, decision);
        const where = { id: decision.issueId };
        return app.db.syncIssue.findUniqueOrThrow({ ...query, where });
      },
    }),
  };
});

function parseDecision(input: { issueId: string; operationId: string; expectedVersion: number }) {
  return {
    issueId: parseUuid(input.issueId, 'input.issueId'),
    operationId: parseUuid(input.operationId, 'input.operationId'),
    expectedVersion: input.expectedVersion,
  };
}

function sizeOf(value: unknown): number {
  return (JSON.stringify(value) ?? '').length;
}
