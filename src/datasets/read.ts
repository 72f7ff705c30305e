import type { Split } from '../generated/prisma/enums.ts';
import type { App } from '../platform/app.ts';
import type { DataKey } from '../platform/keys.ts';
import { openSession } from '../sessions/session-keys.ts';
import { DatasetNotFoundError, DatasetStateError, MemberGoneError } from './errors.ts';
import type { Example } from './example.ts';
import { openHead, openPart } from './frozen.ts';
import type { Picture, SessionHead, SessionStep } from './session-steps.ts';

/** One example of a frozen dataset. */
export type DatasetExample = {
  /** Id of the interaction it was made from: the same in every version. */
  exampleId: string;
  sessionId: string;
  sequence: number;
  /** Site of the page. */
  site: string;
  split: Split;
  example: Example;
  /** Recorded selectors of the target. Never a part of a prompt. */
  selectors: NonNullable<SessionStep['selectors']>;
  /** From strictly before the action; `null` where there is none. */
  picture: Picture | null;
  /** Opens the picture. */
  key: DataKey;
};

/** A session of a dataset, its steps still sealed. */
export type DatasetSession = {
  head: SessionHead;
  split: Split;
  consentVersion: string | null;
  licence: string | null;
  /** Opens what the session holds besides: pages and pictures. */
  key: DataKey;
  /** By sequence; can be read once, before the next session. */
  steps: AsyncIterable<SessionStep>;
};

type Row = {
  sessionId: string;
  split: Split;
  consentVersion: string | null;
  licence: string | null;
  frozenId: string;
  /** `null` for what was erased, as the three after it. */
  head: Buffer | null;
  generation: string | null;
  wrapped: Buffer | null;
  part: number;
  sealed: Buffer;
};

type Needs = Pick<App, 'db' | 'sql' | 'keys'>;

/** Parts in memory at once: of 64 steps each. */
const partsPerPage = 8;

/**
 * Reads the examples of a frozen dataset in a fixed order: by session id, then by sequence. Holds some
 * hundred steps at most.
 *
 * @throws {DatasetNotFoundError} @throws {DatasetStateError} it is not FROZEN
 * @throws {MemberGoneError} a session was erased while it was read
 */
export async function* readDataset(
  app: Needs,
  { projectId, datasetId, split }: { projectId: string; datasetId: string; split?: Split },
): AsyncGenerator<DatasetExample> {
  await requireFrozen(app, { projectId, datasetId });
  for await (const session of readSessions(app, {
    datasetId,
    ...(split ? { splits: [split] } : {}),
  }))
    yield* examplesOf(session);
}

/** The examples of one session of a dataset. */
export async function* examplesOf({
  head: { sessionId },
  split,
  key,
  steps,
}: DatasetSession): AsyncGenerator<DatasetExample> {
  for await (const { interactionId, sequence, site, example, selectors, picture } of steps)
    if (example)
      yield {
        exampleId: interactionId,
        sessionId,
        sequence,
        site,
        split,
        example,
        selectors: selectors ?? [],
        picture,
        key,
      };
}

/**
 * One frozen example; `null` where the dataset has none of this step, or its session was erased.
 *
 * @throws {DatasetNotFoundError} @throws {DatasetStateError} it is not FROZEN
 */
export async function readExample(
  app: Needs,
  { sessionId, sequence, ...ids }: { projectId: string; datasetId: string } & ExampleIds,
): Promise<Example | null> {
  await requireFrozen(app, ids);
  const where = { datasetId_sessionId: { datasetId: ids.datasetId, sessionId } };
  const member = await app.db.datasetMember.findUnique({ where, select: { frozenId: true } });
  const access = member && (await openSession(app, sessionId));
  if (!member || !access) return null;
  const part = await app.db.frozenPart.findFirst({
    where: { frozenId: member.frozenId, firstSequence: { lte: sequence } },
    orderBy: { part: 'desc' },
  });
  const steps = part ? openPart(access.key, part) : [];
  return steps.find((step) => step.sequence === sequence)?.example ?? null;
}

