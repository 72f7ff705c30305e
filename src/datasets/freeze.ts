import { createHash } from 'node:crypto';
import type { Dataset, DatasetMember, Prisma } from '../generated/prisma/client.ts';
import { canonicalJson } from '../lib/canonical.ts';
import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import { changeDataset, lockDataset } from './datasets.ts';
import { MemberGoneError } from './errors.ts';
import { type DatasetIds, datasetFrozen } from './events.ts';
import { chosenBy, DatasetFilter, Splitting } from './filter.ts';
import { freezeSession } from './frozen.ts';
import { type Manifest, makeManifest } from './manifest.ts';
import { type Proof, proveDataset } from './proof.ts';
import { splitMembers } from './splits.ts';

const sessionsPerPage = 200;
const reportEveryMs = 250;
const copying = 0.5; // of the work, roughly; the proof is the rest

/**
 * Freezes a dataset: copies the sessions it chooses, divides them, proves its training file and writes
 * the manifest. An attempt that follows another goes on with what was copied.
 */
export async function runFreeze(app: App, ids: DatasetIds, job: JobRun): Promise<void> {
  const { datasetId } = ids;
  const dataset = await app.db.dataset.findUnique({
    where: { id: datasetId },
    include: { supersedes: true },
  });
  if (dataset?.state !== 'FREEZING') return app.db.$transaction((tx) => job.finish(tx)); // another attempt has done it
  const report = reporter(app, dataset);
  if (!dataset.supersedes) await takeMembers(app, dataset, job.signal, report);
  for (;;) {
    await leaveGone(app, datasetId);
    const taken = await app.db.datasetMember.findMany({
      where: { datasetId },
      orderBy: { sessionId: 'asc' },
    });
    const how = await divide(app, dataset, taken);
    const members = await leaveHeldOut(app, datasetId, taken);
    const total = members.reduce((sum, { examples }) => sum + examples, 0);
    const proof = await proveDataset(app, {
      datasetId,
      signal: job.signal,
      report: (lines) =>
        report(copying + (1 - copying) * (lines / total), `proved ${lines} of ${total} lines`),
    }).catch((error: unknown) => {
      if (error instanceof MemberGoneError) return null; // once more without it
      throw error;
    });
    if (proof && (await finish(app, dataset, members, { ...how, proof }, job))) return;
  }
}

/** The last attempt of a freeze has failed: the dataset says so, and how to go on. */
export async function failFreeze(
  app: App,
  { datasetId }: DatasetIds,
  reason: string,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const dataset = await lockDataset(tx, datasetId);
    if (dataset?.state !== 'FREEZING') return;
    const words = `Freezing failed: ${reason} Run it again with freezeDataset.`;
    await changeDataset(app, tx, dataset, { state: 'FAILED', reason: words });
  });
}

type Report = (progress: number, message: string) => Promise<void>;

async function takeMembers(
  app: App,
  dataset: Dataset,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  const { id: datasetId, projectId } = dataset;
  const where = chosenBy(projectId, DatasetFilter.parse(dataset.filter));
  const total = await app.db.session.count({ where });
  let [seen, last] = [0, ''];
  for (;;) {
    const page = await app.db.session.findMany({
      where: last ? { AND: [where, { id: { gt: last } }] } : where,
      orderBy: { id: 'asc' },
      take: sessionsPerPage,
      select: {
        id: true,
        site: true,
        source: true,
        consent: { select: { version: true } },
        label: true,
      },
    });
    const known = await app.db.datasetMember.findMany({
      where: { datasetId, sessionId: { in: page.map(({ id }) => id) } },
      select: { sessionId: true },
    });
    const taken = new Set(known.map(({ sessionId }) => sessionId));
    for (const { id: sessionId, site, source, consent, label } of page) {
      signal.throwIfAborted();
      seen++;
      if (taken.has(sessionId)) continue;
      const frozen = await freezeSession(app, { projectId, sessionId });
      if (frozen)
        await app.db.datasetMember.create({
          data: {
            datasetId,
            sessionId,
            projectId,
            frozenId: frozen.id,
            site,
            sites: frozen.sites,
            interactions: frozen.interactions,
            examples: frozen.examples,
            sha256: frozen.sha256,
            consentVersion: consent?.version ?? null,
            licence: label?.licence ?? null,
            source,
          },
          select: { sessionId: true },
        });
      await report((seen / total) * copying, `copied ${seen} of ${total} sessions`);
    }
    last = page.at(-1)?.id ?? '';
    if (page.length < sessionsPerPage) return;
  }
}

/** Lets go of members whose session was erased meanwhile. */
async function leaveGone({ db }: Pick<App, 'db'>, datasetId: string): Promise<void> {
  await db.$executeRaw`DELETE FROM "DatasetMember" m WHERE m."datasetId" = ${datasetId}::uuid
    AND NOT EXISTS (SELECT 1 FROM "SessionKey" k WHERE k."sessionId" = m."sessionId")`;
}

