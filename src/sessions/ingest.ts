import { limits } from '../contract/limits.ts';
import { openIssue } from '../diagnostics/sync/issues.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { sameBytes } from '../platform/keys.ts';
import { type Acknowledgements, makeAcknowledgements } from './acknowledged.ts';
import { SessionEndedError, SessionNotFoundError } from './errors.ts';
import { resumeIdleSession, touchSession } from './idle.ts';
import { refuseWhenOverloaded } from './overload.ts';
import {
  type IncomingInteraction,
  type IncomingTombstone,
  type PreparedRow,
  prepareInteraction,
  prepareTombstone,
  type Rejection,
} from './prepare.ts';
import { openSessionFor } from './session-keys.ts';
import { makeWriter, type Writer } from './writer.ts';

/** What became of the items of one call. */
export type IngestReceipt = {
  sessionId: string;
  /** Highest sequence up to which every interaction is stored; the client may forget these. */
  acknowledged: number;
  /** Items that were new. */
  stored: number;
  /** Items that were there already, with the same body. */
  repeated: number;
  /** Sequences under which another body was there already; the first one stays. */
  conflicting: number[];
  rejected: Rejection[];
};

type Desk = { writer: Writer; acknowledgements: Acknowledgements };

const desks = new WeakMap<App['sql'], Desk>();

/** The process's writer and what it knows to be stored. */
export function deskOf(app: App): Desk {
  let desk = desks.get(app.sql);
  if (!desk) {
    desk = { writer: makeWriter(app), acknowledgements: makeAcknowledgements(app) };
    desks.set(app.sql, desk);
  }
  return desk;
}

/**
 * Stores interactions, each exactly once, whatever the order and however often they are sent. Resolves
 * after the commit. Items are refused singly; the others of the call are stored.
 *
 * @throws {InvalidInputError} more items than fit into one call
 * @throws {SessionNotFoundError}
 * @throws {SessionEndedError}
 * @throws {OverloadedError} nothing was stored
 */
export async function recordInteractions(
  app: App,
  viewer: Viewer,
  {
    sessionId,
    interactions,
    tombstones,
  }: {
    sessionId: string;
    interactions: IncomingInteraction[];
    tombstones: IncomingTombstone[];
  },
): Promise<IngestReceipt> {
  const count = interactions.length + tombstones.length;
  if (count > limits.interactionsPerCall)
    throw new InvalidInputError(
      'interactions',
      `Expected at most ${limits.interactionsPerCall} interactions and tombstones in one call, got ${count}.`,
    );
  const { writer, acknowledgements } = deskOf(app);
  const note = (outcome: string, items: number) => {
    if (items > 0) app.metrics.interactions.inc({ outcome }, items);
  };
  refuseWhenOverloaded(app, {
    waitingRows: writer.waiting(),
    waitedMs: writer.waitedMs(),
    isNewSession: false,
  });
  const { projectId, key } = await openSessionFor(app, viewer, sessionId);

  const begun = performance.now();
  const rows: PreparedRow[] = [];
  const rejected: Rejection[] = [];
  const sort = (made: PreparedRow | Rejection) =>
    'code' in made ? rejected.push(made) : rows.push(made);
  for (const item of interactions) sort(prepareInteraction(key, item));
  for (const item of tombstones) sort(prepareTombstone(key, newId(), item));
  const preparedMs = performance.now() - begun;

  const session = { projectId, sessionId };
  if (rows.length === 0)
    return {
      sessionId,
      acknowledged: await acknowledgements.advance(session, []),
      stored: 0,
      repeated: 0,
      conflicting: [],
      rejected,
    };
  const { state, fresh } = await writer.write({ projectId, sessionId, key, rows, preparedMs });
  if (state === null) throw new SessionNotFoundError(sessionId);
  if (state !== 'ACTIVE' && state !== 'PAUSED') throw new SessionEndedError(state);
  if (state === 'PAUSED') await resumeIdleSession(app, sessionId);
  touchSession(app, sessionId);

  const outcome =
    fresh.length === rows.length
      ? { present: fresh, repeated: 0, conflicting: [], rejected: [] }
      : await compareWithStored(app, session, rows, fresh);
  const acknowledged = await acknowledgements.advance(session, outcome.present);
  const { repeated, conflicting } = outcome;
  const stored = fresh.length;
  rejected.push(...outcome.rejected);
  note('stored', stored);
  note('repeated', repeated);
  note('conflicting', conflicting.length);
  note('refused', rejected.length);
  return { sessionId, acknowledged, stored, repeated, conflicting, rejected };
}

type Outcome = Pick<IngestReceipt, 'repeated' | 'conflicting' | 'rejected'> & { present: number[] };

/** Tells repeats from other bodies under a used sequence. The first body stays. */
async function compareWithStored(
  app: App,
  { projectId, sessionId }: { projectId: string; sessionId: string },
  rows: PreparedRow[],
  fresh: number[],
): Promise<Outcome> {
  const there = await app.db.interaction.findMany({
    where: { projectId, sessionId, sequence: { in: rows.map(({ sequence }) => sequence) } },
    select: { sequence: true, bodyMac: true },
  });
  const macs = new Map(there.map(({ sequence, bodyMac }) => [sequence, bodyMac]));
  const unseen = new Set(fresh);
  const outcome: Outcome = {
    present: [...macs.keys()],
    repeated: 0,
    conflicting: [],
    rejected: [],
  };
  for (const { sequence, id, bodyMac } of rows) {
    const mac = macs.get(sequence);
    if (!mac)
      outcome.rejected.push({
        sequence,
        code: 'DUPLICATE_ID',
        message: `Expected an id of its own for interaction ${sequence}, ${id} is another one’s.`,
      });
    else if (!sameBytes(mac, bodyMac)) outcome.conflicting.push(sequence);
    else if (!unseen.delete(sequence)) outcome.repeated += 1;
  }
  for (const sequence of outcome.conflicting) {
    const disagreement = {
      projectId,
      type: 'CONFLICT',
      entityType: 'Interaction',
      entityId: `${sessionId}/${sequence}`,
      message:
        'Another body was sent under a sequence that is stored already; the first one stays.',
    } as const;
    await app.db.$transaction((tx) => openIssue(app, tx, disagreement));
  }
  return outcome;
}
