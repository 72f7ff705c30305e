import * as z from 'zod';
import { SyncClientProof } from '../../contract/sync.ts';
import type { SyncInstructionState as State } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import type { Viewer } from '../../graphql/context.ts';
import { Gap } from '../../graphql/gap.ts';
import { parseInput, parseUuid } from '../../graphql/input.ts';
import { watch } from '../../graphql/watch.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { Instruction } from '../../lib/sync/client.ts';
import { clientOf } from './clients.ts';
import { SyncClientNotFoundError, SyncIssueNotFoundError } from './errors.ts';
import { acknowledgeSyncInstruction, waitingInstructions } from './instructions.ts';
import { SyncInstructionKind, SyncInstructionState } from './schema.ts';

const Outcome = z.enum(['DONE', 'CHANGED', 'FAILED']);
const words = z.string().max(1_024).nullish();
const clientArg = 'Who asks; only it gets its instructions.';

const ProofInput = builder.inputType('SyncClientProofInput', {
  description: 'That a client is the one that reported under its id.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Id of the client.' }),
    token: t.string({ required: true, description: 'The secret that it came with first.' }),
  }),
});

const AcknowledgeInput = builder.inputType('AcknowledgeSyncInstructionInput', {
  description: 'What became of an instruction.',
  fields: (t) => ({
    client: t.field({ type: ProofInput, required: true, description: 'Who carried it out.' }),
    id: t.id({ required: true, description: 'The instruction.' }),
    state: t.field({
      type: SyncInstructionState,
      required: true,
      description: 'DONE, CHANGED or FAILED.',
    }),
    detail: t.string({ description: 'In words, without content; at most 1,024 characters.' }),
  }),
});

const SettledType = builder.enumType('SyncSettled', {
  description: 'How an operation is settled.',
  values: {
    SUPERSEDED: { description: 'The other side’s copy stands in its place.' },
    TAKEN: { description: 'It is in what both hold.' },
    DEAD: { description: 'It was not taken; it is kept aside with the reason.' },
  },
});

const InstructionType = builder.objectRef<Instruction>('SyncInstruction').implement({
  description: 'What a resolution asks of a client. May be carried out again without harm.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the instruction.' }),
    kind: t.expose('kind', { type: SyncInstructionKind, description: 'What to do.' }),
    entityType: t.exposeString('entityType', { description: 'What kind of thing.' }),
    entityId: t.exposeString('entityId', { description: 'Which one.' }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'To hold, for REPLACE, `null` for something removed; for EXCHANGE the other’s CRDT state in base64.',
      resolve: ({ value }) => value,
    }),
    vector: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Version of the value, on top of both copies. `null` where there is none.',
      resolve: ({ vector }) => vector,
    }),
    expectedHash: t.exposeString('expectedHash', {
      nullable: true,
      description:
        'Hash of the copy that is replaced; another one is left alone. `null` takes whatever is there.',
    }),
    operation: t.exposeInt('operation', {
      nullable: true,
      description: 'The client’s operation that this settles. `null` for none.',
    }),
    settlesAs: t.expose('settlesAs', {
      type: SettledType,
      nullable: true,
      description: 'How. `null` for none.',
    }),
    keys: t.exposeStringList('keys', {
      description: 'Items that it is about; empty for the whole.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'For the client’s user, where an operation is dead. `null` otherwise.',
    }),
  }),
});

const Acknowledged = builder
  .objectRef<{ issueId: string; state: State }>('SyncAcknowledgement')
  .implement({
    description: 'What is known of an instruction now.',
    fields: (t) => ({
      issueId: t.exposeID('issueId', { description: 'The issue that it belongs to.' }),
      state: t.expose('state', { type: SyncInstructionState, description: 'What became of it.' }),
    }),
  });

type Waiting = { cursor: string; viewer: Viewer };

const InstructionsWaiting = builder.objectRef<Waiting>('SyncInstructionsWaiting').implement({
  description: 'Instructions wait for the client.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this event, as `after`.',
    }),
  }),
});

const InstructionsEvent = builder.unionType('SyncInstructionsEvent', {
  description: 'That there are instructions, or a gap: fetch them in both cases.',
  types: [InstructionsWaiting, Gap],
  resolveType: (event) => ('gap' in event ? Gap : InstructionsWaiting),
});

builder.queryField('syncInstructions', (fields) =>
  fields.withAuth({ scope: 'REPORT' }).field({
    type: [InstructionType],
    description:
      'What waits for a client, oldest first, at most 100: more come when these are acknowledged.',
    args: { client: fields.arg({ type: ProofInput, required: true, description: clientArg }) },
    resolve: (_root, { client }, { app, viewer }) =>
      waitingInstructions(app, viewer.projectId, parseInput(SyncClientProof, client, 'client')),
  }),
);

builder.subscriptionField('syncInstructionsWaiting', (fields) =>
  fields.withAuth({ scope: 'REPORT' }).field({
    type: InstructionsEvent,
    description: 'Says when there are instructions for a client.',
    args: {
      client: fields.arg({ type: ProofInput, required: true, description: clientArg }),
      after: fields.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { client, after }, context) {
      const { projectId } = context.viewer;
      const proof = parseInput(SyncClientProof, client, 'client');
      const { id } = await clientOf(context.app, projectId, proof);
      for await (const change of watch(
        context,
        { topic: 'instructions', projectId, subjectId: id },
        after,
      ))
        if (change.viewer.scopes.has('REPORT')) yield change;
    },
    resolve: (change) => change,
  }),
);

builder.mutationField('acknowledgeSyncInstruction', (fields) =>
  fields.withAuth({ scope: 'REPORT' }).field({
    type: Acknowledged,
    description: 'Tells what became of an instruction; a repeat changes nothing.',
    args: {
      input: fields.arg({
        type: AcknowledgeInput,
        required: true,
        description: 'What became of it.',
      }),
    },
    errors: { types: [InvalidInputError, SyncClientNotFoundError, SyncIssueNotFoundError] },
    resolve: (_root, { input }, { app, viewer }) =>
      acknowledgeSyncInstruction(app, viewer.projectId, {
        client: parseInput(SyncClientProof, input.client, 'input.client'),
        id: parseUuid(input.id, 'input.id'),
        outcome: {
          state: parseInput(Outcome, input.state, 'input.state'),
          detail: parseInput(words, input.detail, 'input.detail') ?? null,
        },
      }),
  }),
);
