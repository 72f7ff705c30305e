import type { SyncIssue } from '../../generated/prisma/client.ts';
import type {
  SyncInstructionKind,
  SyncSettled,
  SyncSide,
  SyncStrategy,
} from '../../generated/prisma/enums.ts';
import { mergeThreeWay } from '../../lib/sync/merge.ts';
import { joinVectors, nextVector, type VersionVector } from '../../lib/sync/vectors.ts';
import type { OpenCopy } from './copies.ts';
import { SyncStrategyUnfitError } from './errors.ts';
import { thisServer } from './issues.ts';

/** What one client is to do. */
export type Step = {
  clientId: string;
  kind: SyncInstructionKind;
  side: SyncSide | null;
  vector: VersionVector | null;
  expectedHash: string | null;
  operation: number | null;
  settlesAs: SyncSettled | null;
  reason: string | null;
};

export type Plan = {
  steps: Step[];
  /** What both hold afterwards, where that is not one of the copies. */
  result: { value: unknown; vector: VersionVector } | null;
  /** Another strategy than was asked for: a merge whose fields overlap is for a person. */
  strategy: SyncStrategy;
  /** JSON pointers of what overlaps. */
  overlaps: string[];
};

type Sides = { issue: SyncIssue; copies: Partial<Record<SyncSide, OpenCopy>> };

/**
 * What each side has to do for a strategy. Pure.
 *
 * With copies, the new version is on top of both: nobody takes it for a conflict again. Without, the client
 * is asked to exchange the items with its own other side.
 *
 * @param decided what a person wants both to hold, for MANUAL
 * @throws {SyncStrategyUnfitError}
 */
export function planOf(
  sides: Sides,
  strategy: SyncStrategy,
  { decided, reason }: { decided?: { value: unknown }; reason?: string | null } = {},
): Plan {
  const { issue, copies } = sides;
  const { LOCAL: local, REMOTE: remote, BASE: base } = copies;
  const plan = (steps: (Step | null)[], more: Partial<Plan> = {}): Plan => ({
    ...{ result: null, strategy, overlaps: [] },
    ...more,
    steps: steps.filter((step) => step !== null),
  });
  const isCrdt = (local ?? remote)?.format !== 'JSON' && (local ?? remote) !== undefined;
  switch (strategy) {
    case 'SERVER_WINS':
      if (isCrdt || !remote) return plan([source(sides, 'PULL', { settlesAs: 'SUPERSEDED' })]);
      return plan([
        source(sides, 'REPLACE', { side: 'REMOTE', settlesAs: 'SUPERSEDED' }),
        target(sides, 'REPLACE', { side: 'REMOTE' }),
      ]);
    case 'CLIENT_WINS':
      if (isCrdt || !local) return plan([source(sides, 'PUSH', { settlesAs: 'TAKEN' })]);
      return plan([
        source(sides, 'REPLACE', { side: 'LOCAL', settlesAs: 'TAKEN' }),
        target(sides, 'REPLACE', { side: 'LOCAL' }),
      ]);
    case 'MERGE': {
      if (!local || !remote)
        throw new SyncStrategyUnfitError(
          `Expected the copies of both sides for a merge, have ${[local && 'LOCAL', remote && 'REMOTE'].filter(Boolean).join(', ') || 'none'}.`,
        );
      if (isCrdt)
        return plan([
          source(sides, 'EXCHANGE', { side: 'REMOTE', settlesAs: 'TAKEN' }),
          target(sides, 'EXCHANGE', { side: 'LOCAL' }),
        ]);
      const { merged, overlaps } = mergeThreeWay(base?.value ?? null, local.value, remote.value);
      if (overlaps.length > 0)
        return plan([source(sides, 'FREEZE', {})], { strategy: 'MANUAL', overlaps });
      return plan(bothTake(sides), { result: { value: merged, vector: onTop(issue, copies) } });
    }
    case 'MANUAL':
      if (!decided) return plan([source(sides, 'FREEZE', {})]);
      if (isCrdt)
        throw new SyncStrategyUnfitError('Expected MERGE for a CRDT, a value cannot replace it.');
      return plan(bothTake(sides), { result: { ...decided, vector: onTop(issue, copies) } });
    case 'REJECTED': {
      const words = { settlesAs: 'DEAD' as const, reason: reason ?? 'The change was not taken.' };
      if (isCrdt || (!base && !remote)) return plan([source(sides, 'PULL', words)]);
      // Where the other side went on meanwhile, the base is gone: its copy is what there is.
      return plan([source(sides, 'REPLACE', { side: remote ? 'REMOTE' : 'BASE', ...words })]);
    }
  }
}

/** Gives each side back what it held. @throws {SyncStrategyUnfitError} it was not kept */
export function undoOf(
  { issue, copies }: Sides,
  given: { clientId: string; kind: SyncInstructionKind; side: SyncSide | null }[],
): Step[] {
  const frozen = given.every(({ kind }) => kind === 'FREEZE');
  if (frozen) return given.map(({ clientId }) => ({ ...nothing, clientId, kind: 'THAW' as const }));
  const irreversible = given.find(({ kind }) => kind !== 'REPLACE');
  if (irreversible)
    throw new SyncStrategyUnfitError(
      `Expected a resolution that gave copies, ${irreversible.kind} cannot be undone: what it replaced was not kept.`,
    );
  return given.flatMap(({ clientId, side }) => {
    const own = clientId === issue.sourceId ? copies.LOCAL : copies.REMOTE;
    const taken = side ? copies[side] : undefined;
    if (!own || !taken)
      throw new SyncStrategyUnfitError('Expected the copy that was replaced, it was not kept.');
    const step: Step = {
      ...{ ...nothing, clientId, kind: 'REPLACE', side: own.side, expectedHash: taken.hash },
      vector: nextVector(onTop(issue, copies), clientId),
    };
    return [step];
  });
}

const nothing = {
  side: null,
  vector: null,
  expectedHash: null,
  operation: null,
  settlesAs: null,
  reason: null,
};

function bothTake(sides: Sides): (Step | null)[] {
  return [
    source(sides, 'REPLACE', { side: 'RESULT', settlesAs: 'TAKEN' }),
    target(sides, 'REPLACE', { side: 'RESULT' }),
  ];
}

function source(
  { issue, copies }: Sides,
  kind: SyncInstructionKind,
  { side = null, settlesAs = null, reason = null }: Partial<Step>,
): Step | null {
  if (!issue.sourceId) return null;
  return {
    ...{ clientId: issue.sourceId, kind, side, settlesAs, reason },
    vector: kind === 'REPLACE' ? onTop(issue, copies) : null,
    expectedHash: kind === 'REPLACE' ? (copies.LOCAL?.hash ?? null) : null,
    operation: settlesAs ? issue.operation : null,
  };
}

function target(
  { issue, copies }: Sides,
  kind: SyncInstructionKind,
  { side = null }: Partial<Step>,
): Step | null {
  if (!issue.targetId || issue.targetId === thisServer) return null;
  return {
    ...{ ...nothing, clientId: issue.targetId, kind, side },
    vector: kind === 'REPLACE' ? onTop(issue, copies) : null,
    expectedHash: kind === 'REPLACE' ? (copies.REMOTE?.hash ?? null) : null,
  };
}

/** A version that has seen both, and this resolution; later ones of the issue are on top of it. */
function onTop(issue: SyncIssue, { LOCAL, REMOTE }: Sides['copies']): VersionVector {
  const resolution = { [`resolution-${issue.id}`]: issue.version + 1 };
  return joinVectors(joinVectors(LOCAL?.vector ?? {}, REMOTE?.vector ?? {}), resolution);
}
