import type { Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import type {
  Copy,
  Entity,
  Instruction,
  InstructionOutcome,
  Instructor,
  Settled,
  SyncStore,
} from '../src/lib/sync/client.ts';
import { contentHash, type SyncItem, sumText } from '../src/lib/sync/digest.ts';
import { type DigestTree, digestTree, tellOf } from '../src/lib/sync/tree.ts';
import type { App } from '../src/platform/app.ts';
import { ask } from './app.ts';

const REPORT = `mutation ($input: ReportSyncStateInput!) { reportSyncState(input: $input) {
  __typename ... on Problem { code message } ... on InvalidInput { field }
  ... on SyncReceipt { clientId health instructions issues
    digests { entityType entityId state descend issueId } versions { entityId state issueId }
    sequences { stream state sequences } } } }`;
const INSTRUCTIONS = `query ($client: SyncClientProofInput!) { syncInstructions(client: $client) {
  id kind entityType entityId value vector expectedHash operation settlesAs keys reason } }`;
const ACKNOWLEDGE = `mutation ($input: AcknowledgeSyncInstructionInput!) { acknowledgeSyncInstruction(input: $input) {
  __typename ... on Problem { code } ... on SyncAcknowledgement { state } } }`;

export type Receipt = {
  __typename: string;
  code?: string;
  field?: string;
  health: string;
  instructions: number;
  issues: (string | null)[];
  digests: { entityId: string; state: string; descend: string[]; issueId: string | null }[];
  versions: { entityId: string; state: string; issueId: string | null }[];
  sequences: { stream: string; state: string; sequences: number[] }[];
};

/** A client of another platform: it reports, and does what it is told, over GraphQL. */
export function makeClient(
  app: App,
  viewer: Viewer,
  { name = 'Notes', isAuthority = false }: { name?: string; isAuthority?: boolean } = {},
) {
  const proof = { id: newId(), token: `${newId()}${newId()}` };
  const client = { ...proof, name, isAuthority, platform: isAuthority ? 'SERVER' : 'PWA' };
  // Not any key may say that the others are compared with it.
  const asking = isAuthority
    ? { ...viewer, scopes: new Set([...viewer.scopes, 'ADMIN' as const]) }
    : viewer;
  const report = async (input: object): Promise<Receipt> => {
    const whole = { reportId: newId(), client, sampledAt: new Date().toISOString(), ...input };
    const answer = await ask<{ reportSyncState: Receipt }>(app, asking, REPORT, { input: whole });
    return answer.reportSyncState;
  };
  const instructor: Instructor = {
    async instructions() {
      const answer = await ask<{ syncInstructions: Instruction[] }>(app, viewer, INSTRUCTIONS, {
        client: proof,
      });
      return answer.syncInstructions;
    },
    async acknowledge(id: string, outcome: InstructionOutcome) {
      await ask(app, viewer, ACKNOWLEDGE, { input: { client: proof, id, ...outcome } });
    },
  };
  return {
    ...proof,
    proof,
    client,
    report,
    instructor,
    /** Tells the digest of items at a checkpoint, and more of it as long as it is asked. */
    async compare(
      checkpoint: string,
      items: SyncItem[],
      more: { entityId?: string; isUploadQueueEmpty?: boolean } = {},
    ): Promise<Receipt & { rounds: number }> {
      const tree = digestTree(items);
      const takenAt = new Date().toISOString();
      const entity = { entityType: 'Note', entityId: more.entityId ?? '' };
      const shared = { checkpoint, takenAt, isUploadQueueEmpty: more.isUploadQueueEmpty ?? true };
      let receipt = await report({ ...shared, digests: [{ ...entity, ...wireOf(tree) }] });
      let rounds = 0;
      for (; (receipt.digests[0]?.descend.length ?? 0) > 0 && rounds < 10; rounds += 1) {
        const told = wireOf(tree, receipt.digests[0]?.descend);
        receipt = await report({ ...shared, digests: [{ ...entity, ...told }] });
      }
      return { ...receipt, rounds };
    },
  };
}

function wireOf(tree: DigestTree, paths: string[] = []) {
  const { nodes, leaves } = tellOf(tree, paths);
  return {
    count: tree.root.count,
    sum: sumText(tree.root),
    nodes: nodes.map((node) => ({ path: node.path, count: node.count, sum: sumText(node) })),
    leaves,
  };
}

/** A store in memory with a queue of operations, as an app of another platform would have it. */
export function makeStore() {
  const copies = new Map<string, Copy>();
  const frozen = new Set<string>();
  const queue = new Map<number, string>();
  const settled: { operation: number; state: Settled; reason: string | null }[] = [];
  const told: string[] = [];
  const moved: string[] = [];
  const nameOf = ({ entityType, entityId }: Entity) => `${entityType}/${entityId}`;
  const read = (entity: Entity): Copy =>
    structuredClone(copies.get(nameOf(entity)) ?? { value: null, vector: {} });
  const store: SyncStore = {
    read: async (entity) => read(entity),
    async replace(entity, copy, expectedHash) {
      if (expectedHash !== null && contentHash(read(entity).value) !== expectedHash) return false;
      copies.set(nameOf(entity), structuredClone(copy));
      return true;
    },
    async settle(_entity, operation, outcome) {
      const wasThere = queue.delete(operation);
      if (wasThere) settled.push({ operation, ...outcome });
      return wasThere;
    },
    freeze: async (entity) => void frozen.add(nameOf(entity)),
    thaw: async (entity) => void frozen.delete(nameOf(entity)),
    pull: async (entity, keys) => void moved.push(`pull ${nameOf(entity)} ${keys.join()}`),
    push: async (entity, keys) => void moved.push(`push ${nameOf(entity)} ${keys.join()}`),
    exchange: async (entity, state) => void moved.push(`exchange ${nameOf(entity)} ${state}`),
    tell: async (_entity, reason) => void told.push(reason),
  };
  return { store, copies, frozen, queue, settled, told, moved, read };
}

/** What a client tells of a version of a note. */
export function versionOf(entityId: string, { value, vector }: Copy) {
  return { entityType: 'Note', entityId, vector, hash: contentHash(value) };
}

export function notes(count: number): SyncItem[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `note-${index}`,
    value: { text: `text ${index}` },
  }));
}