type ExampleIds = { sessionId: string; sequence: number };

/** @throws {DatasetNotFoundError} @throws {DatasetStateError} it is not FROZEN */
export async function requireFrozen(
  { db }: Pick<App, 'db'>,
  { projectId, datasetId }: { projectId: string; datasetId: string },
): Promise<void> {
  const dataset = await db.dataset.findFirst({
    where: { id: datasetId, projectId },
    select: { state: true, reason: true },
  });
  if (!dataset) throw new DatasetNotFoundError(datasetId);
  if (dataset.state !== 'FROZEN')
    throw new DatasetStateError(dataset.state, 'FROZEN', dataset.reason);
}

/**
 * Reads the sessions of a dataset in any state by session id, each with its steps.
 *
 * @param after session from which to go on, itself left out
 * @throws {MemberGoneError}
 */
export async function* readSessions(
  app: Needs,
  {
    datasetId,
    splits = [],
    after = null,
  }: { datasetId: string; splits?: readonly Split[]; after?: string | null },
): AsyncGenerator<DatasetSession> {
  const rows = readParts(app, datasetId, splits, after);
  let next = await rows.next();
  while (!next.done) {
    const first: Row = next.value;
    const { sessionId, split, consentVersion, licence } = first;
    if (!first.wrapped || first.generation === null || !first.head)
      throw new MemberGoneError(sessionId);
    const key = app.keys.open(sessionId, { generation: first.generation, wrapped: first.wrapped });
    let isRead = false;
    const steps = async function* (): AsyncGenerator<SessionStep> {
      for (let row: Row | null = first; row; ) {
        yield* openPart(key, row);
        next = await rows.next();
        row = !next.done && next.value.sessionId === sessionId ? next.value : null;
      }
      isRead = true;
    };
    const reading = steps();
    const head = openHead(key, { id: first.frozenId, sealed: first.head });
    yield { head, split, consentVersion, licence, key, steps: reading };
    // Whoever did not read to the end goes on with the next session.
    if (!isRead) {
      await reading.return(undefined);
      while (!next.done && next.value.sessionId === sessionId) next = await rows.next();
    }
  }
}

/** Reads a page of parts while the one before is worked on. */
async function* readParts(
  { sql }: Pick<App, 'sql'>,
  datasetId: string,
  splits: readonly Split[],
  after: string | null,
): AsyncGenerator<Row, undefined> {
  const read = async (sessionId: string, part: number): Promise<Row[]> => {
    const { rows } = await sql.query<Row>({
      name: 'dataset-parts',
      text: `SELECT m."sessionId", m."split"::text AS "split", m."consentVersion", m."licence", m."frozenId",
               f."sealed" AS "head", k."generation", k."wrapped", p."part", p."sealed"
             FROM "DatasetMember" m
             LEFT JOIN "FrozenSession" f ON f."id" = m."frozenId"
             LEFT JOIN "FrozenPart" p ON p."frozenId" = m."frozenId"
             LEFT JOIN "SessionKey" k ON k."sessionId" = m."sessionId"
             WHERE m."datasetId" = $1 AND m."sessionId" >= $2 AND (m."sessionId" > $2 OR p."part" > $3)
               AND (cardinality($4::"Split"[]) = 0 OR m."split" = ANY($4::"Split"[]))
             ORDER BY m."sessionId", p."part" LIMIT ${partsPerPage}`,
      values: [datasetId, sessionId, part, splits],
    });
    return rows;
  };
  let reading = read(after ?? '00000000-0000-0000-0000-000000000000', 2 ** 31 - 1);
  try {
    for (;;) {
      const rows = await reading;
      const end = rows.at(-1);
      const isLast = !end || rows.length < partsPerPage;
      if (!isLast) {
        reading = read(end.sessionId, end.part);
        reading.catch(() => undefined); // told when it is waited for
      }
      yield* rows;
      if (isLast) return;
    }
  } finally {
    await Promise.allSettled([reading]);
  }
}