/** Models are judged by what was recorded alone: outcomes that would be held out are left out. */
async function leaveHeldOut(
  { db }: Pick<App, 'db'>,
  datasetId: string,
  members: DatasetMember[],
): Promise<DatasetMember[]> {
  const isHeldOut = ({ source, split }: DatasetMember) => source === 'OUTCOME' && split !== 'TRAIN';
  const left = members.filter(isHeldOut).map(({ sessionId }) => sessionId);
  if (left.length === 0) return members;
  await db.datasetMember.deleteMany({ where: { datasetId, sessionId: { in: left } } });
  return members.filter((member) => !isHeldOut(member));
}

type How = Pick<Manifest, 'splitBy' | 'splitReason'>;

/** Divides the members and says how. A version that follows another keeps what went where. */
async function divide(
  { db }: Pick<App, 'db'>,
  dataset: Dataset & { supersedes: Dataset | null },
  members: DatasetMember[],
): Promise<How> {
  if (dataset.supersedes) {
    const { splitBy } = dataset.supersedes.manifest as unknown as Manifest; // written by us
    const splitReason = `As in version ${dataset.supersedes.version}, so that what was held out stays held out.`;
    return { splitBy, splitReason };
  }
  const { by, of } = splitMembers(members, Splitting.parse(dataset.splitting));
  for (const member of members) member.split = of.get(member.sessionId) ?? 'TRAIN';
  await db.$executeRaw`UPDATE "DatasetMember" m SET "split" = v."split"::"Split"
    FROM unnest(${members.map((m) => m.sessionId)}::uuid[], ${members.map((m) => m.split)}::text[])
      AS v("sessionId", "split")
    WHERE m."datasetId" = ${dataset.id}::uuid AND m."sessionId" = v."sessionId" AND m."split"::text <> v."split"`;
  const splitReason =
    by === 'SITE'
      ? 'Whole sites: no site of one split is in another.'
      : 'By session: there are fewer than three groups of sites that share no session, so the same sites are in several splits.';
  return { splitBy: by, splitReason };
}

/** Stores the end; `false` when a session was erased meanwhile, so that all must be proved again. */
async function finish(
  app: App,
  dataset: Dataset & { supersedes: Dataset | null },
  members: DatasetMember[],
  { proof, ...how }: How & { proof: Proof },
  job: JobRun,
): Promise<boolean> {
  const { id, projectId, supersedes } = dataset;
  return app.db.$transaction(async (tx) => {
    // From here on, the job that follows an erasure waits, and withdraws what it finds frozen.
    const locked = await lockDataset(tx, id);
    if (locked?.state !== 'FREEZING') {
      await job.finish(tx);
      return true;
    }
    const [gone] = await tx.$queryRaw<{ sessionId: string }[]>`
      SELECT m."sessionId" FROM "DatasetMember" m LEFT JOIN "SessionKey" k USING ("sessionId")
      WHERE m."datasetId" = ${id}::uuid AND k."sessionId" IS NULL LIMIT 1`;
    if (gone) return false;
    const unfit = members.length === 0 ? nothingChosen(supersedes !== null) : proof.unfit;
    if (unfit) {
      const reason = `It is not fit to train on, so it was not frozen. ${unfit}`;
      await changeDataset(app, tx, locked, { state: 'FAILED', reason, message: null });
      await job.finish(tx);
      return true;
    }
    const [copies] = await tx.$queryRaw<{ images: number; leftOut: number }[]>`
      SELECT coalesce(sum(f."images"), 0)::int AS "images", coalesce(sum(f."leftOut"), 0)::int AS "leftOut"
      FROM "DatasetMember" m JOIN "FrozenSession" f ON f."id" = m."frozenId"
      WHERE m."datasetId" = ${id}::uuid`;
    const manifest = makeManifest(dataset, members, {
      ...how,
      proof,
      supersedes: supersedes?.id ?? null,
      images: copies?.images ?? 0,
      leftOut: copies?.leftOut ?? 0,
    });
    const { sessions, interactions, examples } = manifest;
    await changeDataset(app, tx, locked, {
      state: 'FROZEN',
      manifest: manifest as Prisma.InputJsonObject,
      sha256: createHash('sha256').update(canonicalJson(manifest)).digest(),
      sessions,
      interactions,
      examples,
      progress: 1,
      message: `${examples} example${examples === 1 ? '' : 's'} of ${sessions} session${sessions === 1 ? '' : 's'}, no leak found`,
      frozenAt: new Date(),
    });
    await app.queue.emit(tx, datasetFrozen, { projectId, datasetId: id });
    await job.finish(tx);
    return true;
  });
}

function nothingChosen(isSuccessor: boolean): string {
  return isSuccessor
    ? 'Every session of it was erased.'
    : 'Expected a READY session with an example that fits its filter, found none. `datasetPreview` shows what a filter chooses.';
}

function reporter(app: Pick<App, 'db' | 'pubsub'>, { id, projectId }: Dataset): Report {
  let last = 0;
  return async (progress, message) => {
    const now = performance.now();
    if (now - last < reportEveryMs) return;
    last = now;
    await app.db.$transaction(async (tx) => {
      const where = { id, state: 'FREEZING' as const };
      const { count } = await tx.dataset.updateMany({ where, data: { progress, message } });
      if (count > 0) await app.pubsub.notify(tx, { topic: 'dataset', projectId, subjectId: id });
    });
  };
}
