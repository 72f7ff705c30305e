import { contentHash } from './digest.ts';
import type { VersionVector } from './vectors.ts';

/** Something that both sides hold a copy of. */
export type Entity = { entityType: string; entityId: string };

/** A copy. The value `null` is that of something that was removed. */
export type Copy = { value: unknown; vector: VersionVector };

/** What a resolution asks of one client. */
export type Instruction = Entity & {
  id: string;
  kind: InstructionKind;
  /** To hold from then on, for `REPLACE`; for `EXCHANGE` the other's CRDT state in base64. */
  value: unknown;
  /** Of the value; a new version on top of both copies. */
  vector: VersionVector | null;
  /** Of the copy that is to be replaced: another one is left alone. `null` takes whatever is there. */
  expectedHash: string | null;
  /** The client's operation that this settles, and how. `null` for none. */
  operation: number | null;
  settlesAs: Settled | null;
  /** Items of the entity that it is about; empty for the whole. */
  keys: string[];
  /** For the client's user, where an operation is dead. */
  reason: string | null;
};

/** `SUPERSEDED` by the other side's copy, `TAKEN` into what both hold, or `DEAD`: not taken, with a reason. */
export type Settled = 'SUPERSEDED' | 'TAKEN' | 'DEAD';

export type InstructionKind =
  /** Hold the value. */
  | 'REPLACE'
  /** Merge the other's CRDT state. */
  | 'EXCHANGE'
  /** Take the items from the other side anew. */
  | 'PULL'
  /** Send the items to the other side anew. */
  | 'PUSH'
  /** Send nothing of this entity until it is thawed; all else goes on. */
  | 'FREEZE'
  | 'THAW';

/** What became of it. `CHANGED`: the copy is not the one that was resolved, and was left alone. */
export type InstructionOutcome = { state: 'DONE' | 'CHANGED' | 'FAILED'; detail: string | null };

/** The client's side, as narrow as the executor needs it. Every call may be repeated. */
export type SyncStore = {
  read(entity: Entity): Promise<Copy>;
  /**
   * Replaces the copy if it is still the one with this hash, as one step. `null` takes whatever is there.
   * @returns whether it did
   */
  replace(entity: Entity, copy: Copy, expectedHash: string | null): Promise<boolean>;
  /**
   * Takes the operation out of the queue; a dead one is kept aside with the reason.
   * @returns whether it was there
   */
  settle(
    entity: Entity,
    operation: number,
    outcome: { state: Settled; reason: string | null },
  ): Promise<boolean>;
  freeze(entity: Entity): Promise<void>;
  thaw(entity: Entity): Promise<void>;
  /** From or to the client's own other side. */
  pull(entity: Entity, keys: string[]): Promise<void>;
  push(entity: Entity, keys: string[]): Promise<void>;
  /** Merges a state of the entity's CRDT. */
  exchange(entity: Entity, state: string): Promise<void>;
  /** Tells the user that their change was not taken. */
  tell(entity: Entity, reason: string): Promise<void>;
};

/** What the executor asks of the server. */
export type Instructor = {
  /** What waits for this client, oldest first. */
  instructions(): Promise<Instruction[]>;
  acknowledge(id: string, outcome: InstructionOutcome): Promise<void>;
};

/** Carries out what waits, one after the other. What was done and not acknowledged is done once. @returns how many */
export async function carryOutAll(
  instructor: Instructor,
  store: SyncStore,
  signal?: AbortSignal,
): Promise<number> {
  const waiting = await instructor.instructions();
  for (const instruction of waiting) {
    signal?.throwIfAborted();
    await instructor.acknowledge(instruction.id, await attempt(store, instruction));
  }
  return waiting.length;
}

async function attempt(store: SyncStore, instruction: Instruction): Promise<InstructionOutcome> {
  try {
    return await carryOut(store, instruction);
  } catch (error) {
    return { state: 'FAILED', detail: error instanceof Error ? error.name : 'Error' };
  }
}

/** Carries out one instruction. A repeat finds its work done and changes nothing. */
export async function carryOut(
  store: SyncStore,
  instruction: Instruction,
): Promise<InstructionOutcome> {
  const { kind, keys, entityType, entityId } = instruction;
  const entity = { entityType, entityId };
  switch (kind) {
    case 'FREEZE':
      await store.freeze(entity);
      return done;
    case 'THAW':
      await store.thaw(entity);
      return done;
    case 'PULL':
      await store.pull(entity, keys);
      break;
    case 'PUSH':
      await store.push(entity, keys);
      break;
    case 'EXCHANGE':
      await store.exchange(entity, String(instruction.value));
      break;
    case 'REPLACE':
      if (!(await hold(store, entity, instruction)))
        return { state: 'CHANGED', detail: 'The copy was changed after it was resolved.' };
  }
  await settle(store, entity, instruction);
  await store.thaw(entity);
  return done;
}

const done: InstructionOutcome = { state: 'DONE', detail: null };

async function hold(
  store: SyncStore,
  entity: Entity,
  { value, vector, expectedHash }: Instruction,
): Promise<boolean> {
  const current = await store.read(entity);
  const copy = { value, vector: vector ?? current.vector };
  const isHeld =
    contentHash(current.value) === contentHash(value) &&
    contentHash(current.vector) === contentHash(copy.vector);
  return isHeld || store.replace(entity, copy, expectedHash);
}

async function settle(
  store: SyncStore,
  entity: Entity,
  { operation, settlesAs, reason }: Instruction,
): Promise<void> {
  if (operation === null || settlesAs === null) return;
  const wasThere = await store.settle(entity, operation, { state: settlesAs, reason });
  if (settlesAs === 'DEAD' && wasThere)
    await store.tell(entity, reason ?? 'The change was not taken.');
}
